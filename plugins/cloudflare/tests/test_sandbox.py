"""The sandbox: as strict as the vendor, with a memory that outlives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox

from arumaldo.capabilities.dns import Zone
from arumaldo.sandbox import Shelf
from arumaldo.testing.dns import new_reference

from .conftest import ENTRY, HOST, NAME, Vendor

GOOD: dict[str, Any] = {"type": "A", "name": "@", "content": "192.0.2.1", "ttl": 1}
NEW: dict[str, Any] = {"name": NAME, "account": {"id": "a" * 32}, "type": "full"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content": "one.two"}, 9005),
        ({"content": "2001:db8::1"}, 9005),
        ({"type": "AAAA"}, 9006),
        ({"type": "CNAME", "content": "not a host"}, 9007),
        ({"type": "TXT", "proxied": True}, 9004),
        ({"content": "10.1.2.3", "proxied": True}, 9003),
        ({"ttl": 5}, 9021),
        ({"ttl": 300, "proxied": True}, 9021),
        ({"name": "a b"}, 9000),
        ({"name": "bäckerei"}, 9000),
        ({"type": "MX", "content": "mx.example.net"}, 9020),
        ({"colour": "red"}, 1004),
        ({"ttl": "1"}, 1004),
        ({"ttl": None}, 1004),
        ({"proxied": "yes"}, 1004),
        ({"type": "SPF"}, 1004),
        ({"comment": "x" * 101}, 1004),
    ],
)
def test_a_record_that_the_vendor_would_refuse_is_refused(
    vendor: Vendor, zone: Zone, changes: dict[str, Any], code: int
) -> None:
    assert vendor.refused("POST", f"/zones/{zone.id}/dns_records", json=GOOD | changes) == (400, code)
    assert vendor.records(zone) == []


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({}, {}, 81058),
        ({}, {"type": "CNAME", "content": "a.example"}, 81053),
        ({"type": "CNAME", "content": "a.example"}, {"type": "CNAME", "content": "b.example"}, 81053),
        ({"type": "CNAME", "content": "a.example"}, {}, 81054),
        ({"name": "www"}, {"name": "www", "type": "NS", "content": "ns.example.net"}, 81056),
    ],
)
def test_records_that_cannot_stand_beside_each_other_do_not(
    vendor: Vendor, zone: Zone, first: dict[str, Any], second: dict[str, Any], code: int
) -> None:
    path = f"/zones/{zone.id}/dns_records"
    vendor.call("POST", path, json=GOOD | first)
    assert vendor.refused("POST", path, json=GOOD | second) == (400, code)
    vendor.call("POST", path, json=GOOD | {"name": "other"})
    assert len(vendor.records(zone)) == 2


def test_names_are_told_whole_however_they_were_given(vendor: Vendor, zone: Zone) -> None:
    for name in ("@", f"SHOP.{NAME}", "www"):
        vendor.call("POST", f"/zones/{zone.id}/dns_records", json=GOOD | {"name": name})
    assert sorted(row["name"] for row in vendor.records(zone)) == [NAME, f"shop.{NAME}", f"www.{NAME}"]


def test_a_batch_goes_in_its_order_and_is_whole_or_nothing(vendor: Vendor, zone: Zone) -> None:
    path = f"/zones/{zone.id}/dns_records"
    made = vendor.call("POST", path, json=GOOD)
    alias = {"type": "CNAME", "name": "@", "content": "host.example.net", "ttl": 1}
    taken = {"deletes": [{"id": made["id"]}], "posts": [alias, alias]}
    assert vendor.refused("POST", f"{path}/batch", json=taken) == (400, 81058)
    assert [row["id"] for row in vendor.records(zone)] == [made["id"]]
    assert vendor.refused("POST", f"{path}/batch", json={"deletes": [{"id": "0" * 32}], "posts": [alias]}) == (
        404, 81044,
    )  # fmt: skip
    assert vendor.refused("POST", f"{path}/batch", json={}) == (400, 1004)
    done = vendor.call("POST", f"{path}/batch", json={"posts": [alias], "deletes": [{"id": made["id"]}]})
    assert [len(done[part]) for part in ("deletes", "patches", "puts", "posts")] == [1, 0, 0, 1]


def test_a_patch_changes_what_it_names_and_a_put_all(vendor: Vendor, zone: Zone) -> None:
    path = f"/zones/{zone.id}/dns_records"
    made = vendor.call("POST", path, json=GOOD | {"proxied": True, "comment": "ours"})
    vendor.call("POST", f"{path}/batch", json={"patches": [{"id": made["id"], "content": "192.0.2.2"}]})
    [row] = vendor.records(zone)
    assert (row["content"], row["proxied"], row["comment"]) == ("192.0.2.2", True, "ours")
    vendor.call("POST", f"{path}/batch", json={"puts": [{"id": made["id"], **GOOD}]})
    [row] = vendor.records(zone)
    assert (row["content"], row["proxied"], row["comment"]) == ("192.0.2.1", False, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "Bakery.example"}, 1049),
        ({"name": "bakery"}, 1049),
        ({"name": "bäckerei.example"}, 1049),
        ({"account": {"id": "c" * 32}}, 1068),
        ({"account": "a" * 32}, 1004),
        ({"jump_start": True}, 1004),
        ({"type": "half"}, 1004),
        ({"name": "held.example"}, 1061),
    ],
)
def test_a_zone_that_the_vendor_would_refuse_is_refused(
    vendor: Vendor, sandbox: CloudflareSandbox, changes: dict[str, Any], code: int
) -> None:
    sandbox.switches["held:held.example"] = "yes"
    assert vendor.refused("POST", "/zones", json=NEW | changes) == (400, code)
    assert sandbox.ledger()["zones"] == []


def test_a_question_that_makes_no_sense_is_refused(vendor: Vendor, zone: Zone) -> None:
    for query in ({"colour": "red"}, {"per_page": "4"}, {"per_page": "51"}, {"page": "x"}, {"status": "new"}):
        assert vendor.refused("GET", "/zones", params=query) == (400, 1004)
    assert vendor.refused("GET", f"/zones/{zone.id}/dns_records", params={"colour": "red"}) == (400, 1004)
    assert vendor.refused("GET", "/zones/bakery.example") == (404, 7003)
    assert vendor.refused("GET", "/colours") == (404, 7000)
    assert vendor.refused("POST", "/zones", content=b"{") == (400, 6007)
    assert vendor.call("GET", "/zones", params={"page": "9"}) == []


def test_who_does_not_say_who_they_are_is_refused(vendor: Vendor) -> None:
    for headers in ({"authorization": "sandbox-token"}, {"authorization": ""}, {"x-auth-key": "key"}):
        assert vendor.refused("GET", "/zones", headers=headers) == (400, 6003)
    assert vendor.refused("GET", "/zones", headers={"authorization": "Bearer another"}) == (403, 10000)


def test_an_empty_json_body_on_a_removal_is_taken(vendor: Vendor, zone: Zone) -> None:
    headers = {"content-type": "application/json"}
    assert vendor.call("PUT", f"/zones/{zone.id}/activation_check", headers=headers) == {"id": zone.id}
    assert vendor.call("DELETE", f"/zones/{zone.id}", headers=headers) == {"id": zone.id}
    assert vendor.refused("DELETE", f"/zones/{zone.id}", headers=headers) == (404, 7003)


def test_every_answer_says_what_is_left_and_past_the_limit_there_is_none(
    vendor: Vendor, sandbox: CloudflareSandbox
) -> None:
    assert vendor.http.get("/zones").headers["ratelimit"] == '"default";r=1199;t=300'
    sandbox.switches["limit"] = "1"
    assert vendor.http.get("/zones").status_code == 200
    blocked = vendor.http.get("/zones")
    assert (blocked.status_code, blocked.headers["retry-after"]) == (429, "300")
    sandbox.shift += 301
    assert vendor.http.get("/zones").status_code == 200


def test_a_phase_has_one_entry_point_which_the_first_write_makes(vendor: Vendor, zone: Zone) -> None:
    path, rule = f"/zones/{zone.id}", {"expression": "true", "action": "log"}
    assert vendor.refused("GET", f"{path}{ENTRY}") == (404, 10003)
    made = vendor.call("PUT", f"{path}{ENTRY}", json={"rules": [rule]})
    assert (made["version"], made["rules"][0]["ref"]) == ("1", made["rules"][0]["id"])
    assert vendor.call("PUT", f"{path}{ENTRY}", json={"rules": [rule]})["version"] == "2"
    second = {"name": "x", "kind": "zone", "phase": made["phase"], "rules": []}
    assert vendor.refused("POST", f"{path}/rulesets", json=second) == (400, 20217)
    assert [one["id"] for one in vendor.call("GET", f"{path}/rulesets")] == [made["id"]]
    assert vendor.http.delete(f"{path}/rulesets/{made['id']}").status_code == 204
    assert vendor.refused("GET", f"{path}{ENTRY}") == (404, 10003)
    assert vendor.call("POST", f"{path}/rulesets", json=second)["rules"] == []
    assert vendor.refused("PUT", f"{path}{ENTRY}", json={"rules": [rule | {"action": "sing"}]}) == (400, 1004)


def test_a_setting_takes_its_own_values_only(vendor: Vendor, sandbox: CloudflareSandbox, zone: Zone) -> None:
    path = f"/zones/{zone.id}/settings"
    assert vendor.refused("PATCH", f"{path}/ssl", json={"value": "on"}) == (400, 1007)
    assert vendor.refused("PATCH", f"{path}/ssl", json={"value": True}) == (400, 1004)
    assert vendor.refused("PATCH", f"{path}/colour", json={"value": "on"}) == (400, 1006)
    sandbox.switches["fixed"] = "ssl"
    assert vendor.refused("PATCH", f"{path}/ssl", json={"value": "strict"}) == (400, 1057)


def test_visitors_are_led_by_records_of_delegated_zones_only(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone
) -> None:
    cloudflare.put_records(zone_id=zone.id, records=HOST)
    alias = {"type": "CNAME", "name": "shop", "content": f"www.{NAME}", "ttl": 1}
    vendor.call("POST", f"/zones/{zone.id}/dns_records", json=alias)
    assert sandbox.addresses(f"shop.{NAME}.") == sandbox.addresses(f"WWW.{NAME}") == ["192.0.2.10"]
    assert sandbox.addresses("elsewhere.example") == sandbox.addresses(f"no.{NAME}") == []
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert all(address.startswith("104.16.") for address in sandbox.addresses(NAME))
    assert sandbox.delegate(NAME, zone.name_servers[:1]) is False
    assert sandbox.addresses(NAME) == []


def test_a_visitor_of_a_proxied_name_needs_a_certificate_there_and_a_way_to_the_host(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone
) -> None:
    record = {"type": "A", "name": "www", "content": "192.0.2.10", "ttl": 1, "proxied": True}
    vendor.call("POST", f"/zones/{zone.id}/dns_records", json=record)
    for ssl, certificate, said in (
        ("strict", 900, "no certificate"), ("off", 0, "too many times"), ("flexible", 0, "too many times"),
        ("full", 0, ""), ("strict", 0, ""),
    ):  # fmt: skip
        sandbox.certificate_seconds = certificate
        vendor.call("PATCH", f"/zones/{zone.id}/settings/ssl", json={"value": ssl})
        assert said in sandbox.obstacle(f"WWW.{NAME}.")
        assert (sandbox.obstacle(f"www.{NAME}") == "") == (said == "")
        assert bool(sandbox.addresses(f"www.{NAME}")) == (said == "")
    assert sandbox.obstacle(NAME) == sandbox.obstacle("elsewhere.example") == ""


def test_name_servers_are_told_in_any_order_and_spelling(cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> None:
    made = cloudflare.create_zone(reference=new_reference(), name=NAME)
    assert not sandbox.delegate(NAME, made.name_servers[:1])
    assert sandbox.delegate(f"{NAME}.", [f"{server.upper()}." for server in reversed(made.name_servers)])
    assert cloudflare.get_zone(zone_id=made.id).state == "active"


def test_the_ledger_shows_what_is_there_and_what_was(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone
) -> None:
    cloudflare.put_records(zone_id=zone.id, records=HOST)
    ledger = sandbox.ledger()
    [entry] = ledger["zones"]
    assert (entry.id, entry.reference, entry.state, entry.facts["status"]) == (zone.id, NAME, "live", "active")
    assert sorted(one.facts["name"] for one in ledger["records"]) == [NAME, f"www.{NAME}"]
    cloudflare.remove_zone(zone_id=zone.id)
    cloudflare.create_zone(reference=new_reference(), name=NAME)
    assert [one.state for one in sandbox.ledger()["zones"]] == ["undone", "live"]
    assert sandbox.ledger()["records"] == []


def test_a_zone_from_before_us_is_there_once_and_can_be_removed(vendor: Vendor, sandbox: CloudflareSandbox) -> None:
    sandbox.switches[f"before:{NAME}"] = "A 192.0.2.200"
    [found] = vendor.call("GET", "/zones", params={"name": NAME})
    assert sandbox.addresses(NAME) == ["192.0.2.200"]
    vendor.call("DELETE", f"/zones/{found['id']}")
    assert vendor.call("GET", "/zones") == []


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    def opened() -> CloudflareSandbox:
        return CloudflareSandbox("http://localhost:9000/cloudflare", Shelf(tmp_path / "shelf"))

    before = opened()
    zone, other = before.book.add_zone(NAME, "a" * 32), before.book.add_zone("law.example", "a" * 32)
    assert before.delegate(NAME, zone["name_servers"])
    row = {"id": "e" * 32, "type": "A", "name": NAME, "content": "192.0.2.1", "proxied": False, "made": before.now()}
    before.book.keep_records(zone, [{**row, "ttl": 1, "comment": None, "priority": None}])
    before.book.remove(other)
    ledger = before.ledger()
    before.shelf.close()
    after = opened()
    assert after.ledger() == ledger
    assert after.addresses(NAME) == ["192.0.2.1"]
    fresh = after.book.add_zone("law.example", "a" * 32)
    assert set(fresh["name_servers"]).isdisjoint([*zone["name_servers"], *other["name_servers"]])
    after.shift += 29 * 86_400
    assert [one.state for one in after.ledger()["zones"]] == ["live", "undone", "undone"]
    after.shelf.close()
