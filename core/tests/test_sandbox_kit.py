"""The kit keeps its promises over real HTTP, shown with a vendor of this file's own."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo import OutcomeUnknown, ProviderError, Unavailable, deadline
from arumaldo.http import Door
from arumaldo.sandbox import Entry, Fault, Sandbox, create_app
from arumaldo.sandbox.local import LocalServer, in_memory

HOUR = 3600.0
ANSWERS_AT_ONCE = ["status", "cut", "html", "malformed"]


class Acme(Sandbox):
    """Makes things of what it is sent, and hosts one page for each."""

    name = "acme"
    kinds = ("things",)

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/v1/things", self._make, methods=["POST"]),
                Route("/v1/things", self._list, methods=["GET"]),
                Route("/v1/size", self._size, methods=["POST"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {"things": [Entry(id=thing["id"], reference=thing["reference"]) for thing in self.shelf.all("things")]}

    async def _make(self, request: Request) -> Response:
        sent = await request.json()
        return await run_in_threadpool(self._keep, sent["reference"])

    def _keep(self, reference: str) -> Response:
        key = str(self.shelf.next_number("things"))
        self.shelf.put("things", key, {"id": key, "reference": reference}, self.now())
        return JSONResponse({"id": key}, 201)

    def _list(self, request: Request) -> Response:
        return JSONResponse(self.shelf.all("things", self.searchable_until()))

    async def _size(self, request: Request) -> Response:
        return JSONResponse({"bytes": len(await request.body()), "root": request.scope["root_path"]})


class Bolt(Acme):
    name = "bolt"


@dataclass
class World:
    """Two vendors on one port, and a client that knows their address; in memory, without faults that need a wire."""

    acme: Acme
    bolt: Bolt
    http: httpx2.Client

    def make(self, reference: str = "order-1") -> httpx2.Response:
        return self.http.post("/acme/v1/things", json={"reference": reference})

    def order(self, **fault: Any) -> None:
        self.http.post("/_control/acme/faults", json=fault).raise_for_status()

    def made(self) -> list[str]:
        things = self.http.get("/_control/acme/ledger").raise_for_status().json()["things"]
        return [thing["reference"] for thing in things]


@dataclass
class Wire(World):
    """The same over real HTTP."""

    server: LocalServer


@pytest.fixture
def world() -> Iterator[Wire]:
    with LocalServer() as server, httpx2.Client(base_url=server.address, timeout=10) as http:
        acme, bolt = Acme(f"{server.address}/acme"), Bolt(f"{server.address}/bolt")
        server.serve(create_app([acme, bolt]))
        yield Wire(acme, bolt, http, server)


@pytest.fixture
def near() -> Iterator[World]:
    acme, bolt = Acme("http://localhost/acme"), Bolt("http://localhost/bolt")
    with httpx2.Client(transport=in_memory(create_app([acme, bolt])), base_url="http://localhost") as http:
        yield World(acme, bolt, http)


def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, at most ten seconds."""
    ends_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends_at, "it did not come true within ten seconds"
        time.sleep(0.01)


def meet(world: World, answer: str) -> None:
    """Make one thing and see that the answer is the faulty one."""
    if answer == "cut":
        with pytest.raises(httpx2.RemoteProtocolError):
            world.make()
        return
    reply = world.make()
    if answer == "status":
        assert (reply.status_code, reply.json()) == (503, {"message": "Service Unavailable"})
    elif answer == "html":
        assert (reply.status_code, reply.headers["content-type"]) == (503, "text/html; charset=utf-8")
    else:
        assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
        with pytest.raises(ValueError, match="Expecting value"):
            reply.json()


# What a fault does to the books and to the caller


def test_without_an_order_every_vendor_on_the_port_answers_for_itself(world: Wire) -> None:
    assert world.make("a").status_code == 201
    assert world.http.post("/bolt/v1/things", json={"reference": "b"}).json() == {"id": "1"}
    assert [entry.reference for entry in world.acme.ledger()["things"]] == ["a"]
    assert [entry.reference for entry in world.bolt.ledger()["things"]] == ["b"]


def test_a_large_request_reaches_the_vendor_whole_below_its_own_path(world: Wire) -> None:
    reply = world.http.post("/acme/v1/size", content=b"x" * 3_000_000)
    assert reply.json() == {"bytes": 3_000_000, "root": "/acme"}


@pytest.mark.parametrize("answer", ANSWERS_AT_ONCE)
def test_a_fault_before_the_effect_leaves_the_books_empty(world: Wire, answer: str) -> None:
    world.order(answer=answer, effect="before")
    meet(world, answer)
    assert world.made() == []
    assert world.make("next").status_code == 201


@pytest.mark.parametrize("answer", ANSWERS_AT_ONCE)
def test_a_fault_after_the_effect_takes_only_the_answer(world: Wire, answer: str) -> None:
    world.order(answer=answer, effect="after")
    meet(world, answer)
    assert world.made() == ["order-1"]


@pytest.mark.parametrize("answer", ANSWERS_AT_ONCE)
def test_a_late_effect_comes_when_the_vendors_clock_says_so_and_only_once(world: Wire, answer: str) -> None:
    world.order(answer=answer, effect="late", seconds=HOUR)
    meet(world, answer)
    assert world.made() == []
    world.http.post("/_control/acme/clock", json={"seconds": HOUR + 1})
    until(lambda: world.made() == ["order-1"])
    world.make("order-2")
    assert world.made() == ["order-1", "order-2"]


def test_a_late_effect_comes_by_itself_after_its_seconds(world: Wire) -> None:
    world.order(answer="cut", effect="late", seconds=0.2)
    meet(world, "cut")
    until(lambda: world.made() == ["order-1"])


def test_a_late_effect_outlives_a_caller_that_gave_up_waiting(world: Wire) -> None:
    world.order(answer="hang", effect="late", seconds=HOUR)
    with pytest.raises(httpx2.ReadTimeout):
        world.http.post("/acme/v1/things", json={"reference": "order-1"}, timeout=0.3)
    assert world.made() == []
    world.acme.shift = HOUR
    until(lambda: world.made() == ["order-1"])


def test_what_is_still_late_is_booked_when_the_server_ends(world: Wire) -> None:
    world.order(answer="cut", effect="late", seconds=HOUR)
    meet(world, "cut")
    assert world.acme.ledger()["things"] == []
    world.server.close()
    assert [entry.reference for entry in world.acme.ledger()["things"]] == ["order-1"]


@pytest.mark.parametrize(("effect", "made"), [("before", []), ("after", ["order-1"])])
def test_a_vendor_that_hangs_answers_nothing(world: Wire, effect: str, made: list[str]) -> None:
    world.order(answer="hang", effect=effect)
    with pytest.raises(httpx2.ReadTimeout):
        world.http.post("/acme/v1/things", json={"reference": "order-1"}, timeout=0.5)
    assert world.made() == made


def test_a_slow_answer_is_the_true_one(world: Wire) -> None:
    world.order(answer="delay", seconds=0.2)
    assert world.make().json() == {"id": "1"}


def test_a_slow_vendor_has_booked_before_its_caller_gives_up(world: Wire) -> None:
    world.order(answer="delay", seconds=HOUR)
    with pytest.raises(httpx2.ReadTimeout):
        world.http.post("/acme/v1/things", json={"reference": "order-1"}, timeout=0.5)
    assert world.made() == ["order-1"]


def test_a_dripping_answer_never_becomes_whole_within_a_deadline(world: Wire) -> None:
    world.order(answer="drip", effect="after")
    with pytest.raises(OutcomeUnknown, match="in time"), deadline(1.5):
        Door("acme", world.http).send("POST", "/acme/v1/things", json={"reference": "order-1"}, repeatable=False)
    assert world.made() == ["order-1"]


def test_a_dripping_answer_promises_more_than_a_caller_waits_for(world: Wire) -> None:
    world.order(answer="drip", effect="before")
    with world.http.stream("POST", "/acme/v1/things", json={"reference": "order-1"}) as reply:
        assert len(next(reply.iter_raw())) == 1
        assert int(reply.headers["content-length"]) > 60
    assert world.made() == []


@pytest.mark.parametrize("answer", ["cut", "malformed", "html"])
@pytest.mark.parametrize(("repeatable", "error"), [(True, Unavailable), (False, OutcomeUnknown)])
def test_a_plugin_learns_from_a_broken_answer_what_to_do_next(
    world: Wire, answer: str, repeatable: bool, error: type[ProviderError]
) -> None:
    world.order(answer=answer)
    with pytest.raises(error):
        Door("acme", world.http).send(
            "POST", "/acme/v1/things", json={"reference": "order-1"}, repeatable=repeatable
        ).json()


def test_faults_are_no_noise_in_the_servers_log(world: Wire, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for answer in ("cut", "hang", "drip", "delay"):
            world.order(answer=answer, seconds=HOUR)
            with (
                pytest.raises(httpx2.TransportError),
                world.http.stream("POST", "/acme/v1/things", json={"reference": "x"}, timeout=0.3) as reply,
            ):
                reply.read()
        world.server.close()
    assert [record.getMessage() for record in caplog.records] == []


def test_a_vendor_that_breaks_by_itself_is_in_the_log(world: Wire, caplog: pytest.LogCaptureFixture) -> None:
    world.order(answer="cut", effect="before")
    meet(world, "cut")
    assert world.http.post("/acme/v1/things", json={"no": "reference"}).status_code == 500
    until(lambda: "KeyError: 'reference'" in caplog.text)


def test_a_request_that_is_never_finished_reaches_nobody(world: Wire) -> None:
    with socket.create_connection(("127.0.0.1", world.server.port)) as wire:
        head = "POST /acme/v1/things HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n"
        wire.sendall(head.encode() + b'{"reference": "half"}')
    world.server.close()
    assert world.acme.ledger()["things"] == []


@pytest.mark.parametrize("answer", ["hang", "delay"])
def test_a_local_server_ends_also_while_a_caller_hangs(
    world: Wire, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.order(answer=answer, seconds=HOUR)
    caller = threading.Thread(target=_give_up, args=(world,))
    caller.start()
    until(lambda: world.acme.faults.hits != {})
    world.server.close()
    caller.join(10)
    assert not caller.is_alive()
    assert "Exception" not in caplog.text


def _give_up(world: Wire) -> None:
    with contextlib.suppress(httpx2.HTTPError):
        world.make()


# Which requests a fault hits


def test_an_order_names_the_requests_by_method_path_and_body(near: World) -> None:
    near.order(match=r"^POST /v1/things\n.*order-7", times=None, name="seventh")
    assert near.make("order-1").status_code == 201
    assert near.make("order-7").status_code == 503
    assert near.http.get("/acme/v1/things").status_code == 200
    assert near.http.post("/bolt/v1/things", json={"reference": "order-7"}).status_code == 201
    assert near.acme.faults.hits == {"seventh": 1}


def test_an_order_ends_after_its_number_of_hits(near: World) -> None:
    near.order(times=2, status=500)
    assert [near.make().status_code for _ in range(3)] == [500, 500, 201]
    assert near.acme.faults.in_force() == []


def test_a_share_hits_about_that_part_and_the_same_ones_again() -> None:
    def drawn() -> list[bool]:
        sandbox = Acme("http://localhost")
        sandbox.faults.order(Fault(times=None, share=0.2, seed=7))
        return [sandbox.faults.take("POST", "/v1/things", b"") is not None for _ in range(500)]

    assert 60 < sum(drawn()) < 140
    assert drawn() == drawn()


def test_orders_take_their_turn_in_the_order_they_were_given(near: World) -> None:
    near.order(status=500)
    near.order(status=429, retry_after=2.5)
    replies = [near.make() for _ in range(3)]
    assert [reply.status_code for reply in replies] == [500, 429, 201]
    assert replies[1].headers["retry-after"] == "2.5"
