"""What is particular about this gateway."""

from __future__ import annotations

from typing import Any

import pytest
from arumaldo_authorizenet.client import Gateway
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.said import Said
from arumaldo_authorizenet.sandbox.till import DAY
from arumaldo_authorizenet.settings import Settings

from arumaldo import ProviderError, Refused, Unavailable
from arumaldo.sandbox import Fault
from arumaldo.sandbox.local import LocalServer

from .conftest import PRICE, Buy, HeardSandbox, Wish, change


def test_the_page_loads_the_card_form_of_the_gateway_and_nothing_secret(
    payments: AuthorizenetPayments, settings: Settings
) -> None:
    field = payments.checkout(reference="order-1", amount=PRICE, description="", return_url="")
    assert field.facts["script"] == f"{settings.browser_url}/v3/AcceptUI.js"
    assert field.script_origins == [settings.browser_url.removesuffix("/authorizenet")]
    assert settings.transaction_key.get_secret_value() not in field.model_dump_json()


def test_a_charge_says_which_card_it_took(buy: Buy, payments: AuthorizenetPayments, wish: Wish) -> None:
    assert buy().card == "Visa ending in 1111"
    charge = buy("order-2", token=wish(card="370000000000002"))
    assert charge.card == "American Express ending in 0002"
    assert payments.get_charge(charge_id=charge.id).card == charge.card


def test_our_reference_is_the_invoice_number_and_the_reference_of_the_request(sandbox: HeardSandbox, buy: Buy) -> None:
    buy()
    [request] = sandbox.asked("createTransactionRequest")
    transaction = request["transactionRequest"]
    assert request["refId"] == transaction["order"]["invoiceNumber"] == "order-1"
    assert transaction["amount"] == "49.00"
    assert {"settingName": "duplicateWindow", "settingValue": "28800"} in transaction["transactionSettings"]["setting"]


def test_a_repeated_charge_is_the_same_byte_for_byte(sandbox: HeardSandbox, buy: Buy, wish: Wish) -> None:
    token = wish()
    sandbox.faults.order(Fault(match="authCapture", effect="after", answer="cut"))
    with pytest.raises(ProviderError):
        buy(token=token)
    buy(token=token)
    first, second = (asked for asked, _ in sandbox.heard if b"authCapture" in asked)
    assert first == second


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"card": "4222222222222"}, "Your bank declined the card"),
        ({"zip": "46282"}, "Your bank declined the card"),
        ({"code": "901"}, "security code does not match"),
        ({"expiry": "012020"}, "expiry date"),
        ({"card": "4111111111111112"}, "card number is not valid"),
    ],
)
def test_each_refusal_says_what_to_do(buy: Buy, wish: Wish, card: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        buy(token=wish(**card))
    assert "Nothing was charged." in refused.value.what


def test_a_token_is_good_for_fifteen_minutes(sandbox: HeardSandbox, buy: Buy, wish: Wish) -> None:
    soon, late = wish(), wish()
    sandbox.shift = 14 * 60
    assert buy("order-1", token=soon).state == "paid"
    sandbox.shift = 16 * 60
    with pytest.raises(Refused, match="enter the card again"):
        buy("order-2", token=late)
    assert sandbox.standing("order-2") == 0


def test_a_charge_that_is_held_for_review_is_not_paid_until_a_person_approves(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    sandbox.switches["review"] = "hold"
    charge = buy()
    assert charge.state == "held"
    assert [found.state for found in payments.find_charges(reference="order-1")] == ["held"]
    sandbox.switches["review"] = "approve"
    assert payments.get_charge(charge_id=charge.id).state == "paid"


def test_a_held_charge_that_is_declined_in_the_end_is_none(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    sandbox.switches["review"] = "hold"
    charge = buy()
    sandbox.switches["review"] = "decline"
    assert payments.get_charge(charge_id=charge.id).state == "declined"
    assert payments.find_charges(reference="order-1") == []
    with pytest.raises(Refused, match="nothing"):
        payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)


def test_a_state_that_we_do_not_know_is_neither_paid_nor_absent(
    sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments
) -> None:
    charge = buy()
    change(sandbox, charge, status="somethingNew")
    assert [found.state for found in payments.find_charges(reference="order-1")] == ["held"]


def test_settled_charges_are_found_for_a_month(sandbox: HeardSandbox, buy: Buy, payments: AuthorizenetPayments) -> None:
    sandbox.shift = -29 * DAY
    buy("order-old")
    sandbox.shift = -DAY / 2
    buy("order-new")
    sandbox.shift = DAY
    for reference in ("order-old", "order-new"):
        assert [charge.state for charge in payments.find_charges(reference=reference)] == ["paid"]


def test_a_charge_among_thousands_is_found(sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy) -> None:
    charge = buy("order-0")
    line = sandbox.shelf.get("transactions", charge.id)
    assert line
    for number in range(1, 2101):
        another = line | {"id": str(int(charge.id) + number), "invoice": f"order-{number}"}
        sandbox.shelf.put("transactions", another["id"], another, sandbox.now())
    assert [found.id for found in payments.find_charges(reference="order-0")] == [charge.id]
    assert len(sandbox.asked("getUnsettledTransactionListRequest")) == 3


def test_a_mistake_of_ours_is_told_as_ours(buy: Buy, sandbox: HeardSandbox) -> None:
    with pytest.raises(Refused, match="mistake on our side") as refused:
        buy("a-reference-that-is-longer-than-twenty")
    assert "Nothing was charged" in refused.value.what
    assert sandbox.ledger()["charges"] == []


def test_an_address_that_is_too_long_is_left_out_and_the_money_is_taken(
    payments: AuthorizenetPayments, wish: Wish
) -> None:
    charge = payments.charge(
        reference="order-1", amount=PRICE, token=wish(), description="x" * 5000, email=f"{'a' * 300}@example.com"
    )
    assert charge.state == "paid"


@pytest.mark.parametrize("charge_id", ["", "abc", "1e9", "80000000001 OR 1=1", "١٢٣"])
def test_what_is_no_id_is_not_found_and_not_asked_for(
    sandbox: HeardSandbox, payments: AuthorizenetPayments, charge_id: str
) -> None:
    with pytest.raises(Refused):
        payments.get_charge(charge_id=charge_id)
    assert sandbox.heard == []


class Described(Said):
    transaction: dict[str, Any]


def test_names_in_any_script_survive_the_byte_order_mark(
    sandbox: HeardSandbox, settings: Settings, payments: AuthorizenetPayments, wish: Wish
) -> None:
    description = "Bäckerei Łódź, مخبز, パン屋"
    charge = payments.charge(reference="order-1", amount=PRICE, token=wish(), description=description, email="")
    gateway = Gateway(settings)
    told = gateway.read("getTransactionDetailsRequest", {"transId": charge.id}, Described)
    assert told.transaction["order"]["description"] == description
    assert all(answer.startswith(b"\xef\xbb\xbf") for _, answer in sandbox.heard)
    gateway.close()


def test_a_look_up_out_of_reach_is_for_later(settings: Settings) -> None:
    with LocalServer() as nobody:
        payments = AuthorizenetPayments(settings.model_copy(update={"api_url": nobody.address}))
        with pytest.raises(Unavailable):
            payments.get_charge(charge_id="1")
        payments.close()
