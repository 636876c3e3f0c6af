"""A worker works with Redis, without it, and while it hangs; a vendor that hangs fills its own lane and no other."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
import redis
from sqlalchemy import text

from arumaldo import hookimpl
from arumaldo.bus import deliveries
from arumaldo.bus.bell import QUEUE, Bell
from arumaldo.bus.handlers import LANES
from arumaldo.bus.work import Work
from arumaldo.bus.worker import WorkerProcess
from arumaldo.capabilities.events import Event
from arumaldo.demo.embedded import Valkey
from arumaldo.store.scope import Store

from .conftest import Bus, ThingMade, ThingOrdered

NOWHERE = "redis://127.0.0.1:1/0"


@contextmanager
def working(bus: Bus, url: str, overstayed: Callable[[], None] = lambda: None) -> Iterator[WorkerProcess]:
    process = WorkerProcess(bus.runner(), url, 2, overstayed)
    process.start()
    try:
        yield process
    finally:
        assert until(process.stop), "a thread is left behind"


def until(condition: Callable[[], bool], patience: float = 20.0) -> bool:
    ends_at = time.monotonic() + patience
    while not condition() and time.monotonic() < ends_at:
        time.sleep(0.02)
    return condition()


def done(bus: Bus, handler: str = "step") -> int:
    count: int = bus.one("SELECT count(*) AS n FROM deliveries WHERE state = 'done' AND handler = :h", h=handler).n
    return count


def step(message: ThingOrdered, work: Work) -> None:
    with work.transaction() as rows:
        rows.publish(ThingMade(order_id=message.order_id))


@pytest.fixture
def ordered(bus: Bus) -> Bus:
    bus.handle(step)
    for _ in range(5):
        bus.publish(ThingOrdered(order_id=uuid.uuid4()), bus.new_owner())
    return bus


def test_the_bell_brings_a_delivery_to_a_worker(ordered: Bus, valkey: Valkey) -> None:
    bell = Bell(valkey.url)
    with working(ordered, valkey.url):
        bell.ring(ordered.rung)
        assert until(lambda: done(ordered) == 5)
    bell.close()


def test_without_redis_the_workers_find_what_is_due_by_themselves(ordered: Bus) -> None:
    with working(ordered, NOWHERE):
        assert until(lambda: done(ordered) == 5)


def test_what_a_flushed_redis_forgot_is_rung_again(ordered: Bus, valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    with working(ordered, valkey.url):
        assert until(lambda: done(ordered) == 5)


def test_a_redis_that_hangs_delays_and_loses_nothing(ordered: Bus, valkey: Valkey) -> None:
    assert valkey.pid is not None
    with working(ordered, valkey.url):
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            ordered.publish(ThingOrdered(order_id=uuid.uuid4()))
            assert until(lambda: done(ordered) == 6)
        finally:
            os.kill(valkey.pid, signal.SIGCONT)


def test_a_redis_that_hangs_is_asked_once_for_all_lanes(
    ordered: Bus, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lanes there are, work goes on as soon as one question has come to nothing."""
    assert valkey.pid is not None
    process = WorkerProcess(ordered.runner(), valkey.url, 2, lambda: None)
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        with monkeypatch.context() as patch:
            assert process._ask_redis() == {}
            patch.setattr(process._redis, "pipeline", lambda **_: pytest.fail("it was asked again"))
            assert not any(process._put_right(lane, [], [1], [2]) for lane in LANES)
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    process._ask_redis()
    assert process._put_right("flow", [], [1], [2])


def test_what_a_dead_worker_held_is_rung_before_all_that_waits(ordered: Bus, valkey: Valkey) -> None:
    held = max(delivery for _, delivery in ordered.rung)
    gone = ordered.runner()
    assert deliveries.claim(ordered.store, held, gone.worker, 1) is not None
    ordered.bury(gone)
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        WorkerProcess(ordered.runner(), valkey.url, 2, lambda: None)._sweep()
        assert int(client.lpop(QUEUE + "flow")) == held


def test_garbage_in_redis_strands_nobody(ordered: Bus, valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.rpush(QUEUE + "flow", b"\xff not a number", 10**12, "")
    with working(ordered, valkey.url):
        assert until(lambda: done(ordered) == 5)


def test_a_web_request_never_waits_for_redis(valkey: Valkey) -> None:
    assert valkey.pid is not None
    bell = Bell(valkey.url)
    os.kill(valkey.pid, signal.SIGSTOP)
    rung = threading.Thread(target=lambda: bell.ring([("flow", number) for number in range(50_000)]))
    try:
        rung.start()
        rung.join(timeout=10)
        assert not rung.is_alive()
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
        bell.close()


class Hanging:
    """A plugin that listens to events and never comes back."""

    def __init__(self) -> None:
        self.release = threading.Event()

    @hookimpl
    def heard(self, event: Event) -> None:
        self.release.wait(60)


class Raising:
    @hookimpl
    def heard(self, event: Event) -> None:
        raise RuntimeError("a listener's bug")


class Listening:
    def __init__(self) -> None:
        self.heard_of: list[str] = []

    @hookimpl
    def heard(self, event: Event) -> None:
        self.heard_of.append(f"{event.type} {event.body['order_id']}")


def test_a_listener_hears_each_message_once(bus: Bus) -> None:
    bus.handle(step)
    listener = Listening()
    bus.configured.listeners["acme"] = listener
    bus.publish(ThingOrdered(order_id=(order := uuid.uuid4())))
    with working(bus, NOWHERE):
        assert until(lambda: done(bus, "listener:acme") == 2)
    assert sorted(listener.heard_of) == [f"ThingMade {order}", f"ThingOrdered {order}"]


def test_a_worker_that_has_stopped_leaves_no_thread_and_no_connection_behind(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeping, left_too_early = threading.Event(), threading.Event()

    def long_sweep(store: Store, lanes: Iterable[str]) -> list[tuple[str, int]]:
        with store.hub() as session:
            sweeping.set()
            written_off = text("SELECT count(*) = 0 FROM workers")
            if until(lambda: bool(session.execute(written_off).scalar_one()), patience=1.5):
                left_too_early.set()
        return []

    monkeypatch.setattr(deliveries, "due", long_sweep)
    before = set(threading.enumerate())
    with working(bus, NOWHERE):
        assert sweeping.wait(20)
    assert not left_too_early.is_set()
    assert set(threading.enumerate()) <= before
    assert bus.one("SELECT count(*) AS n FROM workers").n == 0


def test_listeners_that_hang_or_raise_hold_up_nobody_else(bus: Bus) -> None:
    bus.handle(step)
    hanging = Hanging()
    bus.configured.listeners = {"hangs": hanging, "raises": Raising()}
    for _ in range(8):
        bus.publish(ThingOrdered(order_id=uuid.uuid4()), bus.new_owner())
    with working(bus, NOWHERE):
        assert until(lambda: done(bus) == 8)
        assert done(bus, "listener:hangs") == 0
        hanging.release.set()


def test_a_worker_whose_step_overstays_says_so_and_claims_nothing_more(bus: Bus) -> None:
    release, said = threading.Event(), threading.Event()

    def stuck(message: ThingOrdered, work: Work) -> None:
        release.wait(60)

    bus.handle(stuck, within=0.5)
    bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    with working(bus, NOWHERE, said.set):
        assert said.wait(20)
        [later] = bus.publish(ThingOrdered(order_id=uuid.uuid4()), bus.new_owner())
        release.set()
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=later).state == "waiting"


def test_an_old_copy_of_redis_costs_one_sweep(ordered: Bus, valkey: Valkey) -> None:
    """It is full of what was done long ago, and lacks what is due."""
    process = WorkerProcess(ordered.runner(), valkey.url, 2, lambda: None)
    due = sorted(delivery for lane, delivery in deliveries.due(ordered.store, ["flow"]))
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        client.rpush(QUEUE + "flow", *range(10**6, 10**6 + 50), due[0], "not a number", b"\xff")
        for _ in range(2):
            process._sweep()
            waiting = [int(number) for number in client.lrange(QUEUE + "flow", 0, -1)]
            assert sorted(waiting) == due


def test_a_lane_with_more_work_than_a_sweep_sees_loses_none_of_it(
    ordered: Bus, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = WorkerProcess(ordered.runner(), valkey.url, 2, lambda: None)
    numbers = range(10**6, 10**6 + 50)
    monkeypatch.setattr("arumaldo.bus.deliveries.MOST_DUE", 1)
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        client.rpush(QUEUE + "flow", *numbers)
        process._sweep()
        assert [int(number) for number in client.lrange(QUEUE + "flow", 0, 49)] == list(numbers)


def test_what_a_dead_worker_held_stays_the_first_until_somebody_takes_it(ordered: Bus, valkey: Valkey) -> None:
    """Whoever released it may die before anybody hears the bell, or Redis may lose it."""
    held = max(delivery for _, delivery in ordered.rung)
    gone = ordered.runner()
    assert deliveries.claim(ordered.store, held, gone.worker, 1) is not None
    ordered.bury(gone)
    WorkerProcess(ordered.runner(), valkey.url, 2, lambda: None)._sweep()
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        process = WorkerProcess(ordered.runner(), valkey.url, 2, lambda: None)
        for _ in range(2):
            process._sweep()
            assert int(client.lrange(QUEUE + "flow", 0, 0)[0]) == held
        assert client.lrange(QUEUE + "flow", 0, -1).count(str(held).encode()) == 1
