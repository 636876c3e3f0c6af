"""Requests and answers against the vendor's own description, where ARUMALDO_SPECS names the folder that holds it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arumaldo.capabilities.hosting import SitePage
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.hosting import new_reference

from .conftest import Records, Stage, Vendor, attached, live_site, wait_until
from .vendor_spec import Exchange, VendorSpec

_FILE = "pressable/pressable-openapi-v1.json"


@pytest.fixture(scope="module")
def spec() -> VendorSpec:
    folder = os.environ.get("ARUMALDO_SPECS")
    if not folder:
        pytest.skip("ARUMALDO_SPECS is not set: nothing is held against the vendor's own description")
    try:
        return VendorSpec(Path(folder) / _FILE)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        pytest.fail(f"ARUMALDO_SPECS is set, but {_FILE} in it cannot be used: {error}")


class Recorder:
    """Writes down every exchange with the vendor's API, before its caller has the last of the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").startswith("/pressable/"):
            await self._app(scope, receive, send)
            return
        sent, answer, status = bytearray(), bytearray(), 0

        async def heard() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def told(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self.exchanges.append(Exchange(scope["method"], path, query, bytes(sent), status, bytes(answer)))
            await send(message)

        path = scope["path"].removeprefix("/pressable")
        query = scope["query_string"].decode()
        await self._app(scope, heard, told)


@pytest.fixture
def recorder(served: tuple[LocalServer, Stage], sandbox: PressableSandbox, records: Records) -> Recorder:
    recorder = Recorder(create_app([sandbox, records]))
    served[1].app = recorder
    return recorder


def journey(hosting: PressableHosting, records: Records, reference: str) -> None:
    """Everything the plugin ever asks of its vendor."""
    site = live_site(hosting, reference)
    hosting.create_site(reference=reference, label="Sunny Bakery", owner_email="owner@example.com")
    pages = [SitePage(slug="", title="Home", content="x" * 40_000), SitePage(slug="about", title="About", content="y")]
    wait_until(lambda: hosting.put_pages(site_id=site.id, title="Bakery", pages=pages).state == "published")
    hosting.find_sites(reference=reference)
    hosting.put_domain(site_id=site.id, domain="law.example")
    attached(hosting, records, site, "bakery.example")
    hosting.remove_domain(site_id=site.id, domain="bakery.example")
    hosting.remove_site(site_id=site.id)
    hosting.remove_site(site_id=site.id)


def test_the_plugin_asks_and_the_sandbox_answers_as_the_vendor_describes(
    spec: VendorSpec, recorder: Recorder, pressable: PressableHosting, records: Records
) -> None:
    journey(pressable, records, new_reference())
    assert ("PUT", 200) in {(exchange.method, exchange.status) for exchange in recorder.exchanges}
    assert len({(exchange.method, exchange.status) for exchange in recorder.exchanges}) > 4
    assert [mistake for exchange in recorder.exchanges for mistake in spec.mistakes(exchange)] == []


def test_the_rest_of_the_sandbox_answers_as_the_vendor_describes(
    spec: VendorSpec, recorder: Recorder, pressable: PressableHosting, vendor: Vendor
) -> None:
    site = live_site(pressable, new_reference())
    vendor.call("GET", "/account")
    vendor.call("GET", "/sites")
    vendor.call("PUT", f"/sites/{site.id}/edge-cache")
    vendor.call("GET", f"/sites/{site.id}/edge-cache")
    vendor.call("DELETE", f"/sites/{site.id}/edge-cache")
    vendor.call("PUT", f"/sites/{site.id}/disable")
    vendor.call("PUT", f"/sites/{site.id}/enable")
    vendor.wp(site, "option get blogname")
    for domain in vendor.call("POST", f"/sites/{site.id}/domains", json={"name": "bakery.example"})["data"]:
        vendor.call("GET", f"/sites/{site.id}/domains/{domain['id']}")
    vendor.call("GET", "/sites")
    assert [mistake for exchange in recorder.exchanges for mistake in spec.mistakes(exchange)] == []


def test_a_departure_from_the_description_is_noticed(
    spec: VendorSpec, recorder: Recorder, pressable: PressableHosting
) -> None:
    pressable.create_site(reference=new_reference(), label="Bakery", owner_email="owner@example.com")
    made = next(e for e in recorder.exchanges if (e.method, e.path) == ("POST", "/v1/sites"))
    assert spec.mistakes(made) == []
    order, answer = json.loads(made.sent), json.loads(made.answer)
    departures = [
        replace(made, path="/v1/pages"),
        replace(made, query="colour=blue"),
        replace(made, sent=json.dumps(order | {"colour": "blue"}).encode()),
        replace(made, sent=json.dumps(order | {"staging": "no"}).encode()),
        replace(made, answer=json.dumps(answer | {"data": answer["data"] | {"id": "1"}}).encode()),
        replace(made, answer=json.dumps(answer | {"data": {"id": 1}}).encode()),
        replace(made, answer=json.dumps(answer | {"data": answer["data"] | {"colour": 1}}).encode()),
        replace(made, answer=json.dumps(answer | {"colour": 1}).encode()),
    ]
    assert [len(spec.mistakes(departure)) > 0 for departure in departures] == [True] * len(departures)
