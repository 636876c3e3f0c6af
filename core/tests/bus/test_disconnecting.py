"""A domain that a customer gives up, with vendors that fail where it hurts: nothing of it is left behind."""

from __future__ import annotations

import pytest

from arumaldo.errors import HubError, OutcomeUnknown, Refused
from arumaldo.flows import domains, facts
from arumaldo.flows.typed import Invalid

from .conftest import Bus, ProcessDied
from .house import NAME, House, another_open_site
from .shop import DAY


@pytest.fixture
def house(bus: Bus) -> House:
    return House(bus)


def stand(house: House, handler: str) -> list[str]:
    """How its deliveries stand."""
    found = house.bus.all("SELECT state FROM deliveries WHERE handler = :handler ORDER BY id", handler=handler)
    return [row.state for row in found]


def test_a_domain_that_is_given_up_while_its_zone_is_in_doubt_leaves_nothing_behind(house: House) -> None:
    house.books.trouble["after create_zone"] = [OutcomeUnknown("acme", "the line broke")]
    house.enters()
    house.works(lambda: bool(house.books.zones), step=0.1)
    house.gives_up()
    house.until(None)
    assert house.books.zones == {}


@pytest.mark.parametrize("hook", ["remove_domain", "remove_zone"])
def test_what_a_vendor_would_not_take_away_is_asked_for_again_until_it_is_gone(house: House, hook: str) -> None:
    house.enters()
    house.until("waiting")
    house.books.trouble[hook] = [Refused("acme", "not today")] * 2
    house.gives_up()
    house.until(None, step=600)
    assert house.books.zones == {}


def test_while_something_of_a_domain_waits_to_be_taken_away_the_other_steps_of_its_account_go_on(house: House) -> None:
    house.enters()
    house.until("waiting")
    house.books.trouble["remove_domain"] = [Refused("acme", "not today")]
    house.gives_up()
    house.works(lambda: stand(house, "begin_the_removal_again") == ["waiting"])
    domain = house.domain()
    assert domain is not None
    with house.store.of(house.bus.owner) as rows:
        rows.publish(facts.DomainRefused(domain_id=domain.id, reason="a step without a vendor"))
    house.works(lambda: stand(house, "note_that_the_domain_was_refused") == ["done"], rounds=5)
    assert stand(house, "begin_the_removal_again") == ["waiting"]


def test_a_name_is_free_for_others_only_when_nothing_of_it_is_left(house: House) -> None:
    other = another_open_site(house)
    house.enters()
    house.until("waiting")
    with pytest.raises(Invalid, match="in use already"):
        house.enters(owner=other)
    house.gives_up()
    with pytest.raises(Invalid, match="in use already"):
        house.enters(owner=other)
    house.until(None)
    house.enters(owner=other)


def test_the_operator_frees_a_name_whose_owner_is_another_customer(house: House) -> None:
    other = another_open_site(house)
    house.enters()
    house.until("waiting")
    for _ in range(2):
        assert domains.release_domain(house.inst, NAME) == NAME
    house.until(None)
    assert house.books.zones == {}
    house.enters(owner=other)


def test_a_name_that_nobody_has_cannot_be_freed_and_an_open_one_only_where_that_is_said(house: House) -> None:
    with pytest.raises(HubError, match=f"no customer has entered {NAME}"):
        domains.release_domain(house.inst, NAME)
    house.books.delegated = True
    house.enters()
    house.until("live")
    with pytest.raises(HubError, match=f"a website is open at {NAME}.* --live"):
        domains.release_domain(house.inst, NAME)
    house.until("live")
    domains.release_domain(house.inst, NAME, live=True)
    house.until(None)
    assert house.stands() == "live"


@pytest.mark.parametrize("where", ["before create_zone", "after create_zone"])
def test_a_domain_that_is_given_up_after_the_worker_died_at_its_zone_leaves_nothing_behind(
    house: House, where: str
) -> None:
    house.books.trouble[where] = [ProcessDied()]
    house.enters()
    house.is_killed()
    house.gives_up()
    house.until(None)
    house.bus.database.move_clock(DAY)
    for _ in range(3):
        house.works(lambda: True)
    assert house.books.zones == {}
    assert house.books.done.count("zone removed") == house.books.done.count("zone made")


@pytest.mark.parametrize("state", ["waiting", "live"])
def test_a_domain_is_given_up_at_the_host_first_and_each_thing_once(house: House, state: str) -> None:
    house.books.delegated = state == "live"
    house.enters()
    house.until(state)
    house.books.done.clear()
    house.gives_up()
    house.gives_up()
    house.until(None)
    assert house.books.done == ["detached", "zone removed"]
    assert house.stands() == "live"


def test_a_worker_that_is_killed_while_a_domain_leaves_is_followed_by_another(house: House) -> None:
    house.enters()
    house.until("waiting")
    house.books.trouble["remove_zone"] = [ProcessDied()]
    house.gives_up()
    house.is_killed()
    house.until(None)
    assert house.books.zones == {}
