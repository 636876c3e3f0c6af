"""A message reaches each handler once, in order, and nobody acts for a holder that is not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from arumaldo.bus import clocks, deliveries
from arumaldo.bus.deliveries import Held
from arumaldo.bus.messages import Message
from arumaldo.bus.run import ALONE_PLACES
from arumaldo.bus.work import LookAgain, Work
from arumaldo.errors import Denied, Refused, Unavailable
from arumaldo.store.business import Brief
from arumaldo.store.scope import NoSuchRow

from .conftest import Bus, ProcessDied, ThingMade, ThingOrdered, ThingRefused


def publish_and_fail(bus: Bus) -> None:
    with bus.store.of(bus.owner) as rows:
        rows.publish(ThingOrdered(order_id=uuid.uuid4()))
        rows.get_one(Brief, uuid.uuid4())


def test_a_fact_and_its_deliveries_are_written_with_the_rows_that_made_it_true(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None: ...

    bus.handle(step)
    with pytest.raises(NoSuchRow):
        publish_and_fail(bus)
    assert bus.all("SELECT 1 FROM messages") == []
    assert bus.rung == []


def test_a_handler_runs_once_and_its_fact_ends_its_delivery(bus: Bus) -> None:
    seen = []

    def step(message: ThingOrdered, work: Work) -> None:
        seen.append(message.order_id)
        with work.transaction() as rows:
            rows.publish(ThingMade(order_id=message.order_id))

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    for _ in range(3):
        bus.runner().run(delivery)
    assert len(seen) == 1
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=delivery).state == "done"
    assert [row.type for row in bus.all("SELECT type FROM messages ORDER BY id")] == ["ThingOrdered", "ThingMade"]


def test_deliveries_of_one_account_and_lane_run_one_at_a_time_oldest_first(bus: Bus) -> None:
    ran = []

    def step(message: ThingOrdered, work: Work) -> None:
        ran.append(message.number)

    bus.handle(step)
    order = uuid.uuid4()
    [first] = bus.publish(ThingOrdered(order_id=order, number=1))
    [second] = bus.publish(ThingOrdered(order_id=order, number=2))
    runner = bus.runner()
    held = deliveries.claim(bus.store, first, runner.worker, 1)
    assert held is not None
    assert deliveries.claim(bus.store, second, runner.worker, 1) is None
    bus.bury(runner)
    bus.runner().run(first)
    assert (held.lane, second) in bus.rung[2:], "the next of the key is rung when the one before it ends"
    bus.runner().run(second)
    assert ran == [1, 2]


def test_what_a_dead_worker_held_is_free_after_its_heartbeat_is_old(bus: Bus) -> None:
    lives = [True]

    def step(message: ThingOrdered, work: Work) -> None:
        if lives.pop() if lives else False:
            raise ProcessDied

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    dead = bus.runner()
    with pytest.raises(ProcessDied):
        dead.run(delivery)
    assert deliveries.due(bus.store, ["flow"]) == [], "it is held as long as the heartbeat is fresh"
    bus.bury(dead)
    assert deliveries.due(bus.store, ["flow"]) == [("flow", delivery)]
    bus.runner().run(delivery)
    assert bus.one("SELECT state, attempt FROM deliveries WHERE id = :id", id=delivery) == ("done", 2)


def test_a_worker_that_was_given_up_for_dead_commits_nothing(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        if work.attempt == 1:
            bus.bury(sleeper)
            bus.runner().run(delivery)
        with work.transaction() as rows:
            rows.publish(ThingMade(order_id=message.order_id))

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    sleeper = bus.runner()
    sleeper.run(delivery)
    assert bus.one("SELECT count(*) AS n FROM messages WHERE type = 'ThingMade'").n == 1


def test_a_refusal_becomes_the_fact_that_stands_on_the_handler(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        raise Refused("acme", "no room")

    bus.handle(step, refused=ThingRefused)
    [delivery] = bus.publish(ThingOrdered(order_id=(order := uuid.uuid4())))
    bus.runner().run(delivery)
    fact = bus.one("SELECT body FROM messages WHERE type = 'ThingRefused'").body
    assert fact == {"order_id": str(order), "reason": "no room"}
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=delivery).state == "refused"


def test_a_refusal_that_nobody_named_fails_the_order(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        raise Refused("acme", "never")

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    bus.runner().run(delivery)
    assert bus.one("SELECT body->>'reason' AS why FROM messages WHERE type = 'ThingFailed'").why == "never"


def test_waiting_for_something_is_no_attempt(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        raise LookAgain(30, "the host is not ready")

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    bus.runner().run(delivery)
    row = bus.one("SELECT attempt, waits_for, due_at > hub_now() AS later FROM deliveries WHERE id = :id", id=delivery)
    assert row == (0, "the host is not ready", True)


def test_a_rate_limit_holds_back_all_workers_for_as_long_as_the_vendor_said(bus: Bus) -> None:
    calls = []

    def step(message: ThingOrdered, work: Work) -> None:
        calls.append(message.number)
        raise Unavailable("acme", "too many requests", retry_after=40)

    bus.handle(step, calls="hosting")
    [first] = bus.publish(ThingOrdered(order_id=uuid.uuid4(), number=1))
    [other] = bus.publish(ThingOrdered(order_id=uuid.uuid4(), number=2), bus.new_owner())
    bus.runner().run(first)
    bus.runner().run(other)
    assert calls == [1]
    bus.database.move_clock(41)
    bus.runner().run(other)
    assert calls == [1, 2]


@pytest.mark.parametrize("goes_on", [clocks.resume, clocks.unpark], ids=["resumed", "changed"])
def test_work_for_a_vendor_that_denies_us_waits_unburnt_and_goes_on_at_once_when_somebody_resumes_it(
    bus: Bus, goes_on: Callable[[Session], int]
) -> None:
    answers: list[Any] = [Denied("acme", "the key was revoked"), None]

    def step(message: ThingOrdered, work: Work) -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    bus.handle(step, calls="hosting")
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    bus.runner().run(delivery)
    for _ in range(3):
        bus.database.move_clock(60)
        bus.runner().run(delivery)
    assert len(answers) == 1, "a parked provider is not asked"
    assert bus.one("SELECT attempt FROM deliveries WHERE id = :id", id=delivery).attempt == 0
    with bus.store.hub() as session:
        assert goes_on(session) == 1
    bus.runner().run(delivery)
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=delivery).state == "done"


def test_a_worker_that_still_asks_with_the_settings_before_the_change_parks_nobody(bus: Bus) -> None:
    newest = bus.configured.version

    def step(message: ThingOrdered, work: Work) -> None:
        nonlocal newest
        newest += 1
        raise Denied("acme", "the key was revoked")

    bus.handle(step, calls="hosting")
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    bus.configured.newest_version = lambda: newest  # type: ignore[method-assign]
    bus.runner().run(delivery)
    assert bus.all("SELECT 1 FROM provider_clocks WHERE parked_at IS NOT NULL") == []
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=delivery).state == "waiting"


def test_a_step_that_always_fails_is_quarantined_and_says_why(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        raise ValueError("a bug")

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    for _ in range(12):
        bus.runner().run(delivery)
        bus.database.move_clock(120)
    row = bus.one("SELECT state, waits_for, attempt FROM deliveries WHERE id = :id", id=delivery)
    assert row == ("quarantined", "ValueError: a bug", 10)


class ThingCounted(Message, frozen=True):
    """Version 1 had `many`; version 2 calls it `count`."""

    version: ClassVar[int] = 2
    count: int

    @classmethod
    def upcast(cls, version: int, body: dict[str, Any]) -> dict[str, Any]:
        return {"count": body["many"]}


def test_a_message_of_an_older_release_is_read_and_one_of_a_newer_release_waits_for_it(bus: Bus) -> None:
    counted = []

    def step(message: ThingCounted, work: Work) -> None:
        counted.append(message.count)

    bus.handle(step, ThingCounted)
    older, newer = (bus.publish(ThingCounted(count=0), bus.new_owner())[0] for _ in range(2))
    with bus.store.hub() as session:
        change = text("UPDATE messages SET version = :v, body = CAST(:b AS jsonb) WHERE id = "
                      "(SELECT message_id FROM deliveries WHERE id = :id)")  # fmt: skip
        session.execute(change, {"v": 1, "b": '{"many": 7}', "id": older})
        session.execute(change, {"v": 3, "b": '{"heap": 9}', "id": newer})
    bus.runner().run(older)
    bus.runner().run(newer)
    assert counted == [7]
    row = bus.one("SELECT state, attempt, waits_for FROM deliveries WHERE id = :id", id=newer)
    assert (row.state, row.attempt) == ("waiting", 0)
    assert "a newer worker" in row.waits_for


def test_what_kills_three_workers_runs_alone_and_only_what_kills_that_process_too_is_quarantined(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        raise ProcessDied

    ran = []

    def dies_alone(held: Held) -> bool:
        ran.append(held.id)
        return False

    bus.handle(step)
    [deadly] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    for _ in range(3):
        dead = bus.runner()
        with pytest.raises(ProcessDied):
            dead.run(deadly)
        bus.bury(dead)
    careful = bus.runner()
    careful.alone = dies_alone
    careful.run(deadly)
    assert ran == [deadly]
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=deadly).state == "quarantined"


def test_a_step_whose_own_process_had_to_go_is_handed_back_with_its_deaths_and_without_blame(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None: ...

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    with bus.store.hub() as session:
        session.execute(text("UPDATE deliveries SET deaths = 3"))
    careful = bus.runner()
    careful.alone = lambda held: True
    careful.run(delivery)
    row = bus.one("SELECT state, holder, attempt, deaths FROM deliveries WHERE id = :id", id=delivery)
    assert (row.state, row.holder, row.attempt, row.deaths) == ("waiting", None, 0, 3)


def test_a_step_that_has_to_wait_while_it_runs_alone_is_not_set_aside_and_its_deaths_are_forgotten(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        work.look_again(5, "the vendor is not ready")

    bus.handle(step)
    [innocent] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    with bus.store.hub() as session:
        session.execute(text("UPDATE deliveries SET deaths = 3"))
    careful = bus.runner()

    def as_a_process_does(held: Held) -> bool:
        careful.attempt(held)
        return False

    careful.alone = as_a_process_does
    careful.run(innocent)
    row = bus.one("SELECT state, deaths, waits_for FROM deliveries WHERE id = :id", id=innocent)
    assert (row.state, row.deaths, row.waits_for) == ("waiting", 0, "the vendor is not ready")


def test_of_what_has_to_run_alone_only_so_many_steps_run_at_once_and_the_others_wait_their_turn(bus: Bus) -> None:
    def step(message: ThingOrdered, work: Work) -> None:
        raise ProcessDied

    bus.handle(step)
    [first] = bus.publish(ThingOrdered(order_id=uuid.uuid4(), number=1))
    with bus.store.hub() as session:
        session.execute(text("UPDATE deliveries SET deaths = 3"))
    careful = bus.runner()
    ran = []

    def ends_well(held: Held) -> bool:
        ran.append(held.id)
        return True

    careful.alone = ends_well
    for _ in range(ALONE_PLACES["steps"]):
        careful.places["steps"].acquire()
    careful.run(first)
    assert ran == []
    row = bus.one("SELECT state, holder, attempt, waits_for FROM deliveries WHERE id = :id", id=first)
    assert (row.state, row.holder, row.attempt) == ("waiting", None, 0)
    assert "its turn" in row.waits_for
    with bus.store.hub() as session:
        session.execute(text("UPDATE deliveries SET due_at = hub_now()"))
    careful.places["steps"].release()
    careful.run(first)
    assert ran == [first]


def test_an_older_delivery_that_became_visible_late_does_not_lock_out_its_key(bus: Bus) -> None:
    ran = []

    def step(message: ThingOrdered, work: Work) -> None:
        ran.append(message.number)

    bus.handle(step)
    [older] = bus.publish(ThingOrdered(order_id=uuid.uuid4(), number=1))
    [younger] = bus.publish(ThingOrdered(order_id=uuid.uuid4(), number=2))
    dead = bus.runner()
    with bus.store.hub() as session:  # as if the older one had been committed after the claim of the younger one
        session.execute(
            text(
                "UPDATE deliveries SET holder = :w, token = 1, held_until = hub_now() + interval '1 h' WHERE id = :id"
            ),
            {"w": dead.worker, "id": younger},
        )
    bus.bury(dead)
    for delivery in (older, older, younger):
        bus.runner().run(delivery)
    assert ran == [1, 2]


def test_one_lane_full_of_work_hides_no_other(bus: Bus) -> None:
    def crowd(message: ThingOrdered, work: Work) -> None: ...

    def few(message: ThingMade, work: Work) -> None: ...

    bus.handle(crowd, calls="ai")
    bus.handle(few, ThingMade, calls="payments")
    for _ in range(12):
        bus.publish(ThingOrdered(order_id=uuid.uuid4()), bus.new_owner())
    [payment] = bus.publish(ThingMade(order_id=uuid.uuid4()))
    assert ("payments", payment) in deliveries.due(bus.store, ["ai", "payments"], most=10)


def test_what_was_set_aside_can_be_replayed_once_its_cause_is_gone(bus: Bus) -> None:
    broken = [True]

    def step(message: ThingOrdered, work: Work) -> None:
        if broken:
            raise ValueError("a bug")

    bus.handle(step)
    [delivery] = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    for _ in range(12):
        bus.runner().run(delivery)
        bus.database.move_clock(120)
    broken.clear()
    with bus.store.hub() as session:
        assert [number for number, _, _ in deliveries.set_aside(session)] == [delivery]
        assert deliveries.replay(session, delivery)
        assert not deliveries.replay(session, delivery)
    bus.runner().run(delivery)
    assert bus.one("SELECT state FROM deliveries WHERE id = :id", id=delivery).state == "done"
