"""The real plugin against its real sandbox, over HTTP on this machine."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx2
import pytest
from arumaldo_zoho.client import ZohoClient
from arumaldo_zoho.customers import ZohoCustomers
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer

TOKEN = "POST /accounts/oauth/v2/token"
FORM = {
    "grant_type": "refresh_token",
    "client_id": "sandbox",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
_numbers = itertools.count(1)


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
def sandbox(served: tuple[LocalServer, Stage]) -> Iterator[ZohoSandbox]:
    """A new sandbox that is served at an address of its own, so that no test gets the tokens of another."""
    server, stage = served
    place = f"/{next(_numbers)}"
    sandbox = ZohoSandbox(f"{server.address}{place}/zoho")
    stage.app = Starlette(routes=[Mount(place, create_app([sandbox]))])
    yield sandbox
    sandbox.shelf.close()


@pytest.fixture
def settings(sandbox: ZohoSandbox) -> Settings:
    return Settings.at_sandbox(sandbox.address)


@pytest.fixture
def crm(settings: Settings) -> Iterator[ZohoCustomers]:
    made = ZohoCustomers(settings)
    yield made
    made.close()


class Counted:
    """HTTP clients whose requests are written down, as "METHOD /path below the sandbox"."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def http(self, **options: Any) -> httpx2.Client:
        return httpx2.Client(event_hooks={"request": [self._note]}, **options)

    def _note(self, request: httpx2.Request) -> None:
        self.sent.append(f"{request.method} {request.url.path.partition('/zoho')[2]}")


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def zoho(settings: Settings, counted: Counted) -> Iterator[ZohoClient]:
    client = ZohoClient(settings, counted.http())
    yield client
    client.close()


class Reseller:
    """Somebody at the reseller's who works in the same CRM, with a token of their own."""

    def __init__(self, sandbox: ZohoSandbox) -> None:
        self.token = httpx2.post(f"{sandbox.address}/accounts/oauth/v2/token", data=FORM, trust_env=False).json()
        headers = {"authorization": f"Zoho-oauthtoken {self.token.get('access_token')}"}
        self.http = httpx2.Client(base_url=f"{sandbox.address}/crm/v8", headers=headers, trust_env=False)

    def enter(self, **fields: str) -> str:
        """Type in a contact; the same one twice is two. The id."""
        return self._id(self.http.post("/Contacts", json={"data": [fields]}))

    def change(self, key: str, **fields: str) -> None:
        self._id(self.http.put(f"/Contacts/{key}", json={"data": [fields]}))

    def see(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/Contacts/{key}").json()["data"][0]
        return found

    def remove(self, key: str) -> None:
        self._id(self.http.delete(f"/Contacts/{key}"))

    def _id(self, answer: httpx2.Response) -> str:
        [row] = answer.json()["data"]
        assert row["status"] == "success", row
        return str(row["details"]["id"])


@pytest.fixture
def reseller(sandbox: ZohoSandbox) -> Iterator[Reseller]:
    reseller = Reseller(sandbox)
    yield reseller
    reseller.http.close()


class Script:
    """A vendor of whom only this is known: the answers to a path, one after another, the last again and again.

    For what the sandbox does not do, because nobody knows how the vendor does it.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent: dict[str, Any] = {}
        self._answers: dict[str, list[Response]] = {}
        self.says("/accounts/oauth/v2/token", {"access_token": "1000.scripted-a.scripted-b", "expires_in": 3600})

    def says(self, path: str, *bodies: Any, status: int = 200) -> None:
        self._answers[path] = [each if isinstance(each, Response) else JSONResponse(each, status) for each in bodies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if (body := await request.body()).startswith(b"{"):
            self.sent[request.url.path] = json.loads(body)
        self.asked.append(f"{request.method} {request.url.path}")
        answers = self._answers.get(request.url.path, [Response(status_code=404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        await answer(scope, receive, send)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def scripted(script: Script) -> Iterator[Settings]:
    """Settings that lead to the scripted vendor."""
    with LocalServer(script) as server:
        yield Settings.at_sandbox(server.address)


def at_once(times: int, call: Callable[[], object]) -> list[BaseException | None]:
    """Call from several threads at the same moment; what each one raised."""
    barrier = Barrier(times)

    def one() -> None:
        barrier.wait()
        call()

    with ThreadPoolExecutor(times) as threads:
        return [done.exception() for done in [threads.submit(one) for _ in range(times)]]
