"""The mail address: nobody pays before it is shown to be theirs, and nothing on the way there is a dead end."""

from __future__ import annotations

import re

import pytest

from arumaldo.testing.fixtures import Database

from .conftest import Customer, House

PLAN = {"plan": "starter", "country": "US", "postal_code": "97201"}


def waits(anna: Customer) -> None:
    """Up to the payment, without a look at the mail."""
    anna.approve()
    anna.send(anna.open("/onboarding/plan"), "/onboarding/plan", PLAN)
    anna.work()


def test_the_payment_waits_until_the_link_was_followed(anna: Customer) -> None:
    waits(anna)
    page = anna.open("/onboarding/payment")
    assert anna.path == "/onboarding/confirm"
    assert anna.email in page.text
    anna.confirm()
    assert anna.path == "/onboarding/payment"


def test_a_payment_that_is_sent_all_the_same_leads_back_to_the_question(anna: Customer) -> None:
    waits(anna)
    order = anna.web.get("/onboarding/state").json()["order_id"]
    token = anna.open("/onboarding/confirm").form("/onboarding/confirm").values["form_token"]
    anna.post("/onboarding/payment", {"form_token": token, "order_id": order, "token": "good"})
    assert anna.path == "/onboarding/confirm"
    assert anna.web.get("/onboarding/state").json()["step"] == "confirm"


def test_opening_the_link_confirms_nothing_for_mail_programs_open_links_too(anna: Customer) -> None:
    waits(anna)
    assert "Is this your address?" in anna.open(anna.link()).text
    assert anna.web.get("/onboarding/state").json()["step"] == "confirm"


def test_a_link_works_once_more_and_on_another_device(house: House, anna: Customer) -> None:
    waits(anna)
    link = anna.link()
    phone = house.customer()
    page = phone.send(phone.open(link), link)
    assert "Your address is confirmed" in page.text
    again = phone.send(phone.open(link), link)
    assert "Your address is confirmed" in again.text
    assert anna.web.get("/onboarding/state").json()["step"] == "payment"


def test_a_newer_mail_replaces_the_older_link(anna: Customer, database: Database) -> None:
    waits(anna)
    old = anna.link()
    database.move_clock(61)
    anna.send(anna.open("/onboarding/confirm"), "/onboarding/confirm", {"email": ""})
    anna.work()
    assert len(anna.mails("confirm")) == 2
    assert "no longer works" in anna.open(old).text
    assert anna.status == 410
    anna.confirm()
    assert anna.path == "/onboarding/payment"


def test_a_link_ends_after_three_days_and_the_page_offers_a_new_one(anna: Customer, database: Database) -> None:
    waits(anna)
    link = anna.link()
    database.move_clock(3 * 86_400 + 1)
    page = anna.open(link)
    assert "more than three days old" in page.text
    anna.send(page, "/onboarding/confirm")
    anna.work()
    assert anna.path == "/onboarding/confirm"
    assert len(anna.mails("confirm")) == 2
    anna.confirm()
    assert anna.path == "/onboarding/payment"


def test_an_old_link_on_a_device_without_a_log_in_leads_to_one_and_on_to_a_new_mail(
    house: House, anna: Customer, database: Database
) -> None:
    waits(anna)
    link = anna.link()
    database.move_clock(3 * 86_400 + 1)
    phone = house.customer()
    page = phone.open(link)
    [login] = [given["href"] for tag, given in page.tags if "next=" in given.get("href", "")]
    phone.send(phone.open(login), "/login", {"email": anna.email, "password": anna.password})
    assert phone.path == "/onboarding/confirm"
    assert "Send a new mail" in phone.open(phone.path).text


@pytest.mark.parametrize("old", [False, True])
def test_whoever_is_logged_in_reads_so_on_the_page_of_the_link(anna: Customer, old: bool) -> None:
    waits(anna)
    page = anna.open("/confirm/old" if old else anna.link())
    assert "Log out" in page.text
    assert "Log in" not in page.text


def test_whoever_is_logged_in_to_another_account_confirms_and_stays_there(
    house: House, anna: Customer, bert: Customer
) -> None:
    waits(anna)
    bert.sign_up()
    page = bert.send(bert.open(anna.link()), anna.link())
    assert bert.path == anna.link()
    assert "Your address is confirmed" in page.text
    assert f"logged in to another account, as {bert.email}" in page.text
    assert anna.web.get("/onboarding/state").json()["step"] == "payment"


def test_a_mail_that_follows_too_soon_is_refused_with_the_time_to_wait(anna: Customer) -> None:
    waits(anna)
    page = anna.send(anna.open("/onboarding/confirm"), "/onboarding/confirm", {"email": ""})
    assert anna.status == 429
    assert 0 < int(anna.headers["retry-after"]) <= 61
    assert "Look into your spam folder" in page.text
    assert len(anna.mails("confirm")) == 1
    assert re.search(r"try again in \d+ seconds\.", page.text)


def test_whoever_corrects_a_typo_too_soon_is_told_when_and_not_to_look_for_spam(anna: Customer) -> None:
    waits(anna)
    right = f"right-{anna.email}"
    page = anna.send(anna.open("/onboarding/confirm"), "/onboarding/confirm", {"email": right})
    assert re.search(rf"Send the one to {re.escape(right)} in \d+ seconds\.", page.text)
    assert "Look into your spam folder, or" not in page.text
    assert page.form("/onboarding/confirm").values["email"] == right


def test_after_ten_mails_the_next_one_is_for_tomorrow_and_somebody_to_ask_is_named(
    anna: Customer, database: Database
) -> None:
    waits(anna)
    page = anna.open("/onboarding/confirm")
    for _ in range(10):
        database.move_clock(61)
        page = anna.send(page, "/onboarding/confirm", {"email": ""})
    assert anna.status == 429
    assert "the next one can go out tomorrow. If none came, write to help@corner.example." in page.text
    assert "a moment ago" not in page.text


def test_without_javascript_an_answer_stays_and_nobody_loses_what_is_half_typed(anna: Customer) -> None:
    waits(anna)
    page = anna.open("/onboarding/confirm")
    assert 'http-equiv="refresh" content="30"' in page.html
    page = anna.send(page, "/onboarding/confirm", {"email": ""})
    assert anna.status == 429
    assert 'http-equiv="refresh"' not in page.html


def test_another_address_takes_the_place_of_a_mistyped_one(anna: Customer, database: Database) -> None:
    waits(anna)
    database.move_clock(61)
    old, anna.email = anna.link(), f"right-{anna.email}"
    anna.send(anna.open("/onboarding/confirm"), "/onboarding/confirm", {"email": anna.email.upper()})
    anna.work()
    anna.open(old)
    assert anna.status == 410
    assert anna.email in anna.open("/onboarding/confirm").text
    anna.confirm()
    anna.send(anna.open("/onboarding/payment"), "/onboarding/payment", {"token": "good"})
    anna.work()
    assert [mail.to for mail in anna.mails("receipt")] == [anna.email]


@pytest.mark.parametrize("typed", ["nonsense", "a@b", "two words@example.com"])
def test_what_is_no_address_is_said_beside_the_field_and_kept_in_it(
    anna: Customer, database: Database, typed: str
) -> None:
    waits(anna)
    database.move_clock(61)
    page = anna.send(anna.open("/onboarding/confirm"), "/onboarding/confirm", {"email": typed})
    assert anna.status == 422
    assert "Write your e-mail address" in page.text
    assert page.form("/onboarding/confirm").values["email"] == typed


def test_an_address_that_somebody_else_has_is_refused(anna: Customer, bert: Customer, database: Database) -> None:
    bert.sign_up()
    waits(anna)
    database.move_clock(61)
    page = anna.send(anna.open("/onboarding/confirm"), "/onboarding/confirm", {"email": bert.email})
    assert "has an account already" in page.text
    assert anna.status == 422


def test_an_address_that_takes_no_mail_is_said_and_another_one_asked_for(anna: Customer) -> None:
    anna.email, anna.password = "nobody-here@example.com", "three random words"
    anna.send(anna.open("/signup"), "/signup", {"email": anna.email, "password": anna.password})
    anna.work()
    page = anna.open("/onboarding/confirm")
    assert "was not accepted" in page.text
    assert "Another e-mail address" in page.text


def test_a_mail_is_said_to_be_written_only_once_it_was(anna: Customer) -> None:
    anna.sign_up()
    page = anna.open("/onboarding/confirm")
    assert f"We are sending a mail to {anna.email}" in page.text
    assert "We have written" not in page.text
    anna.work()
    assert f"We have written to {anna.email}" in anna.open("/onboarding/confirm").text


def test_a_link_of_one_reseller_is_nothing_at_anothers_address(house: House, anna: Customer) -> None:
    waits(anna)
    stranger = house.customer("other.localhost:8080")
    stranger.open(anna.link())
    assert stranger.status == 410


def test_a_link_that_nobody_sent_confirms_nobody(anna: Customer) -> None:
    waits(anna)
    page = anna.open("/confirm/abc")
    assert anna.status == 410
    assert "no longer works" in page.text


def test_receipt_and_handover_come_to_the_confirmed_address(anna: Customer) -> None:
    anna.pay()
    [receipt], [handover] = anna.mails("receipt"), anna.mails("handover")
    assert "INV-000042" in receipt.text
    assert "$31.90" in receipt.subject
    assert anna.web.get("/onboarding/state").json()["site_url"] in handover.text
    assert receipt.from_name == "Corner Street Hosting"
    assert receipt.reply_to == "help@corner.example"
    for mail in (receipt, handover):
        assert "<script" not in mail.html
