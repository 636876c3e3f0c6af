"""The shield: in an order in which a site is never unreachable, and told truly."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox

from arumaldo import Denied, Unavailable
from arumaldo.capabilities.dns import Record, Zone
from arumaldo.sandbox import Fault

from .conftest import ENTRY, HOST, NAME, NewCloudflare, Seen, Vendor

THEIRS = {"ref": "theirs", "expression": "true", "action": "log"}


def refs(vendor: Vendor, zone: Zone) -> list[str]:
    return [rule["ref"] for rule in vendor.call("GET", f"/zones/{zone.id}{ENTRY}")["rules"]]


def set_to(vendor: Vendor, zone: Zone, name: str, value: str) -> None:
    vendor.call("PATCH", f"/zones/{zone.id}/settings/{name}", json={"value": value})


def through(vendor: Vendor, zone: Zone) -> set[bool]:
    return {row["proxied"] for row in vendor.records(zone)}


def test_nobody_is_led_through_the_network_before_it_has_a_certificate_and_the_order_is_kept(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, seen: Seen
) -> None:
    sandbox.certificate_seconds = 900
    cloudflare.put_records(zone_id=zone.id, records=HOST)
    seen.requests.clear()
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.ready, shield.encrypted, shield.https_only, shield.cached) == (False, "none", False, False)
    assert "certificate" in shield.reason
    assert sandbox.addresses(NAME) == ["192.0.2.10"]
    sandbox.shift += 901
    assert cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True).ready
    assert all(address.startswith("104.16.") for address in sandbox.addresses(NAME))
    written = [one.rpartition("/")[2] for one in seen.writes()]
    assert written == ["ssl", "batch", "always_use_https", "min_tls_version", "entrypoint"]


@pytest.mark.parametrize(
    "path", ["settings/ssl", "ssl/verification", "batch", "settings/always_use_https", "entrypoint"]
)
@pytest.mark.parametrize("effect", ["before", "after"])
def test_wherever_a_call_is_cut_off_the_site_is_open(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone, path: str, effect: str
) -> None:
    cloudflare.put_records(zone_id=zone.id, records=HOST)
    for seconds in (900, 0):
        sandbox.certificate_seconds = seconds
        sandbox.faults.order(Fault.model_validate({"match": f"/{path}", "effect": effect, "answer": "cut"}))
        for _ in range(2):
            with contextlib.suppress(Unavailable):
                cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
            assert sandbox.addresses(NAME)
            assert sandbox.addresses(f"www.{NAME}")


def test_the_certificate_takes_its_time(cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone) -> None:
    sandbox.certificate_seconds = 900
    assert not cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True).ready
    sandbox.shift += 901
    assert cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True).ready


def test_a_zone_that_is_not_delegated_waits(cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> None:
    made = cloudflare.create_zone(reference="a" * 20, name=NAME)
    assert not cloudflare.put_shield(zone_id=made.id, records=HOST, ours=True).ready


def test_the_connection_is_checked_all_the_way_to_the_host(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone
) -> None:
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.encrypted, shield.https_only, shield.cached) == ("to the host", True, True)
    assert (shield.firewall, shield.ready, shield.reason) == (True, True, "")
    assert [vendor.setting(zone, name) for name in ("ssl", "always_use_https", "min_tls_version")] == [
        "strict", "on", "1.2",
    ]  # fmt: skip


def test_a_second_call_writes_nothing_and_tells_the_same(cloudflare: CloudflareDns, zone: Zone, seen: Seen) -> None:
    first = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    seen.requests.clear()
    assert cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True) == first
    assert seen.writes() == []


def test_what_is_stricter_already_is_not_loosened(cloudflare: CloudflareDns, vendor: Vendor, zone: Zone) -> None:
    set_to(vendor, zone, "min_tls_version", "1.3")
    set_to(vendor, zone, "ssl", "origin_pull")
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.encrypted, shield.reason) == ("to the host", "")
    assert (vendor.setting(zone, "min_tls_version"), vendor.setting(zone, "ssl")) == ("1.3", "origin_pull")


@pytest.mark.parametrize("ssl", ["flexible", "off"])
def test_nobody_is_led_to_where_they_would_be_redirected_for_ever(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, ssl: str
) -> None:
    set_to(vendor, zone, "ssl", ssl)
    sandbox.switches["fixed"] = "ssl"
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.ready, shield.encrypted, shield.https_only, shield.cached) == (True, "none", False, False)
    assert f"the network before {NAME}, www.{NAME} (ssl is {ssl}" in shield.reason
    assert vendor.setting(zone, "always_use_https") == "off"
    assert sandbox.addresses(NAME) == ["192.0.2.10"]


def test_what_cannot_be_led_through_the_network_is_not_said_to_be(cloudflare: CloudflareDns, zone: Zone) -> None:
    records = [Record(type="A", name="@", content="10.0.0.5")]
    for _ in range(2):
        shield = cloudflare.put_shield(zone_id=zone.id, records=records, ours=True)
        assert (shield.encrypted, shield.https_only, shield.cached, shield.firewall) == ("none", False, False, False)
        assert f"the network before {NAME} (their address cannot be led through it)" in shield.reason


def test_what_holds_for_some_of_the_names_alone_is_not_said_of_the_domain(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone
) -> None:
    records = [HOST[1], Record(type="A", name="@", content="10.0.0.5")]
    shield = cloudflare.put_shield(zone_id=zone.id, records=records, ours=True)
    assert (shield.cached, shield.firewall) == (False, False)
    assert (through(vendor, zone), vendor.setting(zone, "always_use_https")) == ({False, True}, "on")


# Zones that were there before us.


@pytest.mark.parametrize(("ssl", "encrypted"), [("full", "to the provider"), ("strict", "to the host")])
def test_in_a_zone_from_before_us_the_other_hosts_are_not_touched(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone, seen: Seen, ssl: str, encrypted: str
) -> None:
    set_to(vendor, zone, "ssl", ssl)
    seen.requests.clear()
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=False)
    assert [one.rpartition("/")[2] for one in seen.writes()] == ["batch", "entrypoint"]
    assert (shield.ready, shield.encrypted, shield.https_only, shield.firewall) == (True, encrypted, False, True)
    assert "HTTPS for all visitors (always_use_https is off, and stays so for others in the zone)" in shield.reason
    assert ("a checked connection" in shield.reason) == (ssl == "full")


def test_in_a_zone_from_before_us_where_the_host_would_redirect_for_ever_visitors_go_straight_to_it(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone
) -> None:
    set_to(vendor, zone, "ssl", "flexible")
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=False)
    assert (shield.ready, shield.cached, shield.encrypted) == (True, False, "none")
    assert vendor.setting(zone, "ssl") == "flexible"
    assert sandbox.addresses(NAME) == ["192.0.2.10"]


def test_firewall_rules_hold_for_the_names_of_the_site_alone(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone
) -> None:
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    [rule] = vendor.call("GET", f"/zones/{zone.id}{ENTRY}")["rules"]
    assert rule["expression"].startswith(f'(http.host in {{"{NAME}" "www.{NAME}"}} and http.request.uri.path eq')


def test_firewall_rules_are_taken_back_with_the_records_and_those_of_others_stay(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone
) -> None:
    vendor.call("PUT", f"/zones/{zone.id}{ENTRY}", json={"rules": [THEIRS]})
    set_to(vendor, zone, "ssl", "full")
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=False)
    for _ in range(2):
        cloudflare.leave_zone(zone_id=zone.id, records=HOST)
        assert refs(vendor, zone) == ["theirs"]
        assert vendor.records(zone) == []


# What the plan, the token and others leave of it.


@pytest.mark.parametrize("plan", ["small", "old"])
def test_a_setting_that_the_plan_does_not_have_is_left_out_and_told(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone, plan: str
) -> None:
    sandbox.switches["plan"] = plan
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.ready, shield.https_only, shield.firewall) == (True, True, True)
    assert "min_tls_version" in shield.reason


@pytest.mark.parametrize(("switch", "value"), [("rights", "no-rulesets"), ("plan", "no-rules")])
def test_firewall_rules_that_are_not_to_be_had_are_left_out_and_told(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone, switch: str, value: str
) -> None:
    sandbox.switches[switch] = value
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.ready, shield.https_only, shield.firewall) == (True, True, False)
    assert "firewall" in shield.reason


def test_a_token_that_may_not_look_at_certificates_demands_nothing(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone
) -> None:
    sandbox.switches["rights"] = "no-certificates"
    with pytest.raises(Denied, match="SSL and Certificates read"):
        cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert vendor.setting(zone, "always_use_https") == "off"


def test_firewall_rules_of_others_stay_and_ours_is_there_once(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone
) -> None:
    vendor.call("PUT", f"/zones/{zone.id}{ENTRY}", json={"rules": [THEIRS]})
    for _ in range(2):
        cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert refs(vendor, zone) == ["theirs", "arumaldo-xmlrpc"]


@pytest.mark.parametrize("change", [{"action": "log"}, {"enabled": False}, {"expression": "false"}])
def test_our_rule_that_somebody_changed_is_put_right(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone, change: dict[str, Any]
) -> None:
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    before = vendor.call("GET", f"/zones/{zone.id}{ENTRY}")
    path = f"/zones/{zone.id}/rulesets/{before['id']}/rules/{before['rules'][0]['id']}"
    vendor.call("PATCH", path, json=change)
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    [rule] = vendor.call("GET", f"/zones/{zone.id}{ENTRY}")["rules"]
    assert all(rule[key] == before["rules"][0][key] for key in ("action", "enabled", "expression", "id"))


def test_workers_at_once_leave_one_rule_of_ours(new_cloudflare: NewCloudflare, vendor: Vendor, zone: Zone) -> None:
    vendor.call("PUT", f"/zones/{zone.id}{ENTRY}", json={"rules": [THEIRS]})

    def put(_: int) -> None:
        with contextlib.suppress(Unavailable):  # the others were quicker; it would be called again
            new_cloudflare().put_shield(zone_id=zone.id, records=HOST, ours=True)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(put, range(8)))
    put(0)
    assert refs(vendor, zone) == ["theirs", "arumaldo-xmlrpc"]


def test_a_rule_that_is_there_twice_is_there_once_after_the_next_call(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone
) -> None:
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    entry = vendor.call("GET", f"/zones/{zone.id}{ENTRY}")
    ours = {key: entry["rules"][0][key] for key in ("ref", "description", "expression", "action")}
    vendor.call("POST", f"/zones/{zone.id}/rulesets/{entry['id']}/rules", json=ours)
    cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert refs(vendor, zone) == ["arumaldo-xmlrpc"]


@pytest.mark.parametrize("path", ["ssl/verification", "settings/ssl", "settings/always_use_https", "entrypoint"])
def test_a_shield_that_was_cut_off_halfway_is_finished_by_the_next_call(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone, path: str
) -> None:
    sandbox.faults.order(Fault.model_validate({"match": f"/{path}", "effect": "after", "answer": "cut"}))
    with pytest.raises(Unavailable):
        cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    shield = cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    assert (shield.ready, shield.encrypted, shield.firewall) == (True, "to the host", True)
