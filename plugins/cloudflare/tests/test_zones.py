"""Zones: one of each name, made once whatever was cut off, and never one that others made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox

from arumaldo import Denied, NotFound, OutcomeUnknown, Refused
from arumaldo.capabilities.dns import Zone
from arumaldo.sandbox import Fault
from arumaldo.testing.dns import new_reference

from .conftest import HOST, NAME, Seen, Vendor


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
def test_a_zone_whose_answer_was_lost_is_found_as_made_just_now(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, answer: str
) -> None:
    order = {"match": r"POST .*/zones\n", "effect": "after", "answer": answer, "status": 502}
    sandbox.faults.order(Fault.model_validate(order))
    with pytest.raises(OutcomeUnknown):
        cloudflare.create_zone(reference=new_reference(), name=NAME)
    [found] = cloudflare.find_zones(reference=new_reference(), name=NAME)
    assert found.made_at is not None
    assert found.reference is None
    assert datetime.now(UTC) - found.made_at < timedelta(minutes=1)


def test_a_zone_that_was_there_before_is_left_to_a_look_which_tells_its_age(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox
) -> None:
    sandbox.switches[f"before:{NAME}"] = "A 192.0.2.200"
    with pytest.raises(OutcomeUnknown):
        cloudflare.create_zone(reference=new_reference(), name=NAME)
    [found] = cloudflare.find_zones(reference=new_reference(), name=NAME)
    assert found.made_at is not None
    assert datetime.now(UTC) - found.made_at > timedelta(days=20)


def test_a_domain_at_another_account_is_refused_in_words_for_the_customer(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox
) -> None:
    sandbox.switches[f"held:{NAME}"] = "yes"
    with pytest.raises(Refused, match="another account"):
        cloudflare.create_zone(reference=new_reference(), name=NAME)


def test_a_zone_of_a_name_that_only_contains_ours_is_not_found(cloudflare: CloudflareDns, zone: Zone) -> None:
    for name in ("bakery.exampl", "akery.example", "shop.bakery.example"):
        assert cloudflare.find_zones(reference=new_reference(), name=name) == []


def test_our_zone_is_found_among_many_others_even_where_the_vendor_lists_them_all(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone
) -> None:
    sandbox.switches["filters"] = "loose"
    for number in range(60):
        order = {"name": f"shop{number}.example", "account": {"id": "a" * 32}, "type": "full"}
        vendor.call("POST", "/zones", json=order)
    assert [one.id for one in cloudflare.find_zones(reference="", name=NAME)] == [zone.id]
    assert cloudflare.find_zones(reference="", name="bakery.test") == []


def test_a_zone_that_nobody_delegates_is_gone_after_four_weeks(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox
) -> None:
    zone = cloudflare.create_zone(reference=new_reference(), name=NAME)
    sandbox.shift += 27 * 86_400
    assert cloudflare.get_zone(zone_id=zone.id).state == "pending"
    sandbox.shift += 2 * 86_400
    with pytest.raises(NotFound):
        cloudflare.get_zone(zone_id=zone.id)


def test_a_zone_that_has_moved_away_is_gone_after_a_week_and_an_active_one_stays(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone
) -> None:
    sandbox.shift += 60 * 86_400
    assert cloudflare.get_zone(zone_id=zone.id).state == "active"
    sandbox.delegate(NAME, ["ns1.elsewhere.example", "ns2.elsewhere.example"])
    sandbox.shift += 6 * 86_400
    assert cloudflare.get_zone(zone_id=zone.id).state == "moved"
    sandbox.shift += 2 * 86_400
    with pytest.raises(NotFound):
        cloudflare.get_zone(zone_id=zone.id)


@pytest.mark.parametrize("told", ["9109", "0"])
def test_a_zone_that_is_gone_is_no_matter_of_the_token_unless_the_token_sees_no_list(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, told: str
) -> None:
    sandbox.switches |= {"absent": told, "rights": "no-list"}
    for call in (cloudflare.get_zone, cloudflare.remove_zone):
        with pytest.raises(Denied):
            call(zone_id="0" * 32)
    del sandbox.switches["rights"]
    with pytest.raises(NotFound):
        cloudflare.get_zone(zone_id="0" * 32)
    cloudflare.remove_zone(zone_id="0" * 32)


@pytest.mark.parametrize("told", ["", "1001", "9109", "0"])
def test_a_zone_that_is_gone_is_told_as_gone_however_the_vendor_says_it(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone, told: str
) -> None:
    sandbox.switches["absent"] = told
    cloudflare.remove_zone(zone_id=zone.id)
    with pytest.raises(NotFound):
        cloudflare.get_zone(zone_id=zone.id)
    with pytest.raises(NotFound):
        cloudflare.put_records(zone_id=zone.id, records=HOST)
    with pytest.raises(NotFound):
        cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)
    cloudflare.remove_zone(zone_id=zone.id)


@pytest.mark.parametrize("zone_id", ["", "..", "bakery.example", "A" * 32, "0" * 32 + "/dns_records"])
def test_an_id_that_is_none_reaches_no_other_path_of_the_vendor(
    cloudflare: CloudflareDns, seen: Seen, zone: Zone, zone_id: str
) -> None:
    seen.requests.clear()
    with pytest.raises(NotFound):
        cloudflare.get_zone(zone_id=zone_id)
    cloudflare.remove_zone(zone_id=zone_id)
    assert seen.requests == []


def test_a_domain_that_is_made_anew_has_other_name_servers(cloudflare: CloudflareDns) -> None:
    first = cloudflare.create_zone(reference=new_reference(), name=NAME)
    cloudflare.remove_zone(zone_id=first.id)
    second = cloudflare.create_zone(reference=new_reference(), name=NAME)
    assert set(first.name_servers).isdisjoint(second.name_servers)
