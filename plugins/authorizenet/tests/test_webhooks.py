"""The gateway's webhooks, as a subscriber on this machine gets them."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.sandbox.events import signature
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox.local import LocalServer
from arumaldo.sandbox.webhooks import Subscription

from .conftest import PRICE, Buy, HeardSandbox

KEY = "0123456789ABCDEF" * 8


class Ear:
    """A subscriber: hears every webhook."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, Headers]] = []

    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/hook", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        self.heard.append((await request.body(), request.headers))
        return Response(status_code=204)


def wait_until(seen: Callable[[], object]) -> None:
    """Return as soon as `seen()` is true; fail after half a minute."""
    give_up_at = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < give_up_at, "did not happen within 30 seconds"
        time.sleep(0.01)


@pytest.fixture
def ear(sandbox: HeardSandbox) -> Iterator[Ear]:
    ear = Ear()
    with LocalServer(ear.app()) as server:
        sandbox.webhooks.subscribe(Subscription(url=f"{server.address}/hook"))
        yield ear
        sandbox.webhooks.clear()


def events(ear: Ear) -> list[dict[str, Any]]:
    return [json.loads(body) for body, _ in ear.heard]


def verifies(body: bytes, headers: Headers) -> bool:
    return hmac.compare_digest(headers["x-anet-signature"], signature(KEY, body))


def test_the_signature_is_the_one_that_was_published() -> None:
    key = (
        "52CB4A002C634B84E397DC8A218E1A160BA7CAB7CBE4C05B35E9CBB05E14FE4A"
        "2385812E980CCF97D177F17863CE214D1BE6CE8E1E894487AACF3609C1A5FE17"
    )
    body = (
        b'{"notificationId":"182cbbff-cab2-4080-931d-80e5d818f23a",'
        b'"eventType":"net.authorize.payment.authcapture.created","eventDate":"2017-08-18T20:40:52.7722007Z",'
        b'"webhookId":"849eb87e-078a-4169-a34b-c0bded5019a8","payload":{"responseCode":0,"authCode":"Z3PV5H",'
        b'"avsResponse":"Y","authAmount":0.0,"entityName":"transaction","id":"40005915599"}}'
    )
    assert signature(key, body) == (
        "sha512=A1E0CC0F8A7B6274E0951CAC5EB63579F70FC6B7B15384B146DCE02B98DEE395"
        "4A5A8E331661B51DE953E141E88994DFA7D267FFB8428BE0660511B6EFB94960"
    )


def test_a_charge_is_told_of_with_a_signature_that_verifies(ear: Ear, buy: Buy) -> None:
    charge = buy()
    wait_until(lambda: ear.heard)
    [event] = events(ear)
    assert event["eventType"] == "net.authorize.payment.authcapture.created"
    assert event["payload"]["id"] == charge.id
    assert event["payload"]["authAmount"] == PRICE.minor / 100
    assert event["payload"]["entityName"] == "transaction"
    assert verifies(*ear.heard[0])


def test_a_charge_that_is_held_is_told_of_as_held(ear: Ear, buy: Buy, sandbox: HeardSandbox) -> None:
    sandbox.switches["review"] = "hold"
    buy()
    wait_until(lambda: ear.heard)
    [event] = events(ear)
    assert event["eventType"] == "net.authorize.payment.fraud.held"
    assert event["payload"]["responseCode"] == 4
    assert event["payload"]["fraudList"]


@pytest.mark.parametrize(("settle", "event"), [("", "void.created"), ("now", "refund.created")])
def test_money_given_back_is_told_of(
    ear: Ear, buy: Buy, payments: AuthorizenetPayments, sandbox: HeardSandbox, settle: str, event: str
) -> None:
    charge = buy()
    sandbox.switches["settle"] = settle
    payments.give_back(reference="back-1", charge_id=charge.id, amount=PRICE)
    wait_until(lambda: len(ear.heard) == 2)
    assert {told["eventType"].removeprefix("net.authorize.payment.") for told in events(ear)} == {
        "authcapture.created",
        event,
    }


def test_a_forged_webhook_does_not_verify(ear: Ear, buy: Buy, sandbox: HeardSandbox) -> None:
    [true] = sandbox.webhooks.subscriptions()
    sandbox.webhooks.clear()
    sandbox.webhooks.subscribe(true.model_copy(update={"forged": True}))
    buy()
    wait_until(lambda: ear.heard)
    assert not verifies(*ear.heard[0])


def test_a_webhook_that_comes_twice_has_one_notification_id(ear: Ear, buy: Buy, sandbox: HeardSandbox) -> None:
    [once] = sandbox.webhooks.subscriptions()
    sandbox.webhooks.clear()
    sandbox.webhooks.subscribe(once.model_copy(update={"times": 2}))
    buy()
    wait_until(lambda: len(ear.heard) == 2)
    assert len({event["notificationId"] for event in events(ear)}) == 1
