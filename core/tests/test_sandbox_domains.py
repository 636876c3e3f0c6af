"""Websites under names of any depth are served on one port, each by the vendor who hosts it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox, create_app
from arumaldo.sandbox.local import LocalServer


class Host(Sandbox):
    """Hosts the names it was given, and says to each visitor under which one they came."""

    def __init__(self, *names: str) -> None:
        super().__init__("")
        self._names = names

    def app(self) -> ASGIApp:
        return PlainTextResponse("the API")

    def ledger(self) -> dict[str, list[Entry]]:
        return {}

    def site(self, host: str) -> ASGIApp | None:
        return PlainTextResponse(f"{self.name}: {host}") if host.removesuffix(".localhost") in self._names else None


class Acme(Host):
    name = "acme"


class Bolt(Host):
    name = "bolt"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    hosts = Acme("bakery", "bakery.example", "www.bakery.example"), Bolt("xn--bckerei-5wa.co.example")
    with LocalServer(create_app(hosts)) as server:
        yield server
    for host in hosts:
        host.shelf.close()


def visit(server: LocalServer, host: str, path: str = "/") -> httpx2.Response:
    return httpx2.get(f"http://127.0.0.1:{server.port}{path}", headers={"host": host}, trust_env=False)


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("bakery.localhost", "acme: bakery.localhost"),
        ("bakery.example.localhost", "acme: bakery.example.localhost"),
        ("www.bakery.example.localhost", "acme: www.bakery.example.localhost"),
        ("WWW.Bakery.Example.LocalHost", "acme: www.bakery.example.localhost"),
        ("xn--bckerei-5wa.co.example.localhost", "bolt: xn--bckerei-5wa.co.example.localhost"),
    ],
)
def test_a_site_is_served_under_each_of_its_names_with_or_without_the_port(
    server: LocalServer, host: str, served: str
) -> None:
    for name in (host, f"{host}:{server.port}"):
        assert visit(server, name).text == served
        # A path that is a vendor's elsewhere belongs to the site here.
        assert visit(server, name, "/acme/").text == served
        assert visit(server, name, "/_control/health").text == served


def test_a_name_that_nobody_hosts_is_said_so(server: LocalServer) -> None:
    answer = visit(server, "law.example.localhost")
    assert answer.status_code == 404
    assert "no website at law.example.localhost" in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "bakery.example", "bakery.example.localhost.example"])
def test_whoever_asks_for_another_host_meets_the_vendors(server: LocalServer, host: str) -> None:
    assert visit(server, host, "/acme/").text == "the API"


class InTheWay(Host):
    """Stands before every host of one domain."""

    name = "way"

    def obstacle(self, name: str) -> str:
        return "There is no certificate for this name" if name.endswith("bakery.example") else ""


def test_a_visitor_does_not_get_past_a_vendor_that_is_in_the_way() -> None:
    sandboxes = Acme("bakery.example", "law.example"), InTheWay()
    with LocalServer(create_app(sandboxes)) as server:
        answer = visit(server, "bakery.example.localhost")
        assert (answer.status_code, "no certificate for this name" in answer.text) == (502, True)
        assert visit(server, "law.example.localhost").text == "acme: law.example.localhost"
    for sandbox in sandboxes:
        sandbox.shelf.close()
