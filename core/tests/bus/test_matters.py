"""The operator's list: what waits for a person says what is wrong, at which job of a plugin, and what to do."""

from __future__ import annotations

import pytest

from arumaldo.bus import clocks
from arumaldo.bus.matters import Matter, matters
from arumaldo.errors import Refused
from arumaldo.flows import domains, facts

from .conftest import Bus, ThingOrdered
from .house import NAME, House
from .shop import DAY, Shop
from .test_effects import build, charge

REASON = "the key was revoked"


@pytest.fixture
def house(bus: Bus) -> House:
    return House(bus)


def listed(bus: Bus, kind: str) -> list[Matter]:
    with bus.store.hub() as session:
        return [matter for matter in matters(session) if matter.kind == kind]


def park(bus: Bus, *capabilities: str) -> None:
    with bus.store.hub() as session:
        for capability in capabilities:
            clocks.park(session, bus.owner.reseller_id, clocks.of("acme", capability), REASON)


def test_while_all_is_well_the_list_is_empty(house: House) -> None:
    with house.bus.store.hub() as session:
        assert matters(session) == []


def test_an_order_that_was_paid_back_is_told_with_its_cause_for_a_day(bus: Bus) -> None:
    shop = Shop(bus)
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.pays()
    shop.reaches("returned")
    [matter] = listed(bus, "failed")
    assert "1 paid order(s) could not be fulfilled" in matter.what
    assert "no room" in matter.what
    assert "The money is back." in matter.what
    bus.database.move_clock(DAY + 60)
    assert listed(bus, "failed") == []


def test_an_order_whose_money_is_not_back_yet_stays_on_the_list(bus: Bus) -> None:
    shop = Shop(bus)
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.books.trouble["give_back"] = [Refused("acme", "not yet settled")]
    shop.pays()
    shop.reaches("failed")
    bus.database.move_clock(2 * DAY)
    [matter] = listed(bus, "failed")
    assert "The money of 1 is on its way back." in matter.what


def test_each_job_for_which_a_plugin_does_not_accept_us_is_a_matter_with_the_steps_that_wait(bus: Bus) -> None:
    bus.handle(build, calls="hosting")
    bus.handle(charge, calls="payments")
    park(bus, "hosting", "customers")
    for owner in (bus.owner, bus.new_owner()):
        for delivery in bus.publish(ThingOrdered(order_id=owner.account_id), owner):
            bus.runner().run(delivery)
    found = {matter.subject: matter for matter in listed(bus, "parked")}
    assert {name: matter.waiting for name, matter in found.items()} == {"acme/hosting": 2, "acme/customers": 0}
    assert found["acme/hosting"].what == f"acme does not accept us for hosting: {REASON}"
    assert found["acme/hosting"].do == (
        "Set its key right, start the hub's processes again, then: arumaldo resume acme"
    )


def test_what_the_list_says_about_a_parked_plugin_is_what_helps(bus: Bus) -> None:
    park(bus, "hosting", "payments")
    [plugin] = {matter.do.rpartition(" ")[2] for matter in listed(bus, "parked")}
    with bus.store.hub() as session:
        clocks.resume(session, plugin)
    assert listed(bus, "parked") == []


def test_a_job_at_which_a_plugin_fails_again_and_again_is_a_matter_and_a_single_failure_is_none(bus: Bus) -> None:
    with bus.store.hub() as session:
        for _ in range(clocks.BREAKS_AFTER):
            clocks.failed(session, bus.owner.reseller_id, "acme/dns", "503", None)
        clocks.failed(session, bus.owner.reseller_id, "acme/email", "503", None)
    [matter] = listed(bus, "unavailable")
    assert (matter.subject, matter.what) == ("acme/dns", "acme fails at dns: 503")


def test_a_domain_that_was_there_before_is_a_matter_with_the_order_that_lets_us_use_it(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.until("taken")
    [matter] = listed(house.bus, "taken")
    assert matter.subject == NAME
    assert matter.do.endswith(f"arumaldo adopt {NAME}")
    assert "Nothing was changed there" in matter.what
    domains.adopt_domain(house.inst, NAME)
    assert listed(house.bus, "taken") == []


def test_a_zone_from_before_us_that_is_given_up_is_a_matter_for_two_weeks(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.until("taken")
    domains.adopt_domain(house.inst, NAME)
    house.until("waiting")
    house.gives_up()
    house.until(None)
    [matter] = listed(house.bus, "left")
    assert matter.subject == NAME
    assert "is not put back" in matter.what
    house.bus.database.move_clock(15 * DAY)
    assert listed(house.bus, "left") == []


def test_a_zone_of_ours_that_is_given_up_is_no_matter(house: House) -> None:
    house.enters()
    house.until("waiting")
    house.gives_up()
    house.until(None)
    assert listed(house.bus, "left") == []


def test_a_domain_that_was_refused_is_a_matter_until_the_customer_removes_it(house: House) -> None:
    house.books.trouble["put_records"] = [Refused("acme", "too many records")]
    house.enters()
    house.until("refused")
    [matter] = listed(house.bus, "domain")
    assert "too many records" in matter.what
    assert "Nothing was changed there" not in matter.what
    assert "Its zone is still at the dns provider" in matter.what
    assert "may remove it" in matter.do
    assert "adopt" not in matter.do
    house.gives_up()
    house.until(None)
    assert listed(house.bus, "domain") == []


def test_a_domain_whose_zone_was_refused_is_a_matter_that_speaks_of_no_zone(house: House) -> None:
    house.books.trouble["before create_zone"] = [Refused("acme", "no such ending.")]
    house.enters()
    house.until("refused")
    [matter] = listed(house.bus, "domain")
    assert matter.what == f"{NAME} could not be connected: no such ending."


@pytest.mark.parametrize("who", ["host_waits", "shield_waits"])
def test_a_domain_that_is_not_open_a_day_after_its_delegation_is_a_matter_until_it_is(house: House, who: str) -> None:
    setattr(house.books, who, ["the certificate is being made"] * 3)
    house.books.delegated = True
    house.enters()
    house.works(lambda: house.bus.one("SELECT note FROM domains").note != "")
    assert listed(house.bus, "domain") == []
    house.bus.database.move_clock(DAY)
    [matter] = listed(house.bus, "domain")
    assert matter.what.startswith(f"{NAME} is delegated, and not connected yet. Its customer reads: ")
    assert matter.what.endswith("the certificate is being made")
    house.until("live", step=600)
    assert listed(house.bus, "domain") == []


def test_a_mail_that_was_refused_is_a_matter_that_names_its_kind_and_whom_to_reach(house: House) -> None:
    house.books.trouble["send_mail"] = [Refused("acme", "no such address")]
    house.enters()
    house.works(lambda: bool(listed(house.bus, "not mailed")))
    [matter] = listed(house.bus, "not mailed")
    assert "anna@example.com" in matter.what
    assert "no such address" in matter.what
    assert "Reach the customer otherwise" in matter.do


def test_a_note_that_is_late_is_no_matter_of_something_that_a_vendor_would_not_take_away(house: House) -> None:
    house.enters()
    domain = house.domain()
    assert domain is not None
    with house.store.of(house.bus.owner) as rows:
        rows.publish(facts.DomainRefused(domain_id=domain.id, reason="not this one"))
    house.bus.database.move_clock(3600)
    assert listed(house.bus, "refused") == []


@pytest.mark.parametrize("hook", ["remove_domain", "remove_zone"])
def test_what_a_vendor_will_not_take_away_of_a_domain_is_a_matter_until_it_is_gone(house: House, hook: str) -> None:
    house.enters()
    house.until("waiting")
    house.books.trouble[hook] = [Refused("acme", "not today")]
    house.gives_up()
    house.works(lambda: bool(listed(house.bus, "refused")), step=120, rounds=25)
    house.until(None, step=600)
    assert listed(house.bus, "refused") == []
