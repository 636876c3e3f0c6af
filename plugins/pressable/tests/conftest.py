"""The real plugin against its real sandbox, over HTTP on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox
from arumaldo_pressable.settings import Settings
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.capabilities.hosting import DomainTarget, HostedDomain, HostedSite
from arumaldo.sandbox import Entry, Sandbox, create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.hosting import Visit, new_reference

NewHosting = Callable[[], PressableHosting]


class Vendor:
    """Someone else with a key to the same account: the operator, or the customer in WordPress's own pages."""

    def __init__(self, sandbox: PressableSandbox) -> None:
        self._sandbox = sandbox
        self.http = httpx2.Client(base_url=sandbox.address)
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}
        token = self.http.post("/auth/token", data=form).json()["access_token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer that has to be a success."""
        answer = self.http.request(method, f"/v1{path}", **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wp(self, site: HostedSite, *commands: str) -> str:
        """What the commands print, once they have run."""
        self.call("POST", f"/sites/{site.id}/wordpress/wpcli", json={"commands": list(commands)})
        before = len(self.log(site))
        wait_until(lambda: len(self.log(site)) > before or not self._waiting(site))
        return "\n".join(entry["message"] for entry in self.log(site)[: len(commands)])

    def log(self, site: HostedSite) -> list[dict[str, Any]]:
        entries = self.call("POST", f"/sites/{site.id}/logs/activity", json={"per_page": 50})["data"]
        return [entry for entry in entries if entry["name"] == "ssh.command"]

    def pages(self, site: HostedSite) -> list[tuple[str, str]]:
        """(slug, title) of every page that WordPress has, as its own administrator would count them."""
        posts = self._sandbox.book.wordpress(site.id).posts
        return [(post["post_name"], post["post_title"]) for post in posts if post["post_type"] == "page"]

    def _waiting(self, site: HostedSite) -> bool:
        return bool(self._sandbox.shelf.all(f"queue:{site.id}"))


def wait_until(seen: Callable[[], object]) -> None:
    """Return as soon as `seen()` is true; fail after half a minute."""
    give_up_at = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < give_up_at, "did not happen within 30 seconds"
        time.sleep(0.02)


class Records(Sandbox):
    """Whoever answers for the customers' domains: a vendor that has nothing but records, and no API."""

    name = "records"

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._lead_to: dict[str, list[str]] = {}

    def app(self) -> ASGIApp:
        return Response(status_code=404)

    def ledger(self) -> dict[str, list[Entry]]:
        return {}

    def addresses(self, name: str) -> list[str]:
        return self._lead_to.get(name, [])

    def point(self, domain: str, targets: list[DomainTarget]) -> None:
        """The domain's records lead to `targets`, and nowhere else."""
        for label, name in (("@", domain), ("www", f"www.{domain}")):
            self._lead_to[name] = [target.content for target in targets if target.name == label]


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
def records(served: tuple[LocalServer, Stage]) -> Iterator[Records]:
    records = Records(f"{served[0].address}/records")
    yield records
    records.shelf.close()


@pytest.fixture
def sandbox(served: tuple[LocalServer, Stage], records: Records) -> Iterator[PressableSandbox]:
    """A new sandbox that is served, and quicker than its vendor."""
    server, stage = served
    sandbox = PressableSandbox(f"{server.address}/pressable")
    sandbox.deploy_seconds = 0.1
    sandbox.ready_seconds = 0.1
    sandbox.command_seconds = 0.05
    sandbox.certificate_seconds = 0.05
    stage.app = create_app([sandbox, records])
    yield sandbox
    sandbox.shelf.close()


@pytest.fixture
def settings(sandbox: PressableSandbox) -> Settings:
    return Settings.at_sandbox(sandbox.address)


@pytest.fixture
def new_hosting(settings: Settings) -> Iterator[NewHosting]:
    """Makes one more provider, as another worker process would have it: it remembers nothing."""
    made: list[PressableHosting] = []

    def make() -> PressableHosting:
        made.append(PressableHosting(settings))
        return made[-1]

    yield make
    for hosting in made:
        hosting.close()


@pytest.fixture
def pressable(new_hosting: NewHosting) -> PressableHosting:
    return new_hosting()


@pytest.fixture
def vendor(sandbox: PressableSandbox) -> Iterator[Vendor]:
    vendor = Vendor(sandbox)
    yield vendor
    vendor.http.close()


@pytest.fixture
def reference() -> str:
    return new_reference()


@pytest.fixture
def site(pressable: PressableHosting, reference: str) -> HostedSite:
    return live_site(pressable, reference)


def attached(hosting: PressableHosting, records: Records, site: HostedSite, domain: str) -> HostedDomain:
    """The domain, once its records lead to the site and the host shows it."""
    records.point(domain, hosting.domain_targets(site_id=site.id))
    wait_until(lambda: hosting.put_domain(site_id=site.id, domain=domain).state == "attached")
    return hosting.put_domain(site_id=site.id, domain=domain)


def live_site(hosting: PressableHosting, reference: str) -> HostedSite:
    """A site that is live."""
    made = hosting.create_site(reference=reference, label="Sunny Bakery", owner_email="owner@example.com")
    wait_until(lambda: hosting.get_site(site_id=made.id).state == "live")
    return made


@pytest.fixture
def open_page() -> Visit:
    """A browser: `<name>.localhost` is this machine, which not every resolver knows."""

    def visit(url: str) -> tuple[int, str]:
        answer = fetch(url)
        return answer.status_code, answer.text

    return visit


def fetch(url: str) -> httpx2.Response:
    """The whole answer of a site."""
    target = httpx2.URL(url)
    headers = {"host": target.netloc.decode()}
    return httpx2.get(target.copy_with(host="127.0.0.1"), headers=headers, follow_redirects=False)
