"""Processes that are told to leave (SIGTERM) leave in time, and nobody who is served by them notices."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from arumaldo.demo.child import Child

from .beside import Asking, held, person, web, worker
from .platform import Platform, eventually, running

pytestmark = pytest.mark.slow

LEAVES_WITHIN = 10.0
DELIVERY = "SELECT state, holder, attempt, deaths, waits_for FROM deliveries WHERE id = %s"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform without workers: each test starts its own."""
    with running(tmp_path_factory.mktemp("leaving"), workers=0) as up:
        yield up


@pytest.fixture(autouse=True)
def close_browsers_of_the_hub(hub: Platform) -> Iterator[None]:
    yield
    hub.people.close()


def tell_to_leave(child: Child) -> None:
    assert child.pid is not None
    os.kill(child.pid, signal.SIGTERM)


def leaves(child: Child, within: float) -> int:
    """Its exit code."""
    assert child._process is not None
    try:
        child._process.wait(within)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{child.command.name} is still there after {within:g} seconds. It said:\n{child.said()}")
    assert child.exit_code is not None
    return child.exit_code


@contextmanager
def locked(platform: Platform, table: str) -> Iterator[None]:
    """Whoever reads this table waits until the end of the `with`."""
    with psycopg.connect(platform.tree.postgres.owner_url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def waits_for_a_lock(platform: Platform) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type = 'Lock'"
    return bool(platform.rows(query))


@contextmanager
def hanging_database(platform: Platform) -> Iterator[None]:
    """PostgreSQL neither answers nor hangs up."""
    backends = platform.rows("SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()")
    processes = [platform.pid("postgres"), *(int(pid) for (pid,) in backends)]
    for number in processes:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in processes:
            os.kill(number, signal.SIGCONT)


def test_a_web_process_ends_its_streams_first_and_finishes_the_pages_that_run(hub: Platform) -> None:
    with web(hub, "web-finishes") as (process, here):
        anna = person(here)
        stream = Asking(anna.browser, "/events")
        eventually(lambda: "retry: 1000" in stream.lines)
        with locked(here, "orders"):
            page = Asking(anna.browser, "/dashboard")
            eventually(lambda: waits_for_a_lock(here))
            tell_to_leave(process)
            eventually(lambda: stream.ended, LEAVES_WITHIN)
            assert not page.ended
            assert process.running
        leaves(process, LEAVES_WITHIN)
        eventually(lambda: page.ended)
    assert stream.whole
    assert (page.status, page.whole) == (200, True)
    assert "</html>" in "".join(page.lines)


def test_a_web_process_leaves_in_time_although_a_page_and_the_database_hang(hub: Platform) -> None:
    with web(hub, "web-hangs") as (process, here):
        anna = person(here)
        stream = Asking(anna.browser, "/events")
        eventually(lambda: "retry: 1000" in stream.lines)
        with locked(here, "orders"):
            page = Asking(anna.browser, "/dashboard")
            eventually(lambda: waits_for_a_lock(here))
            with hanging_database(here):
                tell_to_leave(process)
                leaves(process, LEAVES_WITHIN)
                eventually(lambda: page.ended)
                assert stream.whole
                assert (page.status, page.retry_after) == (503, "1")


def holds(hub: Platform, process: Child, delivery: int) -> None:
    """Wait until the worker holds this step."""
    eventually(lambda: delivery in [number for number, _ in held(hub, process)] or not process.running)
    assert process.running, process.said()


def stands(hub: Platform, delivery: int) -> dict[str, Any]:
    names = ("state", "holder", "attempt", "deaths", "why")
    return dict(zip(names, hub.rows(DELIVERY, delivery)[0], strict=True))


def newest(hub: Platform, message: str) -> int:
    query = "SELECT max(d.id) FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.type = %s"
    return int(hub.rows(query, message)[0][0])


def test_a_worker_finishes_the_step_it_holds_and_takes_no_other(hub: Platform) -> None:
    with worker(hub, "worker-finishes") as process:
        anna, bert = person(hub), person(hub)
        with hub.frozen("sandbox"):
            anna.answer_questions()
            hers = newest(hub, "PreviewAsked")
            holds(hub, process, hers)
            tell_to_leave(process)
            eventually(lambda: "leaves" in process.said())
            bert.answer_questions()
            his = newest(hub, "PreviewAsked")
            assert his != hers
        assert leaves(process, 60) == 0
    assert stands(hub, hers)["state"] == "done"
    assert (stands(hub, his)["state"], stands(hub, his)["attempt"], stands(hub, his)["holder"]) == ("waiting", 0, None)
    with worker(hub, "worker-next"):
        bert.approve()
        anna.approve()


def test_a_worker_leaves_although_the_database_hangs(hub: Platform) -> None:
    with worker(hub, "worker-hung-database") as process, hanging_database(hub):
        tell_to_leave(process)
        leaves(process, LEAVES_WITHIN)


def runs_alone(hub: Platform) -> int:
    """A step that three workers seem to have died of, so that the next one runs it in a process of its own."""
    anna = person(hub)
    anna.answer_questions()
    delivery = newest(hub, "PreviewAsked")
    with psycopg.connect(hub.tree.postgres.owner_url) as connection:
        connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
        connection.execute("UPDATE deliveries SET deaths = 3 WHERE id = %s", (delivery,))
        others = "UPDATE deliveries SET due_at = hub_now() + interval '30 s' WHERE state = 'waiting' AND handler <> %s"
        connection.execute(others, ("make_the_preview",))  # mail and contact would keep the worker busy, too
    return delivery


def is_handed_back_without_blame(hub: Platform, delivery: int) -> None:
    stand = stands(hub, delivery)
    assert (stand["state"], stand["holder"], stand["attempt"], stand["deaths"]) == ("waiting", None, 0, 3)


def is_taken_up_again(hub: Platform, delivery: int) -> None:
    with worker(hub, "worker-after"):
        eventually(lambda: not hub.rows("SELECT 1 FROM deliveries WHERE state = 'waiting'"))
    assert (stands(hub, delivery)["state"], stands(hub, delivery)["deaths"]) == ("done", 3)


def test_a_step_that_runs_in_a_process_of_its_own_is_not_blamed_when_the_service_is_stopped(hub: Platform) -> None:
    delivery = runs_alone(hub)
    with hub.frozen("sandbox"), worker(hub, "worker-alone") as process:
        holds(hub, process, delivery)
        alone = alone_in(process)
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGTERM)  # as a service manager does
        assert leaves(process, LEAVES_WITHIN) == 0
        is_handed_back_without_blame(hub, delivery)
        eventually(lambda: not any(is_alive(number) for number in alone))
    is_taken_up_again(hub, delivery)


def test_a_worker_hands_back_at_once_what_it_cannot_finish_in_time(hub: Platform) -> None:
    seemingly_deadly, anna = runs_alone(hub), person(hub)
    anna.answer_questions()
    hers = newest(hub, "PreviewAsked")
    with hub.frozen("sandbox"), worker(hub, "worker-hands-back") as process:
        eventually(lambda: {number for number, _ in held(hub, process)} >= {seemingly_deadly, hers})
        alone = alone_in(process)
        tell_to_leave(process)
        assert leaves(process, 60) == 0
        assert stands(hub, hers) == {
            "state": "waiting", "holder": None, "attempt": 0, "deaths": 0,
            "why": "its worker was told to leave before it was done",
        }  # fmt: skip
        is_handed_back_without_blame(hub, seemingly_deadly)
        eventually(lambda: not any(is_alive(number) for number in alone))
        assert hub.rows("SELECT 1 FROM workers WHERE pid = %s", process.pid) == []
    is_taken_up_again(hub, seemingly_deadly)
    assert (stands(hub, hers)["state"], stands(hub, hers)["deaths"]) == ("done", 0)


def descendants(process: Child) -> list[int]:
    """All that it, and what it started, has started. The system lists them by the thread that started them."""
    found: list[int] = []
    unasked = [process.pid]
    while unasked:
        for children in Path(f"/proc/{unasked.pop()}/task").glob("*/children"):
            with suppress(OSError):  # it has ended meanwhile
                numbers = [int(number) for number in children.read_text(encoding="ascii").split()]
                found += numbers
                unasked += numbers
    return found


def alone_in(process: Child) -> list[int]:
    """The processes in which a worker's step runs alone: the one that is forked, the one that watches, the step."""
    found: list[int] = eventually(lambda: those if len(those := descendants(process)) > 2 else [])
    return found


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
