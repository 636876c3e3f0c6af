"""A domain of the customer's own, with vendors that fail where it hurts: the site is never without an address."""

from __future__ import annotations

import pytest

from arumaldo.errors import OutcomeUnknown, Refused, Unavailable
from arumaldo.flows import domains
from arumaldo.flows.typed import Invalid

from .conftest import Bus, ProcessDied
from .house import NAME, House
from .shop import DAY


@pytest.fixture
def house(bus: Bus) -> House:
    return House(bus)


def in_doubt(house: House) -> bool:
    found = house.bus.all("SELECT state FROM effects WHERE step = 'dns.create_zone'")
    return [row.state for row in found] == ["unknown"]


def test_a_domain_is_connected_in_the_order_in_which_the_site_is_never_unreachable(house: House) -> None:
    house.enters()
    house.until("waiting")
    assert house.books.done == ["zone made", "records put"]
    house.books.delegated = True
    house.until("live")
    assert house.books.done == ["zone made", "records put", "attached", "shielded"]
    house.works(lambda: house.books.mailed.count("name-servers") == house.books.mailed.count("connected") == 1)


def test_a_zone_that_was_there_before_is_taken_and_neither_changed_nor_removed(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.until("taken")
    house.gives_up()
    house.until(None)
    assert list(house.books.zones) == ["z-old"]
    assert set(house.books.done) == {"detached"}


def test_a_zone_that_was_there_before_stays_when_its_domain_is_given_up_before_anybody_has_looked(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.works(lambda: in_doubt(house), step=0)
    house.gives_up()
    house.until(None)
    assert list(house.books.zones) == ["z-old"]
    assert house.bus.one("SELECT state FROM effects WHERE step = 'dns.create_zone'").state == "refused"


def test_a_zone_that_we_are_told_to_use_gets_our_records_and_is_never_removed(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.until("taken")
    house.books.delegated = True
    domains.adopt_domain(house.inst, NAME)
    house.until("live")
    house.gives_up()
    house.until(None)
    assert list(house.books.zones) == ["z-old"]
    assert house.books.done == [
        "records put", "attached", "shielded, and the rest left", "detached", "records taken back"
    ]  # fmt: skip
    assert house.books.records == []


def test_of_a_zone_that_is_not_ours_records_are_taken_back_also_after_a_worker_died_at_them(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.until("taken")
    house.books.trouble["after put_records"] = [ProcessDied()]
    domains.adopt_domain(house.inst, NAME)
    house.is_killed()
    house.gives_up()
    house.until(None)
    assert "records put" in house.books.done
    assert house.books.records == []


def test_a_zone_whose_answer_was_lost_is_ours_and_is_one(house: House) -> None:
    house.books.trouble["after create_zone"] = [OutcomeUnknown("acme", "the line broke")]
    house.enters()
    house.until("waiting")
    assert len(house.books.zones) == 1
    house.gives_up()
    house.until(None)
    assert house.books.zones == {}


def test_a_domain_that_nobody_delegates_is_refused_after_four_weeks_and_the_site_stays(house: House) -> None:
    house.enters()
    house.until("waiting")
    house.until("refused", step=DAY)
    domain = house.domain()
    assert domain is not None
    assert "name servers were never entered" in (domain.problem or "")
    assert house.stands() == "live"


def test_a_zone_that_the_provider_gave_up_is_told_in_the_same_words(house: House) -> None:
    house.enters()
    house.until("waiting")
    house.books.zones.clear()
    house.until("refused")
    assert house.stands() == "live"


@pytest.mark.parametrize("hook", ["put_records", "put_domain", "put_shield"])
def test_whoever_refuses_the_domain_the_site_stays_open_and_the_order_is_not_touched(house: House, hook: str) -> None:
    house.books.delegated = True
    house.books.trouble[hook] = [Refused("acme", "not this one")]
    house.enters()
    house.until("refused")
    assert house.stands() == "live"
    assert house.books.returned == []
    house.gives_up()
    house.until(None)
    assert house.books.zones == {}


@pytest.mark.parametrize("hook", ["before create_zone", "put_records", "put_domain", "put_shield"])
def test_whoever_is_away_for_a_while_the_domain_is_connected_in_the_end(house: House, hook: str) -> None:
    house.books.delegated = True
    house.books.trouble[hook] = [Unavailable("acme", "503")] * 8
    house.enters()
    house.until("live")
    assert len(house.books.zones) == 1


def test_only_what_was_taken_before_us_can_be_adopted(house: House) -> None:
    with pytest.raises(Exception, match="no customer has entered"):
        domains.adopt_domain(house.inst, NAME)
    house.enters()
    house.until("waiting")
    with pytest.raises(Exception, match="is waiting"):
        domains.adopt_domain(house.inst, NAME)


def test_a_domain_is_kept_as_it_is_written_in_the_address_bar() -> None:
    typed = {
        "Sunrise-Bakery.com": "sunrise-bakery.com",
        " https://www.sunrise.example/a?b ": "sunrise.example",
        "bäckerei.example": "xn--bckerei-5wa.example",
        "sunrise.co.uk.": "sunrise.co.uk",
    }
    assert [domains.clean_domain(name) for name in typed] == list(typed.values())


def test_a_zone_whose_maker_was_killed_is_one_and_connected(house: House) -> None:
    house.books.trouble["after create_zone"] = [ProcessDied()]
    house.enters()
    house.is_killed()
    house.books.delegated = True
    house.until("live")
    assert house.books.done.count("zone made") == 1


def test_a_name_that_the_provider_will_not_take_is_refused_with_its_reason_and_may_be_entered_again(
    house: House,
) -> None:
    house.books.trouble["before create_zone"] = [Refused("acme", "this is no name that can be registered")]
    house.enters()
    house.until("refused")
    domain = house.domain()
    assert domain is not None
    assert "no name that can be registered" in (domain.problem or "")
    assert house.books.done == []
    assert house.stands() == "live"
    house.gives_up()
    house.until(None)
    house.enters()
    house.until("waiting")


def test_a_provider_that_is_away_for_a_day_is_no_sign_that_somebody_else_has_the_domain(house: House) -> None:
    house.books.trouble["before create_zone"] = [Unavailable("acme", "503")] * 100
    house.enters()
    house.until("refused", step=1800)
    domain = house.domain()
    assert domain is not None
    assert "has not been available for a day" in (domain.problem or "")


def test_a_zone_that_we_may_use_and_that_is_gone_meanwhile_is_made_and_is_ours(house: House) -> None:
    house.books.was_there()
    house.enters()
    house.until("taken")
    house.books.zones.clear()
    domains.adopt_domain(house.inst, NAME)
    house.until("waiting")
    assert house.books.done.count("zone made") == 1
    house.gives_up()
    house.until(None)
    assert house.books.zones == {}


@pytest.mark.parametrize("who", ["host_waits", "shield_waits"])
def test_whoever_has_to_wait_says_why_and_the_page_forgets_it_once_it_is_done(house: House, who: str) -> None:
    setattr(house.books, who, ["the certificate is being made"] * 3)
    house.books.delegated = True
    house.enters()

    def is_noted() -> bool:
        domain = house.domain()
        return domain is not None and domain.note.endswith("the certificate is being made")

    house.works(is_noted)
    house.until("live", step=60)
    domain = house.domain()
    assert domain is not None
    assert domain.note == ""


@pytest.mark.parametrize("who", ["host_waits", "shield_waits"])
def test_what_never_gets_ready_is_refused_after_four_weeks_with_what_it_waited_for(house: House, who: str) -> None:
    setattr(house.books, who, ["the name servers lead elsewhere."] * 100)
    house.books.delegated = True
    house.enters()
    house.until("refused", step=DAY)
    domain = house.domain()
    assert domain is not None
    assert "four weeks" in (domain.problem or "")
    assert "the name servers lead elsewhere. Remove" in (domain.problem or "")
    assert domain.note == ""
    assert house.stands() == "live"


def test_while_the_network_before_the_site_is_made_ready_the_page_says_that_the_site_is_open(house: House) -> None:
    house.books.shield_waits = ["The certificate is being made."] * 3
    house.books.delegated = True
    house.enters()

    def is_told() -> bool:
        domain = house.domain()
        told = "Your website is open at your domain already. The certificate is being made."
        return domain is not None and (domain.state, domain.note) == ("attached", told)

    house.works(is_told)
    assert "shielded" not in house.books.done


def test_the_records_that_are_put_lead_to_the_host_with_and_without_www(house: House) -> None:
    house.enters()
    house.until("waiting")
    assert [(one.type, one.name, one.content) for one in house.books.records] == [
        ("A", "@", "192.0.2.1"),
        ("A", "www", "192.0.2.1"),
    ]


def test_the_longest_domain_that_there_can_be_is_told_by_mail_like_any_other(house: House) -> None:
    longest = ".".join(["a" * 60] * 4)
    house.enters(longest)
    house.works(lambda: "name-servers" in house.books.mailed)
    assert len(house.books.sent[-1].subject) == 200
    assert longest in house.books.sent[-1].text


def test_a_site_has_one_domain_and_the_same_one_entered_twice_is_one(house: House) -> None:
    house.enters()
    house.enters(f"https://www.{NAME}/")
    with pytest.raises(Invalid, match="Remove the domain that is there first"):
        house.enters("moonrise.example")
    house.until("waiting")
    assert house.books.done.count("zone made") == 1


def test_without_an_open_site_no_domain_is_claimed(house: House) -> None:
    stranger = house.bus.new_owner()
    with pytest.raises(Invalid, match="as soon as your website is open"):
        house.enters(owner=stranger)
    house.enters()
    house.until("waiting")
