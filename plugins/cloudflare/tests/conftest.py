"""The real plugin against its real sandbox, over HTTP on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox
from arumaldo_cloudflare.settings import Settings
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.capabilities.dns import Record, Zone
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.dns import new_reference

NAME = "bakery.example"
HOST = [Record(type="A", name="@", content="192.0.2.10"), Record(type="A", name="www", content="192.0.2.10")]
ENTRY = "/rulesets/phases/http_request_firewall_custom/entrypoint"
NewCloudflare = Callable[..., CloudflareDns]


class Vendor:
    """Someone else with the same token: the operator, or the customer in the vendor's own pages."""

    def __init__(self, settings: Settings) -> None:
        headers = {"authorization": f"Bearer {settings.api_token.get_secret_value()}"}
        self.http = httpx2.Client(base_url=settings.base_url, headers=headers, trust_env=False)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The result of an answer that has to be a success."""
        answer = self.http.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json()["result"] if answer.content else None

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, int]:
        """Status and code of an answer that has to be a refusal."""
        answer = self.http.request(method, path, **options)
        body = answer.json()
        assert (body["success"], body["result"]) == (False, None)
        return answer.status_code, body["errors"][0]["code"]

    def records(self, zone: Zone) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/zones/{zone.id}/dns_records")
        return found

    def setting(self, zone: Zone, name: str) -> Any:
        return self.call("GET", f"/zones/{zone.id}/settings/{name}")["value"]


class Seen:
    """Serves what is on it, and notes down which requests came: one server for all tests, a new sandbox for each."""

    app: ASGIApp

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._interruptions: list[tuple[str, Callable[[], None]]] = []

    def just_before(self, path: str, act: Callable[[], None]) -> None:
        """Once, when the next write to such a path has come, and before the vendor gets it."""
        self._interruptions.append((path, act))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(f"{scope['method']} {scope['path'].removeprefix('/cloudflare/client/v4')}")
        for interruption in list(self._interruptions):
            if scope["method"] != "GET" and scope["path"].endswith(interruption[0]):
                self._interruptions.remove(interruption)
                interruption[1]()
        await self.app(scope, receive, send)

    def writes(self) -> list[str]:
        return [one for one in self.requests if not one.startswith("GET ")]


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[LocalServer, Seen]]:
    seen = Seen()
    with LocalServer(Starlette(routes=[Mount("/", seen)])) as server:
        yield server, seen


@pytest.fixture
def seen(served: tuple[LocalServer, Seen], sandbox: CloudflareSandbox) -> Seen:
    return served[1]


@pytest.fixture
def sandbox(served: tuple[LocalServer, Seen]) -> Iterator[CloudflareSandbox]:
    """A new sandbox that is served, and whose certificates are there at once."""
    server, seen = served
    sandbox = CloudflareSandbox(f"{server.address}/cloudflare")
    sandbox.certificate_seconds = 0
    seen.app = create_app([sandbox])
    seen.requests.clear()
    yield sandbox
    sandbox.shelf.close()


@pytest.fixture
def settings(sandbox: CloudflareSandbox) -> Settings:
    return Settings.at_sandbox(sandbox.address)


@pytest.fixture
def new_cloudflare(settings: Settings) -> Iterator[NewCloudflare]:
    """Makes one more provider, as another worker process would have it, or one with other settings."""
    made: list[CloudflareDns] = []

    def make(**other: Any) -> CloudflareDns:
        made.append(CloudflareDns(settings.model_copy(update=other)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def cloudflare(new_cloudflare: NewCloudflare) -> CloudflareDns:
    return new_cloudflare()


@pytest.fixture
def vendor(settings: Settings) -> Iterator[Vendor]:
    vendor = Vendor(settings)
    yield vendor
    vendor.http.close()


@pytest.fixture
def zone(cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> Zone:
    """A zone that is delegated."""
    made = cloudflare.create_zone(reference=new_reference(), name=NAME)
    assert sandbox.delegate(NAME, made.name_servers)
    return made
