"""The real plugin against its real sandbox, over HTTP on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from arumaldo_brevo.email import BrevoEmail
from arumaldo_brevo.sandbox import BrevoSandbox
from arumaldo_brevo.settings import Settings
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.capabilities.email import Mail
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer

ANNA = "anna@example.com"
MAIL = Mail(kind="receipt", to=ANNA, from_name="Arumaldo", subject="Hello", html="<p>Hi</p>", text="Hi")


class Vendor:
    """Someone else with the key to the same account."""

    def __init__(self, settings: Settings) -> None:
        headers = {"api-key": settings.api_key.get_secret_value()}
        self.http = httpx2.Client(base_url=settings.base_url, headers=headers, trust_env=False)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer that has to be a success."""
        answer = self.http.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


class Stage:
    """Serves whatever is on it: one server for all tests, a new sandbox for each."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[LocalServer, Stage]]:
    stage = Stage()
    with LocalServer(Starlette(routes=[Mount("/", stage)])) as server:
        yield server, stage


@pytest.fixture
def sandbox(served: tuple[LocalServer, Stage]) -> Iterator[BrevoSandbox]:
    """A new sandbox that is served. Its second and its hour do not end: a test moves its clock, or they last."""
    server, stage = served
    sandbox = Still(f"{server.address}/brevo")
    stage.app = create_app([sandbox])
    yield sandbox
    sandbox.shelf.close()


class Still(BrevoSandbox):
    """The vendor with a clock that stands, so that nothing depends on when a test runs."""

    def now(self) -> float:
        return 1_795_798_800.25 + self.shift


@pytest.fixture
def settings(sandbox: BrevoSandbox) -> Settings:
    return Settings.at_sandbox(sandbox.address)


@pytest.fixture
def brevo(settings: Settings) -> Iterator[BrevoEmail]:
    made = BrevoEmail(settings)
    yield made
    made.close()


@pytest.fixture
def vendor(settings: Settings) -> Iterator[Vendor]:
    vendor = Vendor(settings)
    yield vendor
    vendor.http.close()
