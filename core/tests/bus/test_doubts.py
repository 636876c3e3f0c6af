"""A doubt that no look can end is ended by a person, and by nobody while it might end by itself."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from arumaldo.bus import doubts
from arumaldo.errors import HubError, OutcomeUnknown

from .conftest import Bus, ThingOrdered, ThingRefused
from .test_effects import build, charge, fail, once, states
from .test_matters import listed


@pytest.fixture(autouse=True)
def mute(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor breaks off every call, and refuses every question about it."""
    bus.vendor.before = lambda: fail(OutcomeUnknown("acme", "the line broke"))
    monkeypatch.setattr(bus.vendor, "found", lambda reference: fail(OutcomeUnknown("acme", "will not say")))


@pytest.fixture
def payment(bus: Bus) -> int:
    bus.handle(charge, calls="payments", refused=ThingRefused)
    return bus.publish(ThingOrdered(order_id=uuid4()))[0]


@pytest.fixture
def site(bus: Bus) -> int:
    bus.handle(build, calls="hosting")
    return bus.publish(ThingOrdered(order_id=uuid4()))[0]


def deny(bus: Bus) -> str:
    with bus.store.hub() as session:
        return doubts.deny(session, effect(bus))


def effect(bus: Bus) -> UUID:
    found: UUID = bus.one("SELECT id FROM effects").id
    return found


def lasts(bus: Bus, delivery: int) -> None:
    """Until the operator reads of it."""
    once(bus, delivery)
    for _ in range(3):
        bus.database.move_clock(61)
        once(bus, delivery)


def is_due(bus: Bus) -> bool:
    due: bool = bus.one("SELECT due_at <= hub_now() AS now FROM deliveries").now
    return due


def test_a_charge_that_a_person_denies_counts_as_not_taken_and_its_customer_may_try_again(
    bus: Bus, payment: int
) -> None:
    lasts(bus, payment)
    assert deny(bus) == "payments.charge at acme"
    assert is_due(bus)
    once(bus, payment)
    assert bus.one("SELECT body->>'reason' AS why FROM messages WHERE type = 'ThingRefused'").why == doubts.NOT_CHARGED
    assert bus.vendor.made == []
    assert states(bus) == ["refused"]


def test_anything_else_that_a_person_denies_is_made_once(bus: Bus, site: int) -> None:
    lasts(bus, site)
    assert deny(bus) == "hosting.create_site at acme"
    bus.vendor.before = lambda: None
    assert is_due(bus)
    once(bus, site)
    assert len(bus.vendor.made) == 1
    assert states(bus) == ["done"]


def test_the_operators_list_names_the_doubt_as_the_command_wants_it(bus: Bus, payment: int) -> None:
    lasts(bus, payment)
    [matter] = listed(bus, "in doubt")
    assert matter.do.endswith(f"arumaldo deny {effect(bus)}")
    deny(bus)
    assert listed(bus, "in doubt") == []


def test_a_doubt_that_may_end_by_itself_is_not_ended_by_a_person(bus: Bus, payment: int) -> None:
    once(bus, payment)
    with pytest.raises(HubError, match="not in doubt for long"):
        deny(bus)
    assert states(bus) == ["unknown"]


def test_a_doubt_is_not_ended_while_a_worker_is_asking(bus: Bus, payment: int) -> None:
    lasts(bus, payment)
    with bus.store.hub() as session:
        session.execute(text("UPDATE deliveries SET holder = 1"))
    with pytest.raises(HubError, match="asking the vendor at this moment"):
        deny(bus)
    assert states(bus) == ["unknown"]


def test_a_doubt_that_is_denied_twice_was_denied_once(bus: Bus, payment: int) -> None:
    lasts(bus, payment)
    deny(bus)
    with pytest.raises(HubError, match="not any more"):
        deny(bus)
    assert states(bus) == ["refused"]
