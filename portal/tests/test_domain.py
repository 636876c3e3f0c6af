"""The customer's own domain on its page: entered, waited for, connected, removed, and nobody else's business."""

from __future__ import annotations

import importlib
import secrets

import pytest

from arumaldo.testing.fixtures import Database

from .conftest import Customer, House, Page


def a_name(begin: str = "bakery") -> str:
    return f"{begin}-{secrets.token_hex(4)}.example"


def enter(anna: Customer, name: str) -> Page:
    page = anna.send(anna.open("/domain"), "/domain", {"domain": name})
    anna.work()
    return page


def delegate(anna: Customer, name: str, database: Database) -> None:
    importlib.import_module("acme_office_of_the_tests").Names.delegated.add(name)
    for _ in range(4):
        database.move_clock(20)
        anna.work()


def state_of(anna: Customer) -> str | None:
    domain = anna.web.get("/onboarding/state").json()["domain"]
    return None if domain is None else str(domain["state"])


def test_a_domain_can_be_entered_once_the_site_is_open(anna: Customer) -> None:
    anna.choose_plan()
    anna.open("/domain")
    assert anna.path == "/onboarding/payment"


def test_the_page_says_which_name_servers_to_enter_and_that_it_goes_on_by_itself(anna: Customer) -> None:
    anna.pay()
    enter(anna, name := a_name())
    page = anna.open("/domain")
    assert "ns1.acme.example" in page.text
    assert "ns2.acme.example" in page.text
    assert 'data-live="swap"' in page.html
    [mail] = anna.mails("name-servers")
    assert name in mail.subject
    assert "ns1.acme.example" in mail.text


def test_without_javascript_nobody_loses_the_name_that_is_half_typed(anna: Customer) -> None:
    anna.pay()
    enter(anna, a_name())
    assert 'http-equiv="refresh" content="30"' in anna.open("/domain").html
    page = anna.send(anna.open("/domain"), "/domain/remove", {"name": "another.example"})
    assert 'http-equiv="refresh"' not in page.html


def test_a_delegated_domain_is_connected_and_the_pages_lead_there(anna: Customer, database: Database) -> None:
    anna.pay()
    enter(anna, name := a_name())
    delegate(anna, name, database)
    page = anna.open("/domain")
    assert "Connected" in page.text
    assert "Protected by a firewall" in page.text
    assert f"http://{name}.localhost" in page.html
    assert name in anna.open("/dashboard").text
    assert len(anna.mails("connected")) == 1


@pytest.mark.parametrize(
    "typed", ["", "bakery", "bakery..example", "-a.example", "192.0.2.1", "bakery.localhost", "a b.example", "x" * 300]
)
def test_what_is_no_domain_is_said_beside_the_field_and_kept_in_it(anna: Customer, typed: str) -> None:
    anna.pay()
    page = anna.send(anna.open("/domain"), "/domain", {"domain": typed})
    assert anna.status == 422
    assert page.form("/domain").values["domain"] == typed
    assert state_of(anna) is None


@pytest.mark.parametrize("around", ["{}", "WWW.{}", "https://www.{}/index.html", "  {}.  "])
def test_a_domain_is_taken_as_people_write_it(anna: Customer, around: str) -> None:
    anna.pay()
    enter(anna, around.format(name := a_name()))
    assert anna.web.get("/onboarding/state").json()["domain"]["name"] == name


def test_a_domain_in_another_script_is_shown_as_it_is_written(anna: Customer) -> None:
    anna.pay()
    enter(anna, name := f"bäckerei-{secrets.token_hex(4)}.example")
    assert name in anna.open("/domain").text
    assert anna.web.get("/onboarding/state").json()["domain"]["name"].startswith("xn--")


def test_a_domain_that_another_customer_has_is_taken(anna: Customer, bert: Customer) -> None:
    anna.pay()
    bert.pay()
    enter(anna, name := a_name())
    page = bert.send(bert.open("/domain"), "/domain", {"domain": name})
    assert bert.status == 422
    assert "This domain is taken" in page.text
    assert state_of(bert) is None


def test_a_domain_that_is_set_up_elsewhere_is_said_to_be_and_may_be_removed(anna: Customer) -> None:
    anna.pay()
    enter(anna, name := a_name("theirs"))
    page = anna.open("/domain")
    assert "set up elsewhere already" in page.text
    assert "Your website goes on at" in page.text
    anna.send(page, "/domain/remove", {"name": name})
    anna.work()
    assert state_of(anna) is None


def test_removing_asks_for_the_name_and_tells_what_it_means(anna: Customer, database: Database) -> None:
    anna.pay()
    enter(anna, name := a_name())
    delegate(anna, name, database)
    page = anna.send(anna.open("/domain"), "/domain/remove", {"name": "another.example"})
    assert anna.status == 422
    assert "does not find it any more" in page.text
    assert state_of(anna) == "live"
    anna.send(page, "/domain/remove", {"name": name.upper()})
    anna.work()
    assert state_of(anna) is None
    assert "Connect your own domain" in anna.open("/domain").text


def test_a_removed_domain_may_be_entered_by_somebody_else(anna: Customer, bert: Customer) -> None:
    anna.pay()
    bert.pay()
    enter(anna, name := a_name())
    anna.send(anna.open("/domain"), "/domain/remove", {"name": name})
    anna.work()
    enter(bert, name)
    assert state_of(bert) == "waiting"


def test_the_same_domain_sent_twice_is_one(anna: Customer) -> None:
    anna.pay()
    page = anna.open("/domain")
    name = a_name()
    for _ in range(2):
        anna.send(page, "/domain", {"domain": name})
        assert anna.path == "/domain"
        assert anna.status == 200
    anna.work()
    assert state_of(anna) == "waiting"


def test_a_form_from_elsewhere_or_without_its_token_changes_nothing(anna: Customer) -> None:
    anna.pay()
    anna.post("/domain", {"domain": a_name()})
    assert anna.status == 403
    token = anna.open("/domain").form("/domain").values["form_token"]
    anna.post("/domain", {"domain": a_name(), "form_token": token}, origin="https://evil.example")
    assert anna.status == 403
    assert state_of(anna) is None


def test_whoever_is_not_logged_in_is_led_there_and_back(house: House) -> None:
    stranger = house.customer()
    stranger.open("/domain")
    assert stranger.path == "/login"
