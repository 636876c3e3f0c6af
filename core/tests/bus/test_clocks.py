"""A vendor that fails again and again is left alone, tried by one step, and used by all as soon as it answers."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import text

from arumaldo.bus import clocks, deliveries
from arumaldo.bus.rounds import RESTORED
from arumaldo.bus.run import PATIENCE, TRIES
from arumaldo.bus.work import Work
from arumaldo.errors import Denied, Refused, Unavailable
from arumaldo.hearing import heard
from arumaldo.store.scope import Owner

from .conftest import Bus, ThingOrdered, ThingRefused
from .test_effects import build, charge, fail

CLOCK = clocks.of("acme", "hosting")
OFTEN = 2 * clocks.BREAKS_AFTER


@pytest.fixture
def waiting(bus: Bus) -> list[int]:
    """Three steps of three customers, at a vendor that has failed often and was left alone since."""
    bus.handle(build, calls="hosting")
    with bus.store.hub() as session:
        for _ in range(OFTEN):
            clocks.failed(session, bus.owner.reseller_id, CLOCK, "503", None)
    published = [bus.publish(ThingOrdered(order_id=owner.account_id), owner)[0] for owner in owners(bus)]
    run(bus, published)
    assert bus.vendor.made == []
    bus.database.move_clock(clocks.BREAK_SECONDS)
    return published


def owners(bus: Bus) -> list[Owner]:
    return [bus.owner, bus.new_owner(), bus.new_owner()]


def run(bus: Bus, some: list[int]) -> None:
    runner = bus.runner()
    for delivery in some:
        runner.run(delivery)


def only_waits(message: ThingOrdered, work: Work) -> None:
    work.look_again(1.0, "something else has to be there first")


def clock(bus: Bus) -> tuple[int, bool]:
    """(failures in a row, whether it is left alone)"""
    row = bus.one("SELECT failures, coalesce(not_before > hub_now(), false) AS closed FROM provider_clocks")
    return row.failures, row.closed


def fail_on(bus: Bus, pause: float | None = None) -> None:
    """The vendor fails, often enough to be left alone."""
    with bus.store.hub() as session:
        for _ in range(OFTEN):
            clocks.failed(session, bus.owner.reseller_id, CLOCK, "503", pause)


def due(bus: Bus) -> list[int]:
    return [row.id for row in bus.all("SELECT id FROM deliveries WHERE due_at <= hub_now() ORDER BY id")]


def test_when_the_pause_is_over_one_step_asks_and_the_others_wait_for_what_it_hears(
    bus: Bus, waiting: list[int]
) -> None:
    asked = 0

    def down() -> None:
        nonlocal asked
        asked += 1
        fail(Unavailable("acme", "503"))

    bus.vendor.before = down
    run(bus, waiting)
    assert asked == 1
    assert clock(bus) == (OFTEN + 1, True)


def test_one_answer_lets_all_go_on(bus: Bus, waiting: list[int]) -> None:
    run(bus, waiting[:1])
    assert clock(bus) == (0, False)
    run(bus, waiting[1:])
    assert len(bus.vendor.made) == 3


def test_those_who_waited_for_a_vendor_go_on_as_soon_as_it_answers_and_who_comes_back_later_stays_away(
    bus: Bus, waiting: list[int]
) -> None:
    fail_on(bus)
    run(bus, waiting)
    with bus.store.hub() as session:
        late = text("UPDATE deliveries SET due_at = hub_now() + interval '10 min' WHERE id = :id")
        session.execute(late, {"id": waiting[2]})
    assert due(bus) == []
    with bus.store.hub() as session:
        clocks.well(session, bus.owner.reseller_id, CLOCK)
    assert due(bus) == waiting[:2]


def test_those_who_waited_go_on_no_sooner_than_the_vendor_asked_for(bus: Bus, waiting: list[int]) -> None:
    fail_on(bus, pause=20.0)
    run(bus, waiting)
    with bus.store.hub() as session:
        clocks.well(session, bus.owner.reseller_id, CLOCK)
    assert due(bus) == []
    bus.database.move_clock(20)
    assert due(bus) == waiting


def test_a_step_that_asks_nobody_says_nothing_about_its_vendor(bus: Bus) -> None:
    bus.handle(only_waits, calls="hosting")
    fail_on(bus)
    bus.database.move_clock(int(clocks.BREAK_SECONDS))
    run(bus, bus.publish(ThingOrdered(order_id=bus.owner.account_id)))
    assert clock(bus)[0] == OFTEN


def test_a_vendor_that_refuses_something_is_not_away(bus: Bus, waiting: list[int]) -> None:
    def refuses() -> None:
        heard()
        fail(Refused("acme", "no"))

    bus.vendor.before = refuses
    run(bus, waiting[:1])
    assert clock(bus) == (0, False)


def test_a_step_that_never_had_its_turn_has_waited_for_a_day_too(bus: Bus) -> None:
    bus.handle(build, calls="hosting", refused=ThingRefused)
    [delivery] = bus.publish(ThingOrdered(order_id=bus.owner.account_id))
    for _ in range(2):
        fail_on(bus)
        run(bus, [delivery])
        assert states(bus) == {"build": "waiting"}
        bus.database.move_clock(int(PATIENCE) - 10)
    fail_on(bus)
    run(bus, [delivery])
    assert states(bus) == {"build": "refused"}


@pytest.mark.parametrize("ours", ["parked", "paused", "restored"])
def test_a_day_of_waiting_for_a_person_is_not_the_vendors(bus: Bus, ours: str) -> None:
    bus.handle(build, calls="hosting", refused=ThingRefused)
    [delivery] = bus.publish(ThingOrdered(order_id=bus.owner.account_id))
    bus.vendor.before = lambda: fail(Unavailable("acme", "503"))
    run(bus, [delivery])
    bus.database.move_clock(10)
    with bus.store.hub() as session:
        if ours == "parked":
            clocks.park(session, bus.owner.reseller_id, CLOCK, "401")
        elif ours == "paused":
            deliveries.pause(session, "we move")
        else:
            session.execute(text("INSERT INTO pauses (name, reason) VALUES (:name, 'a copy')"), {"name": RESTORED})
    run(bus, [delivery])
    bus.database.move_clock(int(PATIENCE))
    with bus.store.hub() as session:
        clocks.unpark(session)
        deliveries.unpause(session, restored=False)
        deliveries.end_pause(session, RESTORED)
    run(bus, [delivery])
    assert states(bus) == {"build": "waiting"}


def test_where_nothing_is_paused_an_end_of_pauses_leaves_the_vendors_day_as_it_is(bus: Bus) -> None:
    bus.handle(build, calls="hosting", refused=ThingRefused)
    [delivery] = bus.publish(ThingOrdered(order_id=bus.owner.account_id))
    bus.vendor.before = lambda: fail(Unavailable("acme", "503"))
    run(bus, [delivery])
    bus.database.move_clock(int(PATIENCE) + 10)
    with bus.store.hub() as session:
        deliveries.unpause(session, restored=True)
    run(bus, [delivery])
    assert states(bus) == {"build": "refused"}


def test_a_vendor_that_is_left_alone_for_a_day_has_not_been_available_for_a_day(bus: Bus) -> None:
    bus.handle(build, calls="hosting", refused=ThingRefused)
    [delivery] = bus.publish(ThingOrdered(order_id=bus.owner.account_id))
    bus.vendor.before = lambda: fail(Unavailable("acme", "503"))
    run(bus, [delivery])
    fail_on(bus)
    bus.database.move_clock(10)
    run(bus, [delivery])
    assert "asked us to wait" in bus.one("SELECT waits_for FROM deliveries").waits_for
    bus.database.move_clock(int(PATIENCE))
    run(bus, [delivery])
    assert states(bus) == {"build": "refused"}


def test_an_answer_in_between_ends_the_row_of_failures_and_leaves_what_the_vendor_asked_for(bus: Bus) -> None:
    with bus.store.hub() as session:
        clocks.failed(session, bus.owner.reseller_id, CLOCK, "503", None)
        clocks.failed(session, bus.owner.reseller_id, CLOCK, "429", 60.0)
        clocks.well(session, bus.owner.reseller_id, CLOCK)
    assert clock(bus) == (0, True)
    with bus.store.hub() as session:
        for _ in range(clocks.BREAKS_AFTER - 1):
            clocks.failed(session, bus.owner.reseller_id, CLOCK, "503", None)
    assert clock(bus)[0] < clocks.BREAKS_AFTER


def test_a_vendor_that_fails_every_third_call_is_not_left_alone(bus: Bus) -> None:
    bus.handle(build, calls="hosting")
    calls = 0

    def every_third() -> None:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            fail(Unavailable("acme", "503"))

    bus.vendor.before = every_third
    runner = bus.runner()
    for owner in [bus.new_owner() for _ in range(4 * clocks.BREAKS_AFTER)]:
        runner.run(bus.publish(ThingOrdered(order_id=owner.account_id), owner)[0])
    assert calls == 4 * clocks.BREAKS_AFTER
    assert clock(bus)[0] < clocks.BREAKS_AFTER


def test_a_step_of_many_requests_that_fails_at_one_of_them_does_not_make_its_vendor_look_away(bus: Bus) -> None:
    bus.handle(build, calls="hosting")

    def answers_and_fails() -> None:
        heard()
        fail(Unavailable("acme", "503"))

    bus.vendor.before = answers_and_fails
    runner = bus.runner()
    for owner in [bus.new_owner() for _ in range(OFTEN)]:
        runner.run(bus.publish(ThingOrdered(order_id=owner.account_id), owner)[0])
    assert clock(bus) == (1, False)


def test_the_longer_a_vendor_fails_the_longer_it_is_left_alone_up_to_half_a_minute(bus: Bus) -> None:
    pauses = []
    with bus.store.hub() as session:
        for _ in range(clocks.BREAKS_AFTER + 8):
            clocks.failed(session, bus.owner.reseller_id, CLOCK, "503", None)
            pause = "SELECT round(extract(epoch FROM not_before - hub_now())) FROM provider_clocks"
            pauses.append(int(session.execute(text(pause)).scalar_one()))
    assert pauses == [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30, 30]


@pytest.fixture
def both(bus: Bus) -> list[int]:
    """A step for each of two jobs of one plugin."""
    bus.handle(build, calls="hosting")
    bus.handle(charge, calls="payments")
    return bus.publish(ThingOrdered(order_id=bus.owner.account_id))


def parked(bus: Bus) -> list[str]:
    return [row.provider for row in bus.all("SELECT provider FROM provider_clocks WHERE parked_at IS NOT NULL")]


def states(bus: Bus) -> dict[str, str]:
    return {row.handler: row.state for row in bus.all("SELECT handler, state FROM deliveries")}


def test_a_plugin_that_does_not_accept_us_for_one_job_goes_on_with_its_other_one(bus: Bus, both: list[int]) -> None:
    with bus.store.hub() as session:
        clocks.park(session, bus.owner.reseller_id, CLOCK, "the key lacks a right")
    run(bus, both)
    assert states(bus) == {"build": "waiting", "charge": "done"}


def test_a_plugin_that_fails_at_one_job_is_still_asked_for_its_other_one(bus: Bus, both: list[int]) -> None:
    with bus.store.hub() as session:
        for _ in range(OFTEN):
            clocks.failed(session, bus.owner.reseller_id, CLOCK, "503", 600.0)
    run(bus, both)
    assert states(bus) == {"build": "waiting", "charge": "done"}
    assert clock(bus)[0] == OFTEN, "an answer for one job says nothing about the other"


def test_a_denial_parks_the_job_that_was_denied_and_no_other(bus: Bus, both: list[int]) -> None:
    bus.vendor.before = lambda: fail(Denied("acme", "the key was revoked"))
    run(bus, both[:1])
    bus.vendor.before = lambda: None
    run(bus, both[1:])
    assert parked(bus) == [CLOCK]
    assert states(bus) == {"build": "waiting", "charge": "done"}


@pytest.mark.parametrize(
    ("named", "left"),
    [("acme", []), ("acme/hosting", ["acme/payments"]), (None, []), ("acm", ["acme/hosting", "acme/payments"])],
)
def test_a_plugin_is_resumed_with_all_its_jobs_and_a_job_alone(bus: Bus, named: str | None, left: list[str]) -> None:
    with bus.store.hub() as session:
        for capability in ("hosting", "payments"):
            clocks.park(session, bus.owner.reseller_id, clocks.of("acme", capability), "the key was revoked")
        assert clocks.resume(session, named) == 2 - len(left)
    assert sorted(parked(bus)) == left


@pytest.mark.parametrize(("tried", "longest"), [(TRIES, 4.0), (TRIES + 1, clocks.LONGEST_BACK_OFF)])
def test_a_step_waits_no_longer_than_its_vendors_failures_in_a_row_warrant_until_it_has_failed_very_often(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, tried: int, longest: float
) -> None:
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    bus.handle(build, calls="hosting")
    [delivery] = bus.publish(ThingOrdered(order_id=bus.owner.account_id))
    bus.vendor.before = lambda: fail(Unavailable("acme", "503"))
    with bus.store.hub() as session:
        session.execute(text("UPDATE deliveries SET attempt = :before"), {"before": tried - 1})
    run(bus, [delivery])
    pause = bus.one("SELECT extract(epoch FROM due_at - hub_now()) AS pause FROM deliveries").pause
    assert longest / 2 < pause <= longest
