"""A worker process that has ended is seen by those beside it, before its heartbeat grows old."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from arumaldo.bus import deliveries, neighbours
from arumaldo.bus.run import Runner
from arumaldo.bus.work import Work

from .conftest import Bus, ThingOrdered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells one set of processes from another")


def step(message: ThingOrdered, work: Work) -> None:
    raise AssertionError("nobody runs it here")


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Stands for a worker's process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        yield started
        started.kill()


@pytest.fixture
def worker(bus: Bus, process: subprocess.Popen[bytes]) -> Runner:
    """A worker in a process of its own, with one delivery in its hands."""
    bus.handle(step)
    worker = bus.runner()
    sits_in(bus, worker, pid=process.pid)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    assert deliveries.claim(bus.store, delivery, worker.worker, 1) is not None
    return worker


def sits_in(bus: Bus, worker: Runner, **where: object) -> None:
    for column, value in where.items():
        with bus.store.hub() as session:
            session.execute(
                text(f"UPDATE workers SET {column} = :value WHERE id = :id"),
                {"value": value, "id": worker.worker},
            )


def taken_up(bus: Bus) -> int:
    return len(deliveries.release_abandoned(bus.store, neighbours.gone(bus.store)))


def test_what_a_killed_worker_of_this_machine_held_is_taken_up_at_once(
    bus: Bus, worker: Runner, process: subprocess.Popen[bytes]
) -> None:
    assert taken_up(bus) == 0, "it is alive"
    process.kill()
    process.wait()
    assert neighbours.gone(bus.store) == [worker.worker]
    assert taken_up(bus) == 1


def test_a_killed_worker_whose_parent_has_not_noticed_yet_is_gone_as_well(
    bus: Bus, worker: Runner, process: subprocess.Popen[bytes]
) -> None:
    process.kill()
    while not neighbours.gone(bus.store):
        pass  # the kill is on its way
    assert process.returncode is None
    assert neighbours.gone(bus.store) == [worker.worker]


def test_a_worker_in_another_place_is_judged_by_its_heartbeat_alone(bus: Bus, worker: Runner) -> None:
    sits_in(bus, worker, host="another machine, or another container on this one", pid=2**22 + 1)
    assert taken_up(bus) == 0
    bus.bury(worker)
    assert taken_up(bus) == 1


@pytest.mark.parametrize("change", ["deaths = 1", "lane = 'events'"])
def test_what_may_have_killed_its_worker_does_not_meet_the_next_one_at_once(
    bus: Bus, worker: Runner, process: subprocess.Popen[bytes], change: str
) -> None:
    with bus.store.hub() as session:
        session.execute(text(f"UPDATE deliveries SET {change}"))
    process.kill()
    process.wait()
    assert taken_up(bus) == 0
    bus.bury(worker)
    assert bus.one("SELECT count(*) AS n FROM deliveries WHERE holder IS NOT NULL").n == 1
    taken_up(bus)
    assert bus.one("SELECT count(*) AS n FROM deliveries WHERE holder IS NOT NULL").n == 0
