"""Requests and answers against the vendor's own description, where ARUMALDO_SPECS names the folder that holds it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox

from arumaldo.capabilities.hosting import SitePage
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.hosting import new_reference
from arumaldo.testing.wire import Recorder, described

from .conftest import Records, Stage, Vendor, attached, live_site, wait_until
from .vendor_spec import VendorSpec

_FILE = "pressable/pressable-openapi-v1.json"


@pytest.fixture(scope="module")
def spec() -> VendorSpec:
    return described(_FILE, VendorSpec)


@pytest.fixture
def recorder(served: tuple[LocalServer, Stage], sandbox: PressableSandbox, records: Records) -> Recorder:
    recorder = Recorder(create_app([sandbox, records]), "/pressable")
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
