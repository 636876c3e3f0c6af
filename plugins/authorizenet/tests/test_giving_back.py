"""Money goes back once and whole, whatever state the charge is in."""

from __future__ import annotations

import httpx2
import pytest
from arumaldo_authorizenet import asks
from arumaldo_authorizenet.client import Gateway
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.sandbox.till import DAY
from arumaldo_authorizenet.settings import Settings

from arumaldo import Money, ProviderError, Refused

from .conftest import PRICE, Buy, HeardSandbox, change


def test_a_held_charge_is_given_back_by_a_void(sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments) -> None:
    sandbox.switches["review"] = "hold"
    charge = buy()
    payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert payments.get_charge(charge_id=charge.id).state == "returned"
    assert sandbox.standing("order-1") == 0


def test_money_goes_back_by_void_on_the_first_day_and_by_refund_afterwards(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    today, yesterday = buy("order-1"), buy("order-2")
    payments.give_back(reference="back-1", charge_id=today.id, amount=PRICE)
    sandbox.shift = DAY + 60
    payments.give_back(reference="back-2", charge_id=yesterday.id, amount=PRICE)
    ways = {entry.reference: entry.facts["way"] for entry in sandbox.ledger()["returns"]}
    assert ways == {"back-1": "void", "back-2": "refund"}
    for charge in (today, yesterday):
        assert payments.get_charge(charge_id=charge.id).state == "returned"


def test_a_return_that_is_there_is_not_asked_for_again(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    for settle, reference in (("", "order-1"), ("now", "order-2")):
        charge = buy(reference)
        sandbox.switches["settle"] = settle
        for _ in range(2):
            payments.give_back(reference=f"back-{reference}", charge_id=charge.id, amount=PRICE)
    kinds = [ask["transactionRequest"]["transactionType"] for ask in sandbox.asked("createTransactionRequest")]
    assert sorted(kinds) == ["authCaptureTransaction"] * 2 + ["refundTransaction", "voidTransaction"]


def test_a_refund_still_counts_when_it_is_settled_itself(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    charge = buy()
    sandbox.switches["settle"] = "now"
    made = payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert payments.get_charge(charge_id=charge.id).state == "returned"
    [found] = payments.find_returns(reference="any", charge_id=charge.id)
    assert (found.id, found.reference) == (made.id, "back-1")
    with pytest.raises(ProviderError):
        payments.get_charge(charge_id=made.id)


@pytest.mark.parametrize("way", ["voidTransaction", "refundTransaction"])
def test_a_charge_that_changes_its_state_between_look_and_deed_is_given_back_all_the_same(
    sandbox: HeardSandbox, settings: Settings, buy: Buy, way: str
) -> None:
    charge = buy()

    def in_between(request: httpx2.Request) -> None:
        if way.encode() in request.read():
            sandbox.switches["settle"] = "now"

    with httpx2.Client(event_hooks={"request": [in_between]}) as http:
        payments = AuthorizenetPayments(settings, http)
        payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert sandbox.standing("order-1") == 0
    assert len(sandbox.ledger()["returns"]) == 1


def test_a_charge_that_is_voided_by_somebody_else_meanwhile_is_given_back_once(
    sandbox: HeardSandbox, settings: Settings, payments: AuthorizenetPayments, buy: Buy
) -> None:
    charge = buy()

    def in_between(request: httpx2.Request) -> None:
        if b"voidTransaction" in request.read():
            payments.give_back(reference="other", charge_id=charge.id, amount=PRICE)
            sandbox.switches["settle"] = "now"

    with httpx2.Client(event_hooks={"request": [in_between]}) as http:
        AuthorizenetPayments(settings, http).give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert [entry.reference for entry in sandbox.ledger()["returns"]] == ["other"]


def test_what_the_bank_took_back_is_not_given_back_again(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    charge = buy()
    sandbox.switches["settle"] = "now"
    payments.get_charge(charge_id=charge.id)
    change(sandbox, charge, status="chargeback")
    assert payments.get_charge(charge_id=charge.id).state == "returned"
    with pytest.raises(Refused, match="does not return"):
        payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    assert sandbox.ledger()["returns"] == []


def test_a_charge_that_was_returned_in_part_by_hand_is_left_to_a_person(
    sandbox: HeardSandbox, settings: Settings, buy: Buy, payments: AuthorizenetPayments
) -> None:
    charge = buy()
    sandbox.switches["settle"] = "now"
    gateway = Gateway(settings)
    gateway.transact("by-hand", asks.refund(charge.id, Money(minor=100), "1111", "order-1", 600))
    gateway.close()
    assert payments.get_charge(charge_id=charge.id).state == "paid"
    assert payments.find_returns(reference="back-1", charge_id=charge.id) == []
    with pytest.raises(Refused, match="look at it"):
        payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
