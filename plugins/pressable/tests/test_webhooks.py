"""The hosting vendor's webhooks, as a subscriber on this machine gets them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox.local import LocalServer
from arumaldo.sandbox.webhooks import Subscription

from .conftest import Vendor, live_site


class Ear:
    """A subscriber: hears every webhook, as (event, site)."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/hook", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        event = json.loads(await request.body())
        self.heard.append((event["event"], event["site_id"]))
        return Response(status_code=204)


@pytest.fixture
def ear(sandbox: PressableSandbox) -> Iterator[Ear]:
    ear = Ear()
    with LocalServer(ear.app()) as server:
        sandbox.webhooks.subscribe(Subscription(url=f"{server.address}/hook", when="early"))
        yield ear
        sandbox.webhooks.clear()


def test_what_happens_to_a_site_is_told_of(
    ear: Ear, pressable: PressableHosting, vendor: Vendor, reference: str
) -> None:
    site = live_site(pressable, reference)
    vendor.call("PUT", f"/sites/{site.id}/disable")
    vendor.call("PUT", f"/sites/{site.id}/enable")
    vendor.call("DELETE", f"/sites/{site.id}")
    names = ["site_created", "site_disabled", "site_enabled", "site_deleted"]
    assert ear.heard == [(name, int(site.id)) for name in names]


def test_what_happens_to_the_domains_of_a_site_is_told_of(
    ear: Ear, pressable: PressableHosting, vendor: Vendor, reference: str
) -> None:
    site = live_site(pressable, reference)
    domain, _ = vendor.call("POST", f"/sites/{site.id}/domains", json={"name": "bakery.example"})["data"]
    vendor.call("PUT", f"/sites/{site.id}/domains/{domain['id']}/primary")
    assert ear.heard[1:] == [(name, int(site.id)) for name in ("domain_added", "primary_domain_set")]


def test_a_forged_webhook_is_about_a_site_that_does_not_exist(
    ear: Ear, sandbox: PressableSandbox, pressable: PressableHosting, vendor: Vendor, reference: str
) -> None:
    [true] = sandbox.webhooks.subscriptions()
    sandbox.webhooks.clear()
    sandbox.webhooks.subscribe(true.model_copy(update={"forged": True}))
    live_site(pressable, reference)
    [(event, number)] = ear.heard
    assert event == "site_created"
    assert vendor.http.get(f"/v1/sites/{number}").status_code == 404
