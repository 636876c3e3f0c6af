"""The customer's own domain on its page: entered, waited for, connected, removed, and nobody else's business."""

from __future__ import annotations

import importlib
import secrets

import pytest

from arumaldo.capabilities.dns import Shield
from arumaldo.store.domains import Domain
from arumaldo.testing.fixtures import Database

from .conftest import BASE, Customer, House, Page


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
    assert "This domain is in use already" in page.text
    assert state_of(bert) is None


def test_a_domain_that_is_set_up_elsewhere_is_said_to_be(anna: Customer) -> None:
    anna.pay()
    enter(anna, a_name())
    with anna.inst.store.of(anna.owner) as rows:
        domain = rows.all(Domain)[0]
        domain.state, domain.problem = "taken", "it exists at the provider, and we did not make it"
    page = anna.open("/domain")
    assert "set up elsewhere already" in page.text
    assert "Your website goes on at" in page.text
    assert "we did not make it" in page.text
    assert "stops" not in page.text


def test_a_domain_that_somebody_else_has_is_refused_with_the_reason_and_may_be_removed(anna: Customer) -> None:
    anna.pay()
    enter(anna, name := a_name("theirs"))
    page = anna.open("/domain")
    assert "could not be connected" in page.text
    assert "somebody else has it" in page.text
    assert page.form("/domain/remove").values["name"] == name
    anna.send(page, "/domain/remove")
    anna.work()
    assert state_of(anna) is None


def test_a_domain_that_could_not_be_connected_is_tried_again_by_two_buttons(anna: Customer) -> None:
    anna.pay()
    enter(anna, name := a_name("theirs"))
    page = anna.open("/domain")
    again = anna.web.post(
        "/domain/remove", data=page.form("/domain/remove").values | {"again": "yes"}, headers={"origin": BASE}
    )
    anna.work()
    page = anna.open(f"{again.url.path}?{again.url.query.decode()}")
    assert page.form("/domain").values["domain"] == name
    anna.send(page, "/domain")
    assert anna.web.get("/onboarding/state").json()["domain"]["name"] == name


@pytest.mark.parametrize(("state", "warned"), [("refused", False), ("delegated", True), ("taken", False)])
def test_a_removal_warns_of_lost_mail_only_where_the_domain_may_be_in_use(
    anna: Customer, database: Database, state: str, warned: bool
) -> None:
    anna.pay()
    enter(anna, a_name())
    with anna.inst.store.of(anna.owner) as rows:
        domain = rows.all(Domain)[0]
        domain.state = "refused" if state == "delegated" else state
        domain.problem, domain.delegated_at = "no such thing here", rows.now() if warned else None
    page = anna.open("/domain")
    assert "We were told: no such thing here" in page.text
    assert ("Nothing was connected to it" in page.text) is not warned
    assert ("mail under this name stops" in page.text) is warned


@pytest.mark.parametrize("state", ["waiting", "taken", "live"])
def test_a_second_tab_that_enters_another_domain_is_led_to_the_removal_of_the_first(anna: Customer, state: str) -> None:
    anna.pay()
    stale = anna.open("/domain")
    enter(anna, name := a_name())
    with anna.inst.store.of(anna.owner) as rows:
        rows.all(Domain)[0].state = state
    page = anna.send(stale, "/domain", {"domain": a_name()})
    assert f"To connect another domain, remove {name} first." in page.text
    assert ("a", {"href": "#remove"}) in page.tags
    assert [tag for tag, given in page.tags if given.get("id") == "remove"]


def test_a_second_tab_that_enters_a_domain_while_the_first_is_removed_is_told_to_wait(anna: Customer) -> None:
    anna.pay()
    stale = anna.open("/domain")
    enter(anna, name := a_name())
    anna.send(anna.open("/domain"), "/domain/remove", {"name": name})
    page = anna.send(stale, "/domain", {"domain": a_name()})
    assert f"{name} is being removed just now." in page.text
    assert ("a", {"href": "#main"}) in page.tags


@pytest.mark.parametrize(
    ("encrypted", "https_only", "said"),
    [
        ("to the host", True, "Encrypted for every visitor"),
        ("to the host", False, "Encrypted for visitors whose address begins with https"),
        ("to the provider", True, "Encrypted between every visitor and the network in front of your website"),
        ("to the provider", False, "Encrypted up to the network in front of your website, for"),
        ("none", False, ""),
    ],
)
def test_no_more_is_said_of_the_encryption_than_is_true(
    anna: Customer, encrypted: str, https_only: bool, said: str
) -> None:
    anna.pay()
    enter(anna, a_name())
    with anna.inst.store.of(anna.owner) as rows:
        domain = rows.all(Domain)[0]
        domain.state, domain.url = "live", "https://bakery.example"
        domain.shield = Shield(encrypted=encrypted, https_only=https_only, cached=True, firewall=True).model_dump()
    page = anna.open("/domain")
    assert said in page.text
    assert ("Encrypted" in page.text) is bool(said)
    assert ("Encrypted for every visitor" in page.text) is (said == "Encrypted for every visitor")


def test_before_the_name_servers_are_replaced_the_page_says_that_mail_at_the_domain_stops(anna: Customer) -> None:
    anna.pay()
    assert "Write to help@corner.example first" in anna.open("/domain").text
    enter(anna, name := a_name())
    page = anna.open("/domain").text
    warning = f"E-mail at {name} stops once these name servers are entered"
    assert page.index(warning) < page.index("ns1.acme.example")
    assert "write to help@corner.example before you change anything" in page


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
