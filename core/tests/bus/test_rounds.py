"""One worker compares for all; and in a restored book nothing is made before it was looked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from arumaldo.bus import deliveries, duties
from arumaldo.bus.matters import matters
from arumaldo.bus.rounds import LISTS_ARE_WHOLE_AFTER, RECONCILE, Rounds
from arumaldo.bus.run import Runner
from arumaldo.bus.work import Reference
from arumaldo.bus.worker import enrol
from arumaldo.store.base import new_id

from .conftest import Bus, ThingOrdered
from .test_effects import build, charge, states
from .test_reconcile import Books, books

__all__ = ["books"]


def restored(bus: Bus) -> None:
    """The book is one that `arumaldo restore` has just put back."""
    with bus.store.hub() as session:
        session.execute(
            text("""
            INSERT INTO restorations (id, copied_at) VALUES (gen_random_uuid(), hub_now() - interval '1 hour')
            """)
        )
        session.execute(text("INSERT INTO pauses (name, reason) VALUES ('restored', 'it was restored')"))


@contextmanager
def at_work(books: Books) -> Iterator[None]:
    rounds = Rounds(books.bus.store, books.reconciler, enrol(books.bus.store), every=600)
    rounds.start()
    try:
        yield
    finally:
        rounds.stop()


def eventually(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends_at
        threading.Event().wait(0.05)


def paused(bus: Bus) -> list[str]:
    with bus.store.hub() as session:
        return [matter.what for matter in matters(session) if matter.kind == "paused"]


def test_while_all_work_is_paused_nothing_is_begun_and_afterwards_it_goes_on(bus: Bus) -> None:
    bus.handle(build, calls="hosting")
    [delivery] = bus.publish(ThingOrdered(order_id=new_id()))
    with bus.store.hub() as session:
        deliveries.pause(session, "the operator moves house")
    bus.runner().run(delivery)
    assert deliveries.due(bus.store, ["hosting"]) == []
    assert bus.vendor.made == []
    assert "moves house" in paused(bus)[0]
    with bus.store.hub() as session:
        assert deliveries.unpause(session, restored=False) is False
    bus.runner().run(delivery)
    assert len(bus.vendor.made) == 1


def test_a_restored_hub_works_only_when_the_vendors_lists_are_whole_and_were_compared(books: Books) -> None:
    restored(books.bus)
    books.charge("c1", "abcdefghijklmnopqrst", age=10)
    with books.bus.store.hub() as session:
        assert deliveries.unpause(session, restored=False) is True
    with at_work(books):
        eventually(lambda: books.bus.one("SELECT ended_at FROM duties").ended_at)
        assert paused(books.bus)
        assert books.findings() == []
        books.bus.database.move_clock(LISTS_ARE_WHOLE_AFTER.total_seconds())
        eventually(lambda: not paused(books.bus))
    assert books.findings() == [("c1", "open")]
    assert books.bus.one("SELECT reconciled_at FROM restorations").reconciled_at is not None


def test_a_restored_hub_stays_paused_while_one_vendor_cannot_be_asked_and_says_which(books: Books) -> None:
    restored(books.bus)
    books.vendor.away = True
    books.bus.database.move_clock(LISTS_ARE_WHOLE_AFTER.total_seconds())
    with at_work(books):
        eventually(lambda: "closed on Sundays" in paused(books.bus)[0])
        books.vendor.away = False
        books.bus.database.move_clock(10)
        eventually(lambda: not paused(books.bus))


def test_one_worker_alone_has_the_duty_until_it_is_gone(bus: Bus) -> None:
    first, second = enrol(bus.store), enrol(bus.store)
    with bus.store.hub() as session:
        assert duties.take(session, RECONCILE, first)
        assert not duties.take(session, RECONCILE, second)
        session.execute(text("UPDATE workers SET seen_at = hub_now() - interval '7 s' WHERE id = :id"), {"id": first})
        assert duties.take(session, RECONCILE, second)
        duties.end(session, RECONCILE, first, again=0)
        assert not duties.take(session, RECONCILE, first)
        duties.end(session, RECONCILE, second, again=600)
        assert not duties.take(session, RECONCILE, first)


@pytest.mark.parametrize(
    ("step", "capability", "run"), [("create_site", "hosting", build), ("charge", "payments", charge)]
)
def test_what_the_lost_book_had_made_is_adopted_and_not_made_again(
    bus: Bus, step: str, capability: str, run: Callable[..., None]
) -> None:
    bus.handle(run, calls=capability)
    order = new_id()
    bus.vendor.make(Reference(order, 1).at(f"{capability}.{step}"))
    restored(bus)
    work(bus, order)
    assert len(bus.vendor.made) == 1
    assert states(bus) == ["done"]


@pytest.mark.parametrize(("capability", "run"), [("hosting", build), ("payments", charge)])
def test_what_the_lost_book_had_not_made_is_made_once_the_vendor_is_sure(
    bus: Bus, capability: str, run: Callable[..., None]
) -> None:
    bus.handle(run, calls=capability)
    order = new_id()
    restored(bus)
    runner, delivery = work(bus, order)
    assert bus.vendor.made == []
    bus.database.move_clock(LISTS_ARE_WHOLE_AFTER.total_seconds())
    runner.run(delivery)
    assert len(bus.vendor.made) == 1
    assert states(bus) == ["done"]


def work(bus: Bus, order: object) -> tuple[Runner, int]:
    """The order's step in a book that is no longer paused."""
    with bus.store.hub() as session:
        deliveries.unpause(session, restored=True)
    [delivery] = bus.publish(ThingOrdered.model_validate({"order_id": order}))
    runner = bus.runner()
    runner.run(delivery)
    return runner, delivery
