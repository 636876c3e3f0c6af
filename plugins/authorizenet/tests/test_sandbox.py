"""The sandbox is at least as strict as the gateway, and answers as it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from arumaldo_authorizenet.sandbox.till import DAY

from .conftest import HeardSandbox, Wish

LOGIN = {"name": "sandbox-shop", "transactionKey": "sandbox-key-0001"}
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(sandbox: HeardSandbox, http: httpx2.Client) -> Ask:
    """Post one request, in the order in which its elements are given."""

    def post(call: str, login: dict[str, str] | None = None, **own: Any) -> dict[str, Any]:
        body = json.dumps({call: {"merchantAuthentication": login or LOGIN, **own}})
        answer = http.post(f"{sandbox.address}/xml/v1/request.api", content=body.encode())
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf{")
        said: dict[str, Any] = json.loads(answer.content.decode("utf-8-sig"))
        return said

    return post


def sale(token: str, amount: str = "49.00", invoice: str = "order-1", **more: Any) -> dict[str, Any]:
    descriptor, value = token.split(":")
    return {
        "transactionType": "authCaptureTransaction",
        "amount": amount,
        "payment": {"opaqueData": {"dataDescriptor": descriptor, "dataValue": value}},
        "order": {"invoiceNumber": invoice},
        **more,
    }


def refund(trans_id: str, amount: str = "49.00", card: str = "1111", **more: Any) -> dict[str, Any]:
    return {
        "transactionType": "refundTransaction",
        "amount": amount,
        "payment": {"creditCard": {"cardNumber": card, "expirationDate": "XXXX"}},
        "refTransId": trans_id,
        **more,
    }


def void(trans_id: str) -> dict[str, Any]:
    return {"transactionType": "voidTransaction", "refTransId": trans_id}


def window(seconds: int) -> dict[str, Any]:
    return {"transactionSettings": {"setting": [{"settingName": "duplicateWindow", "settingValue": str(seconds)}]}}


def code(said: dict[str, Any]) -> str:
    return str(said["messages"]["message"][0]["code"])


def text(said: dict[str, Any]) -> str:
    return str(said["messages"]["message"][0]["text"])


def error(said: dict[str, Any]) -> str:
    return str(said["transactionResponse"]["errors"][0]["errorCode"])


def test_an_element_out_of_order_is_named(ask: Ask, wish: Wish) -> None:
    wrong = sale(wish(), billTo={"zip": "98004"}, customer={"email": "ann@example.com"})
    said = ask("createTransactionRequest", transactionRequest=wrong)
    assert code(said) == "E00003"
    assert "'transactionRequest'" in text(said)
    assert "invalid child element 'customer'" in text(said)
    assert "List of possible elements expected: 'shipTo, customerIP" in text(said)


@pytest.mark.parametrize(
    ("own", "element"),
    [
        ({"transId": "1", "refId": "r"}, "refId"),
        ({"refId": "r" * 21, "transId": "1"}, "refId"),
        ({"transId": "1", "color": "red"}, "color"),
        ({"transId": "one"}, "transId"),
        ({"transId": {"is": "1"}}, "transId"),
        ({"refId": "r"}, "transId"),
    ],
)
def test_what_the_schema_does_not_allow_is_named(ask: Ask, own: dict[str, Any], element: str) -> None:
    said = ask("getTransactionDetailsRequest", **own)
    assert code(said) == "E00003"
    assert element in text(said)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", "null", '{"a":', '{"nonsenseRequest":{}}', '{"authenticateTestRequest":1}', "[" * 100_000],
)
def test_what_is_no_request_is_answered_all_the_same(sandbox: HeardSandbox, body: str, http: httpx2.Client) -> None:
    answer = http.post(f"{sandbox.address}/xml/v1/request.api", content=body.encode())
    assert answer.status_code == 200
    assert b"E00003" in answer.content


def test_a_key_that_stands_twice_is_refused(sandbox: HeardSandbox, http: httpx2.Client) -> None:
    login = json.dumps(LOGIN)
    body = f'{{"authenticateTestRequest":{{"merchantAuthentication":{login},"merchantAuthentication":{login}}}}}'
    assert b"E00003" in http.post(f"{sandbox.address}/xml/v1/request.api", content=body.encode()).content


def test_a_value_that_is_private_is_not_repeated(ask: Ask) -> None:
    said = ask("authenticateTestRequest", login={"name": "sandbox-shop", "transactionKey": "seventeen-letters"})
    assert code(said) == "E00003"
    assert "seventeen-letters" not in text(said)


@pytest.mark.parametrize(
    "login",
    [
        {"name": "sandbox-shop", "transactionKey": "other-key-0002"},
        {"name": "nobody", "transactionKey": "sandbox-key-0001"},
        {"name": "sandbox-shop", "clientKey": "sandbox-shop-public-client-key"},
        {"transactionKey": "sandbox-key-0001"},
    ],
)
def test_only_the_right_key_opens(ask: Ask, login: dict[str, str]) -> None:
    assert code(ask("authenticateTestRequest", login=login)) == "E00007"
    assert code(ask("authenticateTestRequest")) == "I00001"


def test_the_reference_of_a_request_comes_back_and_is_kept(ask: Ask, wish: Wish) -> None:
    said = ask("createTransactionRequest", refId="ref-1", transactionRequest=sale(wish()))
    assert said["refId"] == "ref-1"
    trans_id = said["transactionResponse"]["transId"]
    assert (len(trans_id), trans_id.isdigit()) == (11, True)
    assert ask("getTransactionDetailsRequest", transId=trans_id)["transrefId"] == "ref-1"
    assert ask("authenticateTestRequest", refId="ref-2")["refId"] == "ref-2"


def test_a_token_works_once_and_only_for_its_own_account(ask: Ask, wish: Wish) -> None:
    other = {"name": "other-shop", "transactionKey": "other-key-0002"}
    token = wish()
    assert code(ask("createTransactionRequest", login=other, transactionRequest=sale(token))) == "E00116"
    assert code(ask("createTransactionRequest", transactionRequest=sale(token))) == "I00001"
    said = ask("createTransactionRequest", transactionRequest=sale(token, invoice="order-2"))
    assert (code(said), said["transactionResponse"]) == ("E00114", {})


def test_a_token_is_gone_after_fifteen_minutes(ask: Ask, wish: Wish, sandbox: HeardSandbox) -> None:
    token = wish()
    sandbox.shift = 15 * 60 + 1
    assert code(ask("createTransactionRequest", transactionRequest=sale(token))) == "E00115"


def test_accounts_do_not_see_each_other(ask: Ask, wish: Wish) -> None:
    other = {"name": "other-shop", "transactionKey": "other-key-0002"}
    said = ask("createTransactionRequest", transactionRequest=sale(wish()))
    trans_id = said["transactionResponse"]["transId"]
    assert code(ask("getTransactionDetailsRequest", login=other, transId=trans_id)) == "E00040"
    assert code(ask("getUnsettledTransactionListRequest", login=other)) == "I00004"
    assert error(ask("createTransactionRequest", login=other, transactionRequest=void(trans_id))) == "16"


def test_the_same_card_amount_and_invoice_is_a_double_within_the_window(
    ask: Ask, wish: Wish, sandbox: HeardSandbox
) -> None:
    first = ask("createTransactionRequest", transactionRequest=sale(wish(), **window(600)))["transactionResponse"]
    double = ask("createTransactionRequest", transactionRequest=sale(wish(), **window(600)))
    assert (code(double), error(double)) == ("E00027", "11")
    told = double["transactionResponse"]
    assert (told["transId"], told["authCode"]) == (first["transId"], first["authCode"])
    sandbox.shift = 601
    again = ask("createTransactionRequest", transactionRequest=sale(wish(), **window(600)))
    assert again["transactionResponse"]["responseCode"] == "1"


def test_without_the_setting_a_double_names_nothing_and_the_window_is_two_minutes(
    ask: Ask, wish: Wish, sandbox: HeardSandbox
) -> None:
    ask("createTransactionRequest", transactionRequest=sale(wish()))
    double = ask("createTransactionRequest", transactionRequest=sale(wish()))
    assert (error(double), double["transactionResponse"]["transId"]) == ("11", "0")
    sandbox.shift = 121
    assert ask("createTransactionRequest", transactionRequest=sale(wish()))["transactionResponse"]["transId"] != "0"


@pytest.mark.parametrize(
    "other",
    [{"amount": "49.01"}, {"invoice": "order-2"}, {"billTo": {"zip": "98004"}}, {"poNumber": "7"}, window(601)],
)
def test_one_difference_makes_it_another_charge(ask: Ask, wish: Wish, other: dict[str, Any]) -> None:
    ask("createTransactionRequest", transactionRequest=sale(wish(), **window(600)))
    same_window = {} if "transactionSettings" in other else window(600)
    said = ask("createTransactionRequest", transactionRequest=sale(wish(), **other, **same_window))
    assert said["transactionResponse"]["responseCode"] == "1"


def test_a_window_of_zero_switches_the_guard_off(ask: Ask, wish: Wish) -> None:
    for _ in range(2):
        said = ask("createTransactionRequest", transactionRequest=sale(wish(), **window(0)))
        assert said["transactionResponse"]["responseCode"] == "1"


def test_unsettled_is_voided_and_settled_is_refunded_and_never_the_other_way(
    ask: Ask, wish: Wish, sandbox: HeardSandbox
) -> None:
    said = ask("createTransactionRequest", transactionRequest=sale(wish()))
    trans_id = said["transactionResponse"]["transId"]
    assert error(ask("createTransactionRequest", transactionRequest=refund(trans_id))) == "54"
    sandbox.shift = DAY
    assert error(ask("createTransactionRequest", transactionRequest=void(trans_id))) == "16"
    assert error(ask("createTransactionRequest", transactionRequest=refund(trans_id, "49.01"))) == "54"
    assert error(ask("createTransactionRequest", transactionRequest=refund(trans_id, card="4242"))) == "54"
    made = ask("createTransactionRequest", transactionRequest=refund(trans_id, **window(0)))["transactionResponse"]
    assert made["responseCode"] == "1"
    assert made["refTransID"] == trans_id != made["transId"]
    assert error(ask("createTransactionRequest", transactionRequest=refund(trans_id, **window(0)))) == "54"
    details = ask("getTransactionDetailsRequest", transId=made["transId"])["transaction"]
    assert (details["refTransId"], details["transactionStatus"]) == (trans_id, "refundPendingSettlement")


def test_a_void_answers_the_charge_s_own_id_and_is_harmless_twice(ask: Ask, wish: Wish) -> None:
    said = ask("createTransactionRequest", transactionRequest=sale(wish()))
    trans_id = said["transactionResponse"]["transId"]
    for reason in ("1", "310"):
        made = ask("createTransactionRequest", transactionRequest=void(trans_id))["transactionResponse"]
        assert (made["responseCode"], made["transId"], made["refTransID"]) == ("1", trans_id, trans_id)
        assert made["messages"][0]["code"] == reason
    assert error(ask("createTransactionRequest", transactionRequest=void("80000099999"))) == "16"


def test_a_settled_charge_moves_from_one_list_to_the_other(ask: Ask, wish: Wish, sandbox: HeardSandbox) -> None:
    ask("createTransactionRequest", transactionRequest=sale(wish()))
    [row] = ask("getUnsettledTransactionListRequest")["transactions"]
    assert (row["invoiceNumber"], row["settleAmount"]) == ("order-1", 49.0)
    assert "batchList" not in ask("getSettledBatchListRequest")
    sandbox.shift = DAY + 5
    assert "transactions" not in ask("getUnsettledTransactionListRequest")
    [batch] = ask("getSettledBatchListRequest")["batchList"]
    [row] = ask("getTransactionListRequest", batchId=batch["batchId"])["transactions"]
    assert row["transactionStatus"] == "settledSuccessfully"
    long_ago = {"firstSettlementDate": "2020-01-01T00:00:00Z", "lastSettlementDate": "2020-01-31T00:00:00Z"}
    assert code(ask("getSettledBatchListRequest", **long_ago)) == "I00004"


def test_lists_come_in_pages_in_the_order_that_is_asked_for(ask: Ask, wish: Wish) -> None:
    for number in range(3):
        ask("createTransactionRequest", transactionRequest=sale(wish(), invoice=f"order-{number}"))
    sorting = {"orderBy": "id", "orderDescending": "true"}
    pages = [
        ask("getUnsettledTransactionListRequest", sorting=sorting, paging={"limit": "2", "offset": str(number)})
        for number in (1, 2, 3)
    ]
    names = [[row["invoiceNumber"] for row in page.get("transactions", [])] for page in pages]
    assert names == [["order-2", "order-1"], ["order-0"], []]
    too_many = {"limit": "1001", "offset": "1"}
    assert code(ask("getUnsettledTransactionListRequest", paging=too_many)) == "E00003"


def test_the_ledger_tells_live_from_undone_and_refused(ask: Ask, wish: Wish, sandbox: HeardSandbox) -> None:
    def charge(invoice: str, **card: str) -> str:
        said = ask("createTransactionRequest", transactionRequest=sale(wish(**card), invoice=invoice))
        return str(said["transactionResponse"]["transId"])

    charge("good")
    charge("bad", card="4222222222222")
    ask("createTransactionRequest", refId="back-1", transactionRequest=void(charge("voided")))
    refunded = charge("refunded")
    sandbox.switches["settle"] = "now"
    ask("createTransactionRequest", refId="back-2", transactionRequest=refund(refunded))
    ledger = sandbox.ledger()
    assert {entry.reference: entry.state for entry in ledger["charges"]} == {
        "good": "live",
        "bad": "refused",
        "voided": "undone",
        "refunded": "undone",
    }
    assert {entry.reference: entry.facts["way"] for entry in ledger["returns"]} == {
        "back-1": "void",
        "back-2": "refund",
    }
    assert all(entry.facts["amount"] == "49.00 USD" for entry in ledger["charges"])


def test_no_card_is_kept(wish: Wish, ask: Ask, sandbox: HeardSandbox) -> None:
    token = wish(card="5424000000000015", code="904", expiry="112031")
    ask("createTransactionRequest", transactionRequest=sale(token))
    kept = json.dumps([sandbox.shelf.all(kind) for kind in ("tokens", "transactions", "doubles", "keys")])
    unused = json.dumps(wish(card="5424000000000015") and sandbox.shelf.all("tokens"))
    for secret in ("5424000000000015", "542400", "112031", token.split(":")[1]):
        assert secret not in kept + unused


def test_the_card_form_lets_only_this_machine_frame_it(sandbox: HeardSandbox, http: httpx2.Client) -> None:
    script = http.get(f"{sandbox.address}/v3/AcceptUI.js")
    assert script.headers["content-type"].startswith("text/javascript")
    frame = http.get(f"{sandbox.address}/v3/acceptMain/acceptMain.html")
    policy = frame.headers["content-security-policy"]
    assert "frame-ancestors 'self' http://localhost:*" in policy
    assert "unsafe" not in policy
    for name in ("js", "css"):
        assert http.get(f"{sandbox.address}/v3/acceptMain/acceptMain.{name}").status_code == 200


def test_any_page_may_ask_for_a_token(sandbox: HeardSandbox, http: httpx2.Client) -> None:
    answer = http.options(f"{sandbox.address}/xml/v1/request.api")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_wrong_wish_at_the_walker_s_door_is_told(sandbox: HeardSandbox, http: httpx2.Client) -> None:
    answer = http.post(f"{sandbox.address}/_test/token", json={"karte": "4111111111111111"})
    assert answer.status_code == 422
    assert http.post(f"{sandbox.address}/_test/token").json()["token"].startswith("COMMON.ACCEPT.INAPP.PAYMENT:")
