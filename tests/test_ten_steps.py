"""All ten steps with all six vendors: what each customer has at the end, and what happens when one fails for good."""

from __future__ import annotations

import re
import secrets
from decimal import Decimal

import pytest

from .customer import Onboarded, customer
from .platform import Platform, eventually
from .tour import refusing

pytestmark = pytest.mark.slow

KINDS = ("confirm", "receipt", "handover")
SUBSCRIBE, INVOICES = "POST /billing/v1/subscriptions", "/billing/v1/"


def a_domain() -> str:
    return f"hearth-{secrets.token_hex(4)}.example"


def matters(platform: Platform, kind: str) -> list[str]:
    """What a person would read in the operator's list about mails and domains that did not come through."""
    queries = {
        "set aside": "SELECT handler FROM deliveries WHERE state = 'quarantined'",
        "not mailed": "SELECT kind FROM mails WHERE state = 'refused'",
    }
    return [str(value) for (value,) in platform.rows(queries[kind])]


def zones(platform: Platform, name: str) -> list[str]:
    return [entry.state for entry in platform.ledger("cloudflare", "zones") if entry.facts["name"] == name]


def money_is_back(made: Onboarded, platform: Platform) -> bool:
    charges = platform.ledger("authorizenet", "charges")
    return "has been returned" in made.page("/onboarding/progress") and charges[-1].state == "undone"


# What everybody has at the end.


def test_a_customer_who_walks_all_ten_steps_has_one_of_everything_at_every_vendor(platform: Platform) -> None:
    report = platform.walk(3)
    assert list(report.reasons) == []
    assert report.agrees
    ledgers = report.ledgers
    assert (ledgers["zoho"]["contacts"], ledgers["zoho"]["subscriptions"]) == (3, 3)
    assert (ledgers["authorizenet"]["charges"], ledgers["pressable"]["sites"]) == (3, 3)
    assert (ledgers["cloudflare"]["zones"], ledgers["brevo"]["contacts"]) == (3, 3)
    sorts = {kind: count for kind, count in ledgers["brevo"].items() if kind.startswith("emails: ")}
    assert sorts == {f"emails: {kind}": 3 for kind in (*KINDS, "name-servers", "connected")}
    assert ledgers["openai"]["responses"] >= 3


def test_the_first_invoice_is_the_price_that_was_shown_to_the_cent_and_is_paid(platform: Platform) -> None:
    made = platform.during(lambda: customer(platform).until_paying().until_live())
    [(total, currency)] = platform.rows("SELECT total, currency FROM orders WHERE id = %s", made.state()["order_id"])
    [(number,)] = platform.rows(
        "SELECT invoice_number FROM subscriptions WHERE order_id = %s", made.state()["order_id"]
    )
    [invoice] = [one for one in platform.ledger("zoho", "invoices") if one.facts["number"] == number]
    assert Decimal(invoice.facts["total"].split()[0]) == Decimal(total) / 100
    assert Decimal(invoice.facts["balance"].split()[0]) == 0
    [receipt] = made.letters("receipt")
    assert number in receipt.text
    assert currency == "USD"


def test_nobody_pays_before_the_address_is_shown_to_be_theirs(platform: Platform) -> None:
    def job() -> None:
        made = customer(platform).until_preview().chooses_a_plan_only().until("confirm")
        assert not made.can_pay()
        assert "Open the link in that mail" in made.page("/onboarding/payment")
        made.confirms().until("payment").pays().until_live()

    platform.during(job)


def test_the_site_is_open_at_the_hosts_own_address_before_the_domain_and_at_the_domain_after_it(
    platform: Platform,
) -> None:
    def job() -> None:
        made = customer(platform).until_paying().until_live()
        assert made.shows_its_site()
        [handover] = eventually(lambda: made.letters("handover"))
        assert made.state()["site_url"] in handover.text
        made.enters(name := a_domain())
        made.until_domain("waiting")
        assert made.shows_its_site()
        [told] = eventually(lambda: made.letters("name-servers"))
        assert all(server in told.text for server in made.domain()["name_servers"])
        made.delegates().until_domain("live")
        assert name in made.domain()["url"]
        assert made.shows_its_site_at(made.domain()["url"])

    platform.during(job)


def test_a_site_is_open_at_its_domain_while_the_network_before_it_has_no_certificate_yet(platform: Platform) -> None:
    name = a_domain()

    def job() -> None:
        made = customer(platform).until_paying().until_live()
        with platform.switch("cloudflare", f"shield:{name}", "waiting"):
            made.enters(name)
            made.until_domain("waiting").delegates().until_domain("attached")
            eventually(lambda: "open at your domain already" in made.page("/domain"))
            assert made.shows_its_site_at(made.domain()["url"])
        made.until_domain("live")
        assert made.shows_its_site_at(made.domain()["url"])

    platform.during(job)
    records = [one for one in platform.ledger("cloudflare", "records") if one.facts["name"].endswith(name)]
    assert {one.facts["proxied"] for one in records} == {"True"}


# A domain belongs to one customer, and what was there before us stays as it was.


def test_a_second_customer_who_enters_the_first_ones_domain_is_told_that_it_is_in_use(platform: Platform) -> None:
    name = a_domain()

    def job() -> None:
        first, second = customer(platform).until_paying(), customer(platform).until_paying()
        first.until_live().connects(name)
        second.until_live()
        assert "This domain is in use already" in second.is_refused(f"https://WWW.{name.upper()}/")
        assert second.domain() == {}

    platform.during(job)
    assert zones(platform, name) == ["live"]


def test_a_zone_that_was_there_before_us_is_not_changed_until_somebody_says_so_and_never_undone(
    platform: Platform,
) -> None:
    name, inst = a_domain(), platform

    def records() -> list[str]:
        found = [one for one in inst.ledger("cloudflare", "records") if one.facts["name"].endswith(name)]
        return sorted(f"{one.facts['type']} {one.facts['name']} {one.facts['content']}" for one in found)

    def job() -> None:
        platform.control("PUT", f"cloudflare/switches/before:{name}", value="A 192.0.2.200")
        made = customer(platform).until_paying().until_live()
        made.enters(name)
        made.until_domain("taken")
        assert "set up elsewhere already" in made.page("/domain")
        assert records() == [f"A {name} 192.0.2.200"]
        made.removes_the_domain()
        eventually(lambda: made.domain() == {})
        assert records() == [f"A {name} 192.0.2.200"]
        assert zones(platform, name) == ["live"]

    platform.during(job)


def test_a_domain_that_was_given_up_is_free_for_somebody_else(platform: Platform) -> None:
    name = a_domain()

    def job() -> None:
        first, second = customer(platform).until_paying(), customer(platform).until_paying()
        address = first.until_live().connects(name)
        assert first.shows_its_site_at(address)
        first.removes_the_domain()
        eventually(lambda: first.domain() == {})
        assert first.shows_its_site()
        assert second.until_live().connects(name) == address
        assert second.shows_its_site_at(address)

    platform.during(job)
    assert zones(platform, name) == ["undone", "live"]


# Each vendor fails for good at its step.


def test_when_the_crm_will_not_have_a_contact_the_site_opens_all_the_same_and_a_person_is_told(
    platform: Platform,
) -> None:
    def job() -> None:
        with refusing(platform, "zoho", "/crm/v8/Contacts"):
            made = customer(platform).until_paying().until_live()
            assert made.shows_its_site()

    platform.during(job)
    assert "put_the_contact" in matters(platform, "set aside")


def test_when_the_mail_service_will_not_have_an_address_the_page_says_so_and_takes_another(platform: Platform) -> None:
    def job() -> None:
        with refusing(platform, "brevo", "POST /v3/smtp/email"):
            made = customer(platform)
            eventually(lambda: "was not accepted" in made.page("/onboarding/confirm"))
        assert "Another e-mail address" in made.page("/onboarding/confirm")

    platform.during(job)


def test_when_the_receipt_and_the_handover_cannot_be_mailed_the_site_is_open_and_a_person_is_told(
    platform: Platform,
) -> None:
    def job() -> None:
        made = customer(platform).until_preview().chooses_a_plan().until("payment")
        with refusing(platform, "brevo", "POST /v3/smtp/email"):
            made.pays().until_live()
            eventually(lambda: {"receipt", "handover"} <= set(matters(platform, "not mailed")))
        assert made.shows_its_site()

    platform.during(job)


def test_when_the_writer_will_not_write_nothing_is_charged_and_the_page_offers_another_try(platform: Platform) -> None:
    def job() -> None:
        with refusing(platform, "openai", "/responses"):
            made = customer(platform).answers_all()
            eventually(lambda: "Try again" in made.page("/onboarding/preview"))
        assert made.state()["order_id"] is None

    platform.during(job)


def test_when_the_books_will_not_have_the_subscription_all_of_the_money_comes_back(platform: Platform) -> None:
    sites = platform.live("pressable", "sites")

    def job() -> Onboarded:
        with refusing(platform, "zoho", SUBSCRIBE):
            return customer(platform).until_paying().until("returned")

    made = platform.during(job)
    assert money_is_back(made, platform)
    assert platform.live("pressable", "sites") == sites
    [letter] = platform.during(lambda: eventually(lambda: made.letters("money-back")))
    assert "on its way back to your card" in letter.text


def test_when_the_gateway_declines_for_good_nothing_is_charged_and_another_card_may_be_tried(
    platform: Platform,
) -> None:
    charges = platform.live("authorizenet", "charges")

    def job() -> None:
        made = customer(platform).until_paying(card="declined").until("declined")
        assert made.can_pay()

    platform.during(job)
    assert platform.live("authorizenet", "charges") == charges


def test_when_the_host_cannot_make_the_site_the_money_comes_back_and_the_subscription_ends(platform: Platform) -> None:
    def job() -> Onboarded:
        with platform.switch("pressable", "sites", "broken"):
            return customer(platform).until_paying().until("returned")

    made = platform.during(job)
    assert money_is_back(made, platform)
    order = made.state()["order_id"]
    ended = "SELECT kept_id FROM subscriptions WHERE order_id = %s AND state = 'removed'"
    [(kept,)] = platform.during(lambda: eventually(lambda: platform.rows(ended, order)))
    [entry] = [one for one in platform.ledger("zoho", "subscriptions") if one.id == kept]
    assert entry.state == "undone"


def test_when_the_domain_cannot_be_prepared_the_site_stays_open_and_the_page_says_why(platform: Platform) -> None:
    def job() -> None:
        made = customer(platform).until_paying().until_live()
        with refusing(platform, "cloudflare", "/dns_records"):
            made.enters(a_domain())
            made.until_domain("refused")
        page = made.page("/domain")
        assert "could not be connected" in page
        assert re.search(r"Your website goes on at", page)
        assert made.shows_its_site()
        assert made.state()["step"] == "live"

    platform.during(job)
