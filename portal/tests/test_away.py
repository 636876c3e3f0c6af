"""The portal while its database is away, and what it says about faults of its own."""

from __future__ import annotations

import pytest

from arumaldo.demo.embedded import Postgres

from .conftest import Customer, House


@pytest.fixture
def away(house: House, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house after its database has gone: nothing listens where it was."""
    house.customer().open("/")
    engine = house.inst.store.engine
    engine.dispose()
    real = engine.dialect.connect
    monkeypatch.setattr(engine.dialect, "connect", lambda *_, **given: real(**{**given, "port": 1}))
    return house


def test_pages_say_calmly_that_they_will_be_back(away: House) -> None:
    anna = away.customer()
    anna.web.cookies["session"] = "some token"
    page = anna.open("/dashboard")
    assert anna.status == 503
    assert anna.headers["retry-after"] == "5"
    assert "We will be back in a moment" in page.text
    assert "Corner Street Hosting" in page.text
    assert 'http-equiv="refresh"' in page.html


def test_the_first_page_needs_no_database(away: House) -> None:
    anna = away.customer()
    assert "Build my website" in anna.open("/").text


def test_alive_and_ready_are_two_questions(away: House) -> None:
    assert away.web.get("/healthz").status_code == 200
    answer = away.web.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["ready"] is False


def test_ready_says_under_which_configuration(house: House) -> None:
    assert house.web.get("/readyz").json() == {"ready": True, "config_version": house.inst.version}


def test_a_fault_of_ours_gets_a_number_and_no_details(
    house: House, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.sign_up()
    monkeypatch.setattr("arumaldo_portal.pages.dashboard.journey", lambda rows: 1 / 0)
    page = anna.open("/dashboard")
    assert anna.status == 500
    assert "The fault is ours" in page.text
    assert "help@corner.example" in page.text
    assert "ZeroDivision" not in page.html
    assert "frame-ancestors 'none'" in anna.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/nowhere", "/onboarding/questions/5", "/onboarding/questions/0"])
def test_what_is_not_there_is_said_in_words(anna: Customer, path: str) -> None:
    anna.sign_up()
    page = anna.open(path)
    assert anna.status == 404
    assert "There is no such page" in page.text


def test_an_address_that_takes_no_forms_says_so(anna: Customer) -> None:
    page = anna.post("/", {})
    assert anna.status == 405
    assert "This address does not take that" in page.text
