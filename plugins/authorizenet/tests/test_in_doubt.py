"""Never charge twice, whatever happens between the gateway and us."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.sandbox.cards import DECLINED_CARD
from arumaldo_authorizenet.settings import Settings

from arumaldo import Money, OutcomeUnknown, Refused, Unavailable, deadline
from arumaldo.sandbox import Fault
from arumaldo.sandbox.local import LocalServer

from .conftest import PRICE, Buy, HeardSandbox, Wish, change

CHARGES = "authCaptureTransaction"
REFUNDS = "refundTransaction"
VOIDS = "voidTransaction"
LISTS = "TransactionListRequest|BatchListRequest"


def _soon(condition: Callable[[], object], seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
def test_an_answer_that_is_lost_after_the_charge_is_found_again_as_one_charge(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy, wish: Wish, answer: str
) -> None:
    sandbox.faults.order(Fault(match=CHARGES, effect="after", answer=answer, status=502))
    with pytest.raises(OutcomeUnknown):
        buy(token=wish())
    assert [charge.state for charge in payments.find_charges(reference="order-1")] == ["paid"]
    assert sandbox.standing("order-1") == 1


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
def test_an_answer_that_is_lost_before_the_charge_is_found_as_none_and_may_be_tried_again(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy, wish: Wish, answer: str
) -> None:
    token = wish()
    sandbox.faults.order(Fault(match=CHARGES, effect="before", answer=answer, status=502))
    with pytest.raises(OutcomeUnknown):
        buy(token=token)
    assert payments.find_charges(reference="order-1") == []
    assert buy(token=token).state == "paid"
    assert sandbox.standing("order-1") == 1


def test_a_gateway_that_does_not_answer_in_time_leaves_the_outcome_unknown(sandbox: HeardSandbox, buy: Buy) -> None:
    sandbox.faults.order(Fault(match=CHARGES, effect="after", answer="hang"))
    with deadline(0.5), pytest.raises(OutcomeUnknown):
        buy()
    _soon(lambda: sandbox.standing("order-1") == 1)


def test_a_gateway_out_of_reach_has_surely_charged_nothing(settings: Settings) -> None:
    with LocalServer() as nobody:
        payments = AuthorizenetPayments(settings.model_copy(update={"api_url": nobody.address}))
        with pytest.raises(Unavailable):
            payments.charge(reference="order-1", amount=PRICE, token="A:b", description="", email="")
        payments.close()


def test_the_same_call_after_a_lost_answer_finds_the_first_charge(sandbox: HeardSandbox, buy: Buy, wish: Wish) -> None:
    token = wish()
    sandbox.faults.order(Fault(match=CHARGES, effect="after", answer="cut"))
    with pytest.raises(OutcomeUnknown):
        buy(token=token)
    found = buy(token=token)
    assert (found.state, found.reference) == ("paid", "order-1")
    assert [entry.id for entry in sandbox.ledger()["charges"]] == [found.id]


@pytest.mark.parametrize("named", ["", "off"])
def test_the_card_typed_again_after_a_lost_answer_finds_the_first_charge(
    sandbox: HeardSandbox, buy: Buy, named: str
) -> None:
    sandbox.switches["name_doubles"] = named
    sandbox.faults.order(Fault(match=CHARGES, effect="after", answer="cut"))
    with pytest.raises(OutcomeUnknown):
        buy()
    found = buy()
    assert (found.state, found.reference) == ("paid", "order-1")
    assert [entry.id for entry in sandbox.ledger()["charges"]] == [found.id]


def test_a_double_that_is_not_listed_yet_stays_unknown(sandbox: HeardSandbox, buy: Buy) -> None:
    sandbox.switches["name_doubles"] = "off"
    buy()
    sandbox.show_late = 3600
    with pytest.raises(OutcomeUnknown, match="already"):
        buy()
    assert sandbox.standing("order-1") == 1


def test_a_used_token_is_not_called_unused_while_the_look_up_fails(sandbox: HeardSandbox, buy: Buy, wish: Wish) -> None:
    token = wish()
    buy(token=token)
    sandbox.faults.order(Fault(match=LISTS, times=None, answer="status", status=503))
    with pytest.raises(OutcomeUnknown, match="look-up failed"):
        buy(token=token)


def test_a_double_of_a_declined_charge_is_declined(sandbox: HeardSandbox, buy: Buy, wish: Wish) -> None:
    for _ in range(2):
        with pytest.raises(Refused, match="declined"):
            buy(token=wish(card=DECLINED_CARD))
    assert len(sandbox.ledger()["charges"]) == 1


def test_a_charge_of_another_program_under_our_invoice_number_is_not_taken_for_ours(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy
) -> None:
    change(sandbox, buy(), ref_id="somebody-else")
    assert payments.find_charges(reference="order-1") == []
    with pytest.raises(OutcomeUnknown):
        buy()


def test_a_charge_that_is_booked_late_is_found_once_it_is_there(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy
) -> None:
    sandbox.faults.order(Fault(match=CHARGES, effect="late", seconds=30, answer="cut"))
    with pytest.raises(OutcomeUnknown):
        buy()
    assert payments.find_charges(reference="order-1") == []
    sandbox.shift = 40
    _soon(lambda: payments.find_charges(reference="order-1"))
    assert sandbox.standing("order-1") == 1


def test_a_charge_that_shows_late_is_found_by_its_id_at_once(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy
) -> None:
    sandbox.show_late = 30
    charge = buy()
    assert payments.find_charges(reference="order-1") == []
    assert payments.get_charge(charge_id=charge.id).state == "paid"
    sandbox.shift = 40
    assert len(payments.find_charges(reference="order-1")) == 1


def test_a_busy_gateway_leaves_a_charge_unknown_and_a_look_up_for_later(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy, wish: Wish
) -> None:
    token = wish()
    sandbox.switches["busy"] = "on"
    with pytest.raises(OutcomeUnknown):
        buy(token=token)
    with pytest.raises(Unavailable):
        payments.find_charges(reference="order-1")


def test_a_processor_in_trouble_leaves_the_outcome_unknown(sandbox: HeardSandbox, buy: Buy) -> None:
    sandbox.switches["processor"] = "down"
    with pytest.raises(OutcomeUnknown):
        buy()


def test_a_look_up_that_fails_says_when_to_come_back(sandbox: HeardSandbox, payments: AuthorizenetPayments) -> None:
    sandbox.faults.order(Fault(match=LISTS, answer="html", status=503, retry_after=7))
    with pytest.raises(Unavailable) as unavailable:
        payments.find_charges(reference="order-1")
    assert unavailable.value.retry_after == 7
    assert not re.search("<|html", str(unavailable.value))


@pytest.mark.parametrize(("settle", "way"), [("", VOIDS), ("now", REFUNDS)])
def test_money_back_whose_answer_is_lost_is_found_and_not_given_twice(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy, settle: str, way: str
) -> None:
    charge = buy()
    sandbox.switches["settle"] = settle
    sandbox.faults.order(Fault(match=way, effect="after", answer="cut"))
    with pytest.raises(OutcomeUnknown):
        payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    [found] = payments.find_returns(reference="back-1", charge_id=charge.id)
    again = payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert (again.id, again.reference) == (found.id, "back-1")
    assert [entry.reference for entry in sandbox.ledger()["returns"]] == ["back-1"]
    assert sandbox.standing("order-1") == 0


def test_a_refund_that_is_not_listed_yet_is_not_made_again(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy
) -> None:
    charge = buy()
    sandbox.switches["settle"] = "now"
    payments.find_charges(reference="order-1")
    sandbox.show_late = 3600
    first = payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE).id == first.id
    sandbox.switches["name_doubles"] = "off"
    with pytest.raises(OutcomeUnknown):
        payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert len(sandbox.ledger()["returns"]) == 1


def test_equal_purchases_under_two_references_are_two_charges(sandbox: HeardSandbox, buy: Buy) -> None:
    buy("order-1")
    buy("order-2")
    buy("order-3", amount=Money(minor=100))
    assert [sandbox.standing(reference) for reference in ("order-1", "order-2", "order-3")] == [1, 1, 1]
