"""The real plugin against its real sandbox, over HTTP on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.sandbox import AuthorizenetSandbox
from arumaldo_authorizenet.settings import Settings
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arumaldo import Money
from arumaldo.capabilities.payments import Charge
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer

from . import wire_schema

PRICE = Money(minor=4900)
Exchange = tuple[bytes, bytes]


class Listening:
    """An ASGI application that writes down every request to the gateway's endpoint and the true answer to it."""

    def __init__(self, app: ASGIApp, heard: list[Exchange]) -> None:
        self._app = app
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, answered = bytearray(), bytearray()

        async def listen() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def note(message: Message) -> None:
            answered.extend(message.get("body", b""))
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if last and asked and scope["path"].endswith("request.api"):
                self._heard.append((bytes(asked), bytes(answered)))
            await send(message)

        await self._app(scope, listen, note)


class HeardSandbox(AuthorizenetSandbox):
    """The sandbox, with what it was asked and what it answered, before any fault spoils that."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.heard: list[Exchange] = []

    def app(self) -> ASGIApp:
        return Listening(super().app(), self.heard)

    def asked(self, call: str) -> list[dict[str, Any]]:
        """The elements of every request of this kind, in order."""
        documents = [json.loads(asked) for asked, _ in self.heard]
        return [document[call] for document in documents if call in document]

    def standing(self, reference: str) -> int:
        """How many charges stand under this reference."""
        charges = self.ledger()["charges"]
        return len([entry for entry in charges if entry.reference == reference and entry.state == "live"])


class Stage:
    """One server for all tests; each test puts its own sandbox on it."""

    def __init__(self) -> None:
        self.address = ""
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is not None and scope["type"] == "http":
            await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with LocalServer(stage) as server:
        stage.address = server.address
        yield stage


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client() as http:
        yield http


@pytest.fixture
def sandbox(stage: Stage) -> Iterator[HeardSandbox]:
    sandbox = HeardSandbox(f"{stage.address}/authorizenet")
    stage.app = create_app([sandbox])
    yield sandbox
    if (schema := wire_schema.schema()) is not None:
        wire_schema.check(schema, sandbox.heard)


@pytest.fixture
def settings(sandbox: HeardSandbox) -> Settings:
    return Settings.at_sandbox(sandbox.address)


@pytest.fixture
def payments(settings: Settings) -> Iterator[AuthorizenetPayments]:
    payments = AuthorizenetPayments(settings)
    yield payments
    payments.close()


Wish = Callable[..., str]


@pytest.fixture
def wish(sandbox: HeardSandbox, http: httpx2.Client) -> Wish:
    """A token for a card: what the payment page would have got from the field."""

    def make(**card: str) -> str:
        answer = http.post(f"{sandbox.address}/_test/token", json=card)
        answer.raise_for_status()
        return str(answer.json()["token"])

    return make


Buy = Callable[..., Charge]


@pytest.fixture
def buy(payments: AuthorizenetPayments, wish: Wish) -> Buy:
    """Charge the price once, with a good card unless the test says otherwise."""

    def charge(reference: str = "order-1", token: str | None = None, amount: Money = PRICE) -> Charge:
        return payments.charge(
            reference=reference,
            amount=amount,
            token=token or wish(),
            description="Website, first month",
            email="ann@example.com",
        )

    return charge


def change(sandbox: HeardSandbox, charge: Charge, **changes: str) -> None:
    """Alter a line of the gateway's books behind everybody's back."""
    line = sandbox.shelf.get("transactions", charge.id)
    assert line
    sandbox.shelf.put("transactions", charge.id, line | changes, sandbox.now())
