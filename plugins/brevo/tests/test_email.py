"""Mail by Brevo: what every provider owes, and what is particular to this one."""

from __future__ import annotations

import re
from typing import cast

import pytest
from arumaldo_brevo.email import BrevoEmail
from arumaldo_brevo.sandbox import BrevoSandbox
from arumaldo_brevo.settings import Settings

from arumaldo import Denied, OutcomeUnknown, Refused, Unavailable
from arumaldo.capabilities.email import Email
from arumaldo.sandbox import Fault
from arumaldo.testing.email import EmailConformance, Letters, OnTheList, Unsubscribe, new_reference

from .conftest import ANNA, MAIL, Vendor

SEND = r"^POST /v3/smtp/email\n"
LOOK = r"^GET /v3/smtp/emails\n"


class TestBrevoEmail(EmailConformance):
    """As the vendor's pages have it, within its limits."""

    @pytest.fixture
    def email(self, brevo: BrevoEmail, sandbox: BrevoSandbox) -> Email:
        return cast(Email, brevo)

    @pytest.fixture
    def letters(self, sandbox: BrevoSandbox) -> Letters:
        return sandbox.letters

    @pytest.fixture
    def on_the_list(self, sandbox: BrevoSandbox) -> OnTheList:
        return sandbox.hears_news

    @pytest.fixture
    def unsubscribe(self, sandbox: BrevoSandbox) -> Unsubscribe:
        return sandbox.unsubscribe


class TestBrevoEmailTheOtherWay(TestBrevoEmail):
    """Whatever the pages leave open is the other way round here."""

    @pytest.fixture
    def email(self, brevo: BrevoEmail, sandbox: BrevoSandbox) -> Email:
        other = {"guard": "strict", "tags": "json", "ids": "bare", "contacts": "racing", "leaving": "list"}
        sandbox.switches |= other | {"filter": "loose", "attributes": "few", "limits": "off"}
        return cast(Email, brevo)


# Once, whatever becomes of the answer.


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
def test_a_mail_whose_answer_was_lost_is_in_doubt_and_is_found(
    brevo: BrevoEmail, sandbox: BrevoSandbox, answer: str
) -> None:
    reference = new_reference()
    sandbox.faults.order(Fault.model_validate({"match": SEND, "effect": "after", "answer": answer, "status": 502}))
    with pytest.raises(OutcomeUnknown):
        brevo.send_mail(reference=reference, mail=MAIL)
    assert [one.reference for one in brevo.find_mails(reference=reference, mail=MAIL)] == [reference]


@pytest.mark.parametrize("guard", ["", "strict", "processed", "silent"])
def test_however_a_repeat_is_answered_it_is_the_first_mail(
    brevo: BrevoEmail, sandbox: BrevoSandbox, guard: str
) -> None:
    sandbox.switches["guard"] = guard
    reference = new_reference()
    first = brevo.send_mail(reference=reference, mail=MAIL)
    assert brevo.send_mail(reference=reference, mail=MAIL).id == first.id
    assert len(sandbox.letters(ANNA)) == 1


@pytest.mark.parametrize("guard", ["strict", "processed", "silent"])
def test_a_mail_that_was_taken_and_is_not_listed_yet_is_in_doubt_and_not_sent_again(
    brevo: BrevoEmail, sandbox: BrevoSandbox, guard: str
) -> None:
    sandbox.switches["guard"], sandbox.show_late = guard, 3600
    reference = new_reference()
    brevo.send_mail(reference=reference, mail=MAIL)
    with pytest.raises(OutcomeUnknown, match="does not show it yet"):
        brevo.send_mail(reference=reference, mail=MAIL)
    assert len(sandbox.letters(ANNA)) == 1


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_repeat_stays_in_doubt_while_the_first_mail_cannot_be_asked_for(
    brevo: BrevoEmail, sandbox: BrevoSandbox, status: int
) -> None:
    sandbox.switches["guard"] = "strict"
    reference = new_reference()
    brevo.send_mail(reference=reference, mail=MAIL)
    sandbox.faults.order(Fault(match=LOOK, status=status))
    with pytest.raises(OutcomeUnknown, match="could not be asked"):
        brevo.send_mail(reference=reference, mail=MAIL)


def test_when_the_guard_has_forgotten_a_mail_the_list_still_tells(brevo: BrevoEmail, sandbox: BrevoSandbox) -> None:
    reference = new_reference()
    sent = brevo.send_mail(reference=reference, mail=MAIL)
    sandbox.shift += 86400
    [found] = brevo.find_mails(reference=reference, mail=MAIL)
    assert (found.id, found.reference) == (sent.id, reference)
    assert found.made_at is not None
    assert found.made_at.timestamp() == sandbox.now() - 86400


@pytest.mark.parametrize("tags", ["json", "commas", "each"])
def test_a_mail_is_found_also_where_the_list_shows_no_tags(brevo: BrevoEmail, sandbox: BrevoSandbox, tags: str) -> None:
    sandbox.switches["tags"] = tags
    reference = new_reference()
    sent = brevo.send_mail(reference=reference, mail=MAIL)
    brevo.send_mail(reference=new_reference(), mail=MAIL)
    [found] = brevo.find_mails(reference=reference, mail=MAIL)
    assert found.id == sent.id
    assert found.made_at is not None
    assert found.made_at.timestamp() == sandbox.now()


def test_an_id_is_the_same_with_and_without_its_angle_brackets(brevo: BrevoEmail, sandbox: BrevoSandbox) -> None:
    sandbox.switches["ids"] = "bare"
    reference = new_reference()
    sent = brevo.send_mail(reference=reference, mail=MAIL)
    assert re.fullmatch(r"<\d{12}\.\d{11}@smtp-relay\.mailin\.fr>", sent.id)
    assert [one.id for one in brevo.find_mails(reference=reference, mail=MAIL)] == [sent.id]


# Whose matter it is.


@pytest.mark.parametrize("key", ["revoked", "repeated"])
def test_a_key_that_is_not_accepted_is_a_matter_for_a_person_and_stays_secret(
    brevo: BrevoEmail, sandbox: BrevoSandbox, key: str
) -> None:
    sandbox.switches["key"] = key
    with pytest.raises(Denied, match="api_key") as told:
        brevo.send_mail(reference=new_reference(), mail=MAIL)
    assert "xkeysib" not in str(told.value)


@pytest.mark.parametrize(
    ("switch", "value", "said"),
    [
        ("credits", "none", "no credits left for mail"),
        ("sender", "refused", r"hello@sandbox\.example, so confirm it"),
        ("account", "validating", "finish its validation"),
    ],
)
def test_what_only_the_operator_can_put_right_waits_for_them(
    brevo: BrevoEmail, sandbox: BrevoSandbox, switch: str, value: str, said: str
) -> None:
    sandbox.switches[switch] = value
    with pytest.raises(Denied, match=said):
        brevo.send_mail(reference=new_reference(), mail=MAIL)


@pytest.mark.parametrize("tags", ["json", "commas", "each"])
def test_a_mail_that_was_taken_and_then_not_sent_is_not_found_as_sent(
    brevo: BrevoEmail, sandbox: BrevoSandbox, tags: str
) -> None:
    sandbox.switches |= {"tags": tags, "limits": "off"}
    brevo.send_mail(reference=new_reference(), mail=MAIL)  # so that there is a list, which shows no tags
    sandbox.switches["sender"] = "inactive"
    lost, reference = new_reference(), new_reference()
    brevo.send_mail(reference=lost, mail=MAIL)
    assert brevo.find_mails(reference=lost, mail=MAIL) == []
    del sandbox.switches["sender"]
    brevo.send_mail(reference=reference, mail=MAIL)
    assert len(brevo.find_mails(reference=reference, mail=MAIL)) == 1


def test_an_address_for_answers_that_is_none_is_the_operators_matter(brevo: BrevoEmail) -> None:
    with pytest.raises(Denied, match="support_email"):
        brevo.send_mail(reference=new_reference(), mail=MAIL.model_copy(update={"reply_to": "help"}))


def test_a_wrong_base_url_is_not_taken_for_a_refused_mail(settings: Settings, sandbox: BrevoSandbox) -> None:
    wrong = BrevoEmail(settings.model_copy(update={"base_url": f"{sandbox.address}/v2"}))
    with pytest.raises(Denied, match="base_url"):
        wrong.send_mail(reference=new_reference(), mail=MAIL)
    wrong.close()


@pytest.mark.parametrize("to", ["the sender", "reply-to"])
def test_a_customer_cannot_stop_all_mail_by_the_words_in_an_address(brevo: BrevoEmail, to: str) -> None:
    with pytest.raises(Refused, match="did not take the mail"):
        brevo.send_mail(reference=new_reference(), mail=MAIL.model_copy(update={"to": to}))


def test_a_contact_list_that_is_gone_is_named_and_holds_up_no_mail(settings: Settings) -> None:
    lost = BrevoEmail(settings.model_copy(update={"list_id": 7}))
    with pytest.raises(Refused, match="list_id"):
        lost.put_subscriber(email=ANNA, business="")
    lost.close()


def test_a_contact_that_the_vendor_is_still_busy_with_is_put_later(brevo: BrevoEmail, sandbox: BrevoSandbox) -> None:
    sandbox.faults.order(Fault(match="^POST /v3/contacts", status=425))
    with pytest.raises(Unavailable):
        brevo.put_subscriber(email=ANNA, business="")
    brevo.put_subscriber(email=ANNA, business="")
    assert sandbox.hears_news(ANNA) == 1


# Limits.


def test_when_it_is_asked_too_often_the_vendor_says_for_how_long_to_wait(
    brevo: BrevoEmail, sandbox: BrevoSandbox
) -> None:
    for _ in range(2):
        brevo.find_mails(reference=new_reference(), mail=MAIL)
    with pytest.raises(Unavailable) as told:
        brevo.find_mails(reference=new_reference(), mail=MAIL)
    assert told.value.retry_after == 1
    sandbox.shift += 1
    assert brevo.find_mails(reference=new_reference(), mail=MAIL) == []


def test_a_gateways_own_limit_is_kept_too(brevo: BrevoEmail, sandbox: BrevoSandbox) -> None:
    sandbox.faults.order(Fault(match=SEND, status=429, retry_after=7))
    with pytest.raises(Unavailable) as told:
        brevo.send_mail(reference=new_reference(), mail=MAIL)
    assert told.value.retry_after == 7


def test_the_scarce_look_at_events_does_not_hold_up_all_mail_for_an_hour(
    brevo: BrevoEmail, sandbox: BrevoSandbox, vendor: Vendor
) -> None:
    sandbox.switches["tags"] = "json"
    brevo.send_mail(reference=new_reference(), mail=MAIL)
    for _ in range(300):
        vendor.call("GET", "/smtp/statistics/events", params={"limit": 0})
    with pytest.raises(Unavailable) as told:
        brevo.find_mails(reference=new_reference(), mail=MAIL)
    assert told.value.retry_after == 30


# Contacts.


def test_the_business_is_kept_with_the_contact_and_never_emptied(brevo: BrevoEmail, vendor: Vendor) -> None:
    for business in ("Sunrise Bakery", ""):
        brevo.put_subscriber(email="anna+shop@example.com", business=business)
    row = vendor.call("GET", "/contacts/anna%2Bshop%40example.com")
    assert (row["email"], row["attributes"], row["listIds"]) == (
        "anna+shop@example.com",
        {"COMPANY": "Sunrise Bakery"},
        [2],
    )


def test_a_contact_of_before_is_put_on_the_list_and_keeps_what_it_had(brevo: BrevoEmail, vendor: Vendor) -> None:
    vendor.call("POST", "/contacts", json={"email": ANNA, "attributes": {"LASTNAME": "Rossi"}})
    brevo.put_subscriber(email=ANNA.upper(), business="Sunrise Bakery")
    row = vendor.call("GET", f"/contacts/{ANNA}")
    assert (row["attributes"], row["listIds"]) == ({"LASTNAME": "Rossi", "COMPANY": "Sunrise Bakery"}, [2])


@pytest.mark.parametrize("contacts", ["", "racing"])
def test_a_business_that_a_contact_has_already_is_not_overwritten(
    brevo: BrevoEmail, sandbox: BrevoSandbox, vendor: Vendor, contacts: str
) -> None:
    vendor.call("POST", "/contacts", json={"email": ANNA, "attributes": {"COMPANY": "Rossi & Figli"}})
    sandbox.switches["contacts"] = contacts
    brevo.put_subscriber(email=ANNA, business="asdf")
    row = vendor.call("GET", f"/contacts/{ANNA}")
    assert (row["attributes"], row["listIds"]) == ({"COMPANY": "Rossi & Figli"}, [2])


@pytest.mark.parametrize("odd", ["anna+shop@example.com", "anna?x=1#y@example.com", "100%41@example.com"])
def test_whoever_left_the_list_is_known_again_whatever_is_in_the_address(
    brevo: BrevoEmail, sandbox: BrevoSandbox, odd: str
) -> None:
    sandbox.switches["leaving"] = "list"
    brevo.put_subscriber(email=odd, business="")
    sandbox.unsubscribe(odd)
    brevo.put_subscriber(email=odd, business="")
    assert sandbox.hears_news(odd) == 0


@pytest.mark.parametrize("answer", ["cut", "html", "malformed"])
def test_a_subscriber_whose_answer_was_lost_is_put_again_and_is_there_once(
    brevo: BrevoEmail, sandbox: BrevoSandbox, answer: str
) -> None:
    sandbox.faults.order(Fault.model_validate({"match": "^POST /v3/contacts", "effect": "after", "answer": answer}))
    with pytest.raises(Unavailable):
        brevo.put_subscriber(email=ANNA, business="")
    brevo.put_subscriber(email=ANNA, business="")
    assert sandbox.hears_news(ANNA) == 1
