"""Requests and answers against the vendor's own descriptions, where ARUMALDO_SPECS names the folder that holds them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from arumaldo_cloudflare.check import check
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox
from arumaldo_cloudflare.settings import Settings

from arumaldo import NotFound, OutcomeUnknown, Refused
from arumaldo.capabilities.dns import Record, Zone
from arumaldo.testing.dns import new_reference
from arumaldo.testing.wire import Exchange, Recorder, described

from .conftest import ENTRY, HOST, NAME, Seen, Vendor
from .vendor_spec import VendorSpec

_ROOT = "/cloudflare/client/v4"


@pytest.fixture(scope="session")
def spec() -> VendorSpec:
    return described("cloudflare", VendorSpec)


@pytest.fixture
def recorder(seen: Seen) -> Recorder:
    recorder = Recorder(seen.app, _ROOT)
    seen.app = recorder
    return recorder


def journey(cloudflare: CloudflareDns, settings: Settings, sandbox: CloudflareSandbox, vendor: Vendor) -> Zone:
    """Everything the plugin ever asks of its vendor, and the refusals that it meets."""
    check(settings)
    sandbox.switches["token"] = "of-account"
    check(settings)
    zone = cloudflare.create_zone(reference=new_reference(), name=NAME)
    with pytest.raises(OutcomeUnknown):
        cloudflare.create_zone(reference=new_reference(), name=NAME)
    with pytest.raises(Refused):
        cloudflare.create_zone(reference=new_reference(), name="nodots")
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    sandbox.delegate(NAME, zone.name_servers)
    cloudflare.find_zones(reference="", name=NAME)
    records = [
        *HOST,
        Record(type="AAAA", name="@", content="2001:db8::1"),
        Record(type="CNAME", name="shop", content="host.example.net"),
        Record(type="A", name="private", content="10.0.0.1"),
    ]
    firewall(cloudflare, vendor, zone)
    for put in (records, HOST, [Record(type="CNAME", name="www", content="host.example.net")]):
        cloudflare.put_shield(zone_id=zone.id, records=put, ours=True)
        cloudflare.put_records(zone_id=zone.id, records=put)
    cloudflare.leave_zone(zone_id=zone.id, records=HOST)
    cloudflare.remove_zone(zone_id=zone.id)
    cloudflare.remove_zone(zone_id=zone.id)
    with pytest.raises(NotFound):
        cloudflare.get_zone(zone_id=zone.id)
    return zone


def firewall(cloudflare: CloudflareDns, vendor: Vendor, zone: Zone) -> None:
    """The first rule, one more beside others, one that was changed, and one too many."""
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    theirs = {"ref": "theirs", "expression": "true", "action": "log"}
    entry = vendor.call("PUT", f"/zones/{zone.id}{ENTRY}", json={"rules": [theirs]})
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    double = theirs | {"ref": "arumaldo-xmlrpc"}
    vendor.call("PUT", f"/zones/{zone.id}{ENTRY}", json={"rules": [double, double]})
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert len(vendor.call("GET", f"/zones/{zone.id}{ENTRY}")["rules"]) == 1
    assert entry["version"] == "2"


def test_the_plugin_asks_and_the_sandbox_answers_as_the_vendor_describes(
    spec: VendorSpec,
    recorder: Recorder,
    cloudflare: CloudflareDns,
    settings: Settings,
    sandbox: CloudflareSandbox,
    vendor: Vendor,
) -> None:
    journey(cloudflare, settings, sandbox, vendor)
    kinds = {(one.method, "/".join(one.path.split("/")[3:4]), one.status) for one in recorder.exchanges}
    assert kinds >= {
        ("POST", "", 200), ("POST", "", 400), ("GET", "", 404), ("DELETE", "", 200), ("DELETE", "", 404),
        ("POST", "dns_records", 200), ("POST", "dns_records", 400), ("GET", "dns_records", 200), ("GET", "ssl", 200),
        ("GET", "settings", 200), ("PATCH", "settings", 200), ("GET", "rulesets", 404), ("PUT", "rulesets", 200),
        ("POST", "rulesets", 200), ("PATCH", "rulesets", 200), ("DELETE", "rulesets", 200),
    }  # fmt: skip
    assert [mistake for one in recorder.exchanges for mistake in spec.mistakes(one)] == []


def test_the_rest_of_the_sandbox_answers_as_the_vendor_describes(
    spec: VendorSpec, recorder: Recorder, vendor: Vendor, zone: Zone
) -> None:
    path = f"/zones/{zone.id}"
    vendor.call("GET", "/zones", params={"status": "active", "order": "name", "direction": "asc", "match": "all"})
    vendor.call("PUT", f"{path}/activation_check")
    for record in (
        {"type": "MX", "name": "@", "content": "mx.example.net", "priority": 10},
        {"type": "TXT", "name": "@", "content": '"v=spf1 -all"'},
        {"type": "NS", "name": "sub", "content": "ns.example.net"},
    ):
        made = vendor.call("POST", f"{path}/dns_records", json={"ttl": 300, **record})
    vendor.call("GET", f"{path}/dns_records", params={"type": "TXT", "name": NAME, "page": 1, "per_page": 5})
    vendor.call("DELETE", f"{path}/dns_records/{made['id']}")
    for name in ("brotli", "http3", "security_level"):
        vendor.call("GET", f"{path}/settings/{name}")
    order = {"name": "ours", "kind": "zone", "phase": "http_request_firewall_custom", "rules": []}
    ruleset = vendor.call("POST", f"{path}/rulesets", json=order)
    vendor.call("GET", f"{path}/rulesets")
    vendor.call("DELETE", f"{path}/rulesets/{ruleset['id']}")
    assert vendor.refused("POST", f"{path}/dns_records", json={"type": "A"}) == (400, 1004)
    good = [one for one in recorder.exchanges if one.sent != b'{"type":"A"}']
    assert len(good) > 10
    assert [mistake for one in good for mistake in spec.mistakes(one)] == []


def test_a_departure_from_the_description_is_noticed(
    spec: VendorSpec, recorder: Recorder, cloudflare: CloudflareDns, zone: Zone
) -> None:
    cloudflare.put_records(zone_id=zone.id, records=HOST)
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    cloudflare.find_zones(reference="", name=NAME)
    made = first(recorder, "POST", "/zones")
    batch, listed = first(recorder, "POST", "batch"), first(recorder, "GET", "/zones")
    setting, rules = first(recorder, "PATCH", "ssl"), first(recorder, "PUT", "entrypoint")
    gone = first(recorder, "GET", "entrypoint")
    for one in (made, batch, listed, setting, rules, gone):
        assert spec.mistakes(one) == []
    zone_row, post = json.loads(made.answer)["result"], json.loads(batch.sent)["posts"][0]
    departures = [
        replace(made, path="/zone"),
        replace(made, query="colour=blue"),
        replace(made, status=201),
        replace(made, sent=changed(made.sent, colour="blue")),
        replace(made, sent=changed(made.sent, type="half")),
        replace(made, sent=b'{"name": "bakery.example"}'),
        replace(made, answer=changed(made.answer, result=zone_row | {"colour": 1})),
        replace(made, answer=changed(made.answer, result=zone_row | {"status": "new"})),
        replace(made, answer=changed(made.answer, result={"id": "1"})),
        replace(made, answer=changed(made.answer, colour=1)),
        replace(made, answer=changed(made.answer, success=False)),
        replace(listed, query="name=a&per_page=51"),
        replace(listed, query="name=a&status=new"),
        replace(listed, answer=changed(listed.answer, result_info={"colour": 1})),
        replace(batch, sent=changed(batch.sent, posts=[post | {"colour": "blue"}])),
        replace(batch, sent=changed(batch.sent, posts=[{**post, "ttl": "automatic"}])),
        replace(batch, sent=changed(batch.sent, posts=[{key: post[key] for key in post if key != "ttl"}])),
        replace(batch, sent=changed(batch.sent, deletes=[{"name": "www"}])),
        replace(setting, sent=b'{"values": "strict"}'),
        replace(setting, answer=changed(setting.answer, result={"id": "ssl", "value": "total"})),
        replace(rules, sent=changed(rules.sent, rules=[{"action": "sing"}])),
        replace(rules, sent=changed(rules.sent, colour="blue")),
        replace(gone, answer=changed(gone.answer, errors=[])),
        replace(gone, answer=changed(gone.answer, result={})),
    ]
    unseen = [number for number, departure in enumerate(departures) if not spec.mistakes(departure)]
    assert unseen == []


def first(recorder: Recorder, method: str, end: str) -> Exchange:
    return next(one for one in recorder.exchanges if one.method == method and one.path.endswith(end))


def changed(body: bytes, **keys: Any) -> bytes:
    return json.dumps(json.loads(body) | keys).encode()
