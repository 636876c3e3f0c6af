"""While a vendor does not answer, or the operator has something to put right, the pages say so, and what it means."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arumaldo.bus import bindings, clocks, deliveries

from .conftest import Customer

LONGER = "It takes longer than usual"


def bound(anna: Customer, capability: str) -> None:
    with anna.inst.store.of(anna.owner) as rows:
        bindings.bind(rows.session, anna.owner, capability, "acme", anna.inst.version)


def fails(anna: Customer, capability: str, times: int = clocks.BREAKS_AFTER) -> None:
    clock = clocks.of("acme", capability)
    with anna.inst.store.hub() as session:
        for _ in range(times):
            clocks.failed(session, anna.owner.reseller_id, clock, "503 with words that are for us alone", None)


def paying(anna: Customer) -> None:
    anna.send(anna.choose_plan(), "/onboarding/payment", {"token": "good"})
    bound(anna, "payments")


def writing(anna: Customer) -> None:
    anna.sign_up()
    anna.answer_questions()
    bound(anna, "ai")


def confirming(anna: Customer) -> None:
    anna.approve()
    chosen = {"plan": "starter", "country": "US", "postal_code": "9"}
    anna.send(anna.open("/onboarding/plan"), "/onboarding/plan", chosen)
    anna.work()
    bound(anna, "email")


def pricing(anna: Customer) -> None:
    anna.approve()
    anna.confirm()
    anna.send(
        anna.open("/onboarding/plan"), "/onboarding/plan", {"plan": "starter", "country": "US", "postal_code": "9"}
    )
    bound(anna, "billing")


PLACES = [
    (writing, "ai", "/onboarding/preview", "The service that writes your pages does not answer."),
    (confirming, "email", "/onboarding/confirm", "The service that sends our mail does not answer."),
    (pricing, "billing", "/onboarding/payment", "The service that works out your price does not answer."),
    (paying, "payments", "/onboarding/progress", "The payment service does not answer."),
]


@pytest.mark.parametrize(("until", "capability", "path", "said"), PLACES)
def test_who_does_not_answer_is_named_without_the_vendors_words(
    anna: Customer, until: Callable[[Customer], None], capability: str, path: str, said: str
) -> None:
    until(anna)
    assert LONGER not in anna.open(path).text
    fails(anna, capability)
    page = anna.open(path).text
    assert LONGER in page
    assert said in page
    assert "503" not in page


def test_whoever_waits_for_the_mail_before_the_questions_are_answered_is_told_about_the_mail(anna: Customer) -> None:
    writing(anna)
    bound(anna, "email")
    fails(anna, "ai")
    assert LONGER not in anna.open("/onboarding/confirm").text
    fails(anna, "email")
    assert "The service that sends our mail does not answer." in anna.open("/onboarding/confirm").text


def test_what_a_vendor_does_not_do_for_another_job_holds_up_nobody(anna: Customer) -> None:
    paying(anna)
    fails(anna, "customers")
    assert LONGER not in anna.open("/onboarding/progress").text


def test_a_single_failure_worries_no_customer(anna: Customer) -> None:
    paying(anna)
    fails(anna, "payments", times=1)
    assert LONGER not in anna.open("/onboarding/progress").text


def test_a_vendor_that_does_not_accept_us_is_our_own_trouble_and_said_to_be(anna: Customer) -> None:
    paying(anna)
    with anna.inst.store.hub() as session:
        clocks.park(session, anna.owner.reseller_id, clocks.of("acme", "payments"), "the key was revoked")
    page = anna.open("/onboarding/progress").text
    assert "put right on our side" in page
    assert "key" not in page


def test_while_all_work_is_paused_the_page_says_that_nothing_is_lost(anna: Customer) -> None:
    paying(anna)
    with anna.inst.store.hub() as session:
        deliveries.pause(session, "the book was restored")
    assert "Nothing is lost, and it goes on by itself" in anna.open("/onboarding/progress").text
    with anna.inst.store.hub() as session:
        deliveries.unpause(session, restored=False)
    anna.work()
    page = anna.open("/onboarding/progress").text
    assert LONGER not in page
    assert "Your website is live" in page
