"""One thing at a vendor, once, whatever crashes between the call and its record."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from arumaldo.bus.effects import Effects, Intent, ours
from arumaldo.bus.run import QUESTION_PAUSE, Runner
from arumaldo.bus.work import Work
from arumaldo.capabilities.kinds import Made
from arumaldo.errors import OutcomeUnknown, Refused, Unavailable
from arumaldo.hub import Call
from arumaldo.money import Money
from arumaldo.store.base import new_id
from arumaldo.store.journal import Effect

from .conftest import Bus, ProcessDied, ThingMade, ThingOrdered, ThingRefused

NOW = datetime.now(UTC)
SUBJECT = new_id()
HOUR = timedelta(hours=1)


def build(message: ThingOrdered, work: Work) -> None:
    site = work.hub.hosting.create_site(reference=work.reference(message.order_id), label="x", owner_email="a@b.c")
    with work.transaction() as rows:
        rows.publish(ThingMade(order_id=message.order_id))
    assert site.id


def charge(message: ThingOrdered, work: Work) -> None:
    work.hub.payments.charge(
        reference=work.reference(message.order_id), amount=Money(minor=100), token="t", description="x", email="a@b.c"
    )
    with work.transaction() as rows:
        rows.publish(ThingMade(order_id=message.order_id))


class Careless(Effects):
    """A bus without the guard, to see that the guard is what keeps the promise."""

    def look(self, call: Call, intent: Intent) -> Made | None:
        return None


def die() -> None:
    raise ProcessDied


def fail(error: Exception) -> None:
    raise error


def once(bus: Bus, delivery: int) -> None:
    bus.runner().run(delivery)


def states(bus: Bus) -> list[str]:
    return [row.state for row in bus.all("SELECT state FROM effects ORDER BY id")]


@pytest.fixture
def delivery(bus: Bus) -> int:
    bus.handle(build, calls="hosting")
    return bus.publish(ThingOrdered(order_id=uuid.uuid4()))[0]


@pytest.fixture
def payment(bus: Bus) -> int:
    bus.handle(charge, calls="payments", refused=ThingRefused)
    return bus.publish(ThingOrdered(order_id=uuid.uuid4()))[0]


def killed(bus: Bus, delivery: int) -> None:
    dead = bus.runner()
    with pytest.raises(ProcessDied):
        dead.run(delivery)
    bus.bury(dead)
    bus.vendor.before = bus.vendor.after = lambda: None


def test_a_worker_killed_after_the_vendor_made_it_leaves_one_thing_which_the_next_worker_adopts(
    bus: Bus, delivery: int
) -> None:
    bus.vendor.after = die
    killed(bus, delivery)
    once(bus, delivery)
    assert len(bus.vendor.made) == 1
    assert states(bus) == ["done"]
    assert bus.one("SELECT count(*) AS n FROM messages WHERE type = 'ThingMade'").n == 1


def test_without_the_look_up_the_same_kill_makes_two(bus: Bus, delivery: int) -> None:
    bus.vendor.after = die
    killed(bus, delivery)
    careless = bus.runner()
    careless.effects = Careless
    careless.run(delivery)
    assert len(bus.vendor.made) == 2


def test_a_worker_killed_before_the_call_makes_the_next_one_wait_until_an_empty_answer_is_final(
    bus: Bus, delivery: int
) -> None:
    bus.vendor.before = die
    killed(bus, delivery)
    once(bus, delivery)
    assert bus.vendor.made == []
    assert "asking acme" in bus.one("SELECT waits_for FROM deliveries WHERE id = :id", id=delivery).waits_for
    bus.database.move_clock(61)
    once(bus, delivery)
    assert len(bus.vendor.made) == 1


def test_what_the_vendors_search_shows_late_is_found_before_anything_is_repeated(bus: Bus, delivery: int) -> None:
    bus.vendor.after, bus.vendor.hidden = die, True
    killed(bus, delivery)
    for _ in range(3):
        once(bus, delivery)
        bus.database.move_clock(5)
    bus.vendor.hidden = False
    bus.database.move_clock(20)
    once(bus, delivery)
    assert len(bus.vendor.made) == 1
    assert states(bus) == ["done"]


def test_while_it_is_in_doubt_whether_something_was_made_a_look_that_failed_is_repeated_soon(
    bus: Bus, delivery: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.vendor.after = lambda: fail(OutcomeUnknown("acme", "the line broke"))
    once(bus, delivery)
    monkeypatch.setattr(bus.vendor, "found", lambda reference: fail(Unavailable("acme", "busy")))
    for _ in range(6):
        with bus.store.hub() as session:
            session.execute(text("UPDATE deliveries SET due_at = hub_now(), attempt = 20"))
            session.execute(text("UPDATE provider_clocks SET failures = 0, not_before = NULL"))
        once(bus, delivery)
        row = bus.one("SELECT waits_for, extract(epoch FROM due_at - hub_now()) AS pause FROM deliveries")
        assert "busy" in row.waits_for
        assert row.pause <= QUESTION_PAUSE


def test_a_call_that_surely_never_arrived_is_simply_repeated(bus: Bus, delivery: int) -> None:
    bus.vendor.before = lambda: fail(Unavailable("acme", "cannot be reached"))
    once(bus, delivery)
    assert states(bus) == []
    bus.vendor.before = lambda: None
    bus.database.move_clock(60)
    once(bus, delivery)
    assert (len(bus.vendor.made), bus.vendor.looks) == (1, 0)


def test_money_in_doubt_is_asked_about_and_never_taken_again(bus: Bus, payment: int) -> None:
    bus.vendor.before = lambda: fail(OutcomeUnknown("acme", "the line broke"))
    once(bus, payment)
    assert states(bus) == ["unknown"]
    bus.vendor.before = lambda: None
    for _ in range(20):
        bus.database.move_clock(31)
        once(bus, payment)
    assert bus.vendor.made == [], "it was asked about, and not tried again by itself"
    assert bus.vendor.looks > 1
    assert bus.one("SELECT body->>'reason' AS why FROM messages WHERE type = 'ThingRefused'").why.startswith(
        "It did not"
    )


def test_money_that_was_booked_after_the_caller_hung_up_is_found_and_counts(bus: Bus, payment: int) -> None:
    bus.vendor.after = lambda: fail(OutcomeUnknown("acme", "the line broke"))
    bus.vendor.hidden = True
    once(bus, payment)
    bus.database.move_clock(2)
    once(bus, payment)
    bus.vendor.hidden = False
    bus.database.move_clock(31)
    once(bus, payment)
    assert len(bus.vendor.made) == 1
    assert bus.one("SELECT count(*) AS n FROM messages WHERE type = 'ThingMade'").n == 1


def test_what_was_refused_is_refused_again_without_asking_the_vendor(bus: Bus, payment: int) -> None:
    bus.vendor.before = lambda: fail(Refused("acme", "insufficient funds"))
    once(bus, payment)
    assert states(bus) == ["refused"]
    assert (
        bus.one("SELECT body->>'reason' AS why FROM messages WHERE type = 'ThingRefused'").why == "insufficient funds"
    )


def test_anything_a_plugin_raises_that_nobody_foresaw_counts_as_an_unknown_outcome(bus: Bus, delivery: int) -> None:
    bus.vendor.after = lambda: fail(KeyError("a plugin's bug"))
    once(bus, delivery)
    assert states(bus) == ["unknown"]
    bus.vendor.after = lambda: None
    bus.database.move_clock(11)
    once(bus, delivery)
    assert len(bus.vendor.made) == 1
    assert states(bus) == ["done"]


def test_two_generations_of_one_step_never_stand_at_once(bus: Bus) -> None:
    made = []

    def twice(message: ThingOrdered, work: Work) -> None:
        for generation in (1, 2):
            reference = work.reference(message.order_id, generation)
            made.append(work.hub.hosting.create_site(reference=reference, label="x", owner_email="a@b.c"))

    bus.handle(twice, calls="hosting")
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    runner: Runner = bus.runner()
    runner.run(delivery)
    assert len(bus.vendor.made) == 1


@pytest.mark.parametrize(
    ("found", "before_restore", "is_ours"),
    [
        (Made(id="1", reference="ref"), False, True),
        (Made(id="1", reference="other", made_at=NOW + 2 * HOUR), False, False),
        (Made(id="1", made_at=NOW + HOUR), False, True),
        (Made(id="1", made_at=NOW), False, False),
        (Made(id="1", made_at=NOW), True, True),
        (Made(id="1", made_at=NOW - HOUR), True, False),
        (Made(id="1"), False, False),
    ],
)
def test_ours_is_what_bears_our_reference_or_without_one_was_made_after_we_meant_to(
    found: Made, *, before_restore: bool, is_ours: bool
) -> None:
    """In a restored book, the thing that it is for tells from when on: the intent may be a second one."""
    intended = NOW + HOUR
    effect = Effect(subject=SUBJECT, reference="ref", before_restore=before_restore, created_at=intended)
    assert ours(effect, [found]) == ([found] if is_ours else [])
