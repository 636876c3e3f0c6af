"""Where a sandbox keeps its objects, and where tests meet it."""

from __future__ import annotations

import gzip
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from arumaldo.sandbox import Shelf
from arumaldo.sandbox.local import LocalServer, in_memory


def test_what_was_put_survives_the_death_of_its_process(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from arumaldo.sandbox import Shelf
        shelf = Shelf(Path(sys.argv[1]))
        shelf.put("things", str(shelf.next_number("things")), {"name": "kept"}, 5.0)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    path = tmp_path / "acme.sqlite"
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(path)], check=False, timeout=60)
    assert ended.returncode == -9
    shelf = Shelf(path)
    assert shelf.get("things", "1") == {"name": "kept"}
    assert shelf.next_number("things") == 2
    shelf.close()


def test_two_shelves_on_one_file_see_the_same(tmp_path: Path) -> None:
    first, second = Shelf(tmp_path / "acme.sqlite"), Shelf(tmp_path / "acme.sqlite")
    first.put("things", "1", {"name": "a"}, 5.0)
    assert second.all("things") == [{"name": "a"}]
    first.close()
    second.close()


def test_a_second_put_replaces_the_object_but_not_its_age_or_place() -> None:
    shelf = Shelf()
    shelf.put("things", "1", {"name": "old"}, 5.0)
    shelf.put("things", "2", {"name": "b"}, 6.0)
    shelf.put("things", "1", {"name": "new"}, 9.0)
    assert shelf.all("things") == [{"name": "new"}, {"name": "b"}]
    assert shelf.all("things", until=5.0) == [{"name": "new"}]


def test_what_was_removed_is_gone_once() -> None:
    shelf = Shelf()
    shelf.put("things", "1", {}, 5.0)
    assert shelf.remove("things", "1")
    assert not shelf.remove("things", "1")
    assert shelf.get("things", "1") is None


def test_a_number_is_given_once_also_to_many_threads_and_after_clearing() -> None:
    shelf, given = Shelf(), list[int]()
    threads = [
        threading.Thread(target=lambda: given.extend([shelf.next_number("things") for _ in range(50)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 201))
    shelf.put("things", "1", {}, 5.0)
    shelf.clear()
    assert shelf.all("things") == []
    assert shelf.next_number("things") == 201


def test_a_shelf_can_be_closed_twice_and_keeps_what_was_put(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.sqlite")
    shelf.put("things", "1", {"name": "bread"}, 5.0)
    shelf.close()
    shelf.close()
    again = Shelf(tmp_path / "shelf.sqlite")
    assert again.all("things") == [{"name": "bread"}]
    again.close()


# The server of tests


def test_a_local_server_leaves_no_thread_and_no_port_behind() -> None:
    before = set(threading.enumerate())
    with LocalServer(PlainTextResponse("here")) as server:
        assert httpx2.get(server.address).text == "here"
        with pytest.raises(RuntimeError, match="already serves"):
            server.serve(PlainTextResponse("there"))
    server.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.address)


def test_an_application_that_does_not_start_is_told_at_once() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(RuntimeError, match="does not start"), LocalServer(broken):
        pass


def test_the_true_answers_of_a_sandbox_are_to_be_had_in_memory() -> None:
    async def echo(request: Request) -> Response:
        said = gzip.compress(await request.body())
        return Response(said, 201, headers={"content-encoding": "gzip", "x-host": request.url.netloc})

    app = Starlette(routes=[Route("/echo", echo, methods=["POST"])])
    with httpx2.Client(transport=in_memory(app), base_url="http://acme") as http:
        reply = http.post("/echo", json={"name": "a"})
    assert (reply.status_code, reply.json(), reply.headers["x-host"]) == (201, {"name": "a"}, "acme")
