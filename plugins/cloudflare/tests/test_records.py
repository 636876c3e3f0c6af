"""Records: the names lead exactly where they should, and nothing else in the zone is touched."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox

from arumaldo import Refused, Unavailable
from arumaldo.capabilities.dns import Record, Zone
from arumaldo.sandbox import Fault

from .conftest import HOST, NAME, NewCloudflare, Seen, Vendor

Put = Callable[..., None]


@pytest.fixture
def put(cloudflare: CloudflareDns, zone: Zone) -> Put:
    def put(*records: Record, shielded: bool = False) -> None:
        if shielded:
            cloudflare.put_shield(zone_id=zone.id, records=list(records), ours=True)
        else:
            cloudflare.put_records(zone_id=zone.id, records=list(records))

    return put


def add(vendor: Vendor, zone: Zone, **record: Any) -> None:
    vendor.call("POST", f"/zones/{zone.id}/dns_records", json={"ttl": 1, **record})


def led(vendor: Vendor, zone: Zone) -> list[tuple[str, str, bool]]:
    rows = vendor.records(zone)
    return sorted((row["name"].removesuffix(f".{NAME}"), row["content"], row["proxied"]) for row in rows)


def test_records_of_other_kinds_and_names_stay(vendor: Vendor, zone: Zone, put: Put) -> None:
    add(vendor, zone, type="MX", name=NAME, content="mx.example.net", priority=10)
    add(vendor, zone, type="TXT", name=NAME, content='"v=spf1 -all"')
    add(vendor, zone, type="A", name="shop", content="192.0.2.77")
    add(vendor, zone, type="A", name=NAME, content="192.0.2.200")
    put(*HOST, shielded=True)
    rows = vendor.records(zone)
    assert sorted((row["type"], row["content"], row["proxied"]) for row in rows) == [
        ("A", "192.0.2.10", True), ("A", "192.0.2.10", True), ("A", "192.0.2.77", False),
        ("MX", "mx.example.net", False), ("TXT", '"v=spf1 -all"', False),
    ]  # fmt: skip


def test_records_of_other_names_stay_even_where_the_vendor_lists_them_all(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, put: Put
) -> None:
    sandbox.switches["filters"] = "loose"
    add(vendor, zone, type="A", name="shop", content="192.0.2.77")
    put(*HOST)
    assert ("shop", "192.0.2.77", False) in led(vendor, zone)


def test_what_is_ours_says_so_and_somebody_elses_remark_stays(vendor: Vendor, zone: Zone, put: Put) -> None:
    add(vendor, zone, type="A", name="www", content="192.0.2.10", comment="our old site")
    put(*HOST, shielded=True)
    comments = {row["name"]: row["comment"] for row in vendor.records(zone)}
    assert comments == {NAME: "arumaldo", f"www.{NAME}": "our old site"}


def test_the_same_records_again_are_not_written_again(seen: Seen, put: Put) -> None:
    put(*HOST, shielded=True)
    seen.requests.clear()
    put(*HOST, shielded=True)
    assert seen.writes() == []


def test_the_vendors_spelling_of_a_name_or_an_address_is_taken_for_the_same(
    vendor: Vendor, zone: Zone, seen: Seen, put: Put
) -> None:
    records = [
        Record(type="CNAME", name="www", content="Host.Example.NET."),
        Record(type="AAAA", name="@", content="2001:0DB8::0001"),
    ]
    put(*records)
    assert led(vendor, zone) == [(NAME, "2001:db8::1", False), ("www", "host.example.net", False)]
    seen.requests.clear()
    put(*records)
    assert seen.writes() == []


def test_an_alias_takes_the_place_of_addresses_in_one_call(seen: Seen, put: Put) -> None:
    put(*HOST)
    seen.requests.clear()
    put(Record(type="CNAME", name="www", content="host.example.net"))
    assert [one.rpartition("/")[2] for one in seen.writes()] == ["batch"]


def test_shielding_keeps_the_records_and_changes_them_only(vendor: Vendor, zone: Zone, put: Put) -> None:
    put(*HOST)
    before = {row["id"] for row in vendor.records(zone)}
    put(*HOST, shielded=True)
    assert {row["id"] for row in vendor.records(zone)} == before
    assert led(vendor, zone) == [(NAME, "192.0.2.10", True), ("www", "192.0.2.10", True)]


@pytest.mark.parametrize("errors", ["", "wrapped"])
def test_what_cannot_be_shielded_goes_straight_and_the_rest_does_not(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, seen: Seen, put: Put, errors: str
) -> None:
    sandbox.switches["errors"] = errors
    records = [Record(type="A", name="@", content="10.0.0.1"), Record(type="A", name="www", content="192.0.2.10")]
    put(*records, shielded=True)
    assert led(vendor, zone) == [(NAME, "10.0.0.1", False), ("www", "192.0.2.10", True)]
    seen.requests.clear()
    put(*records, shielded=True)
    assert seen.writes() == []


def test_of_one_name_all_records_are_shielded_or_none(vendor: Vendor, zone: Zone, put: Put) -> None:
    put(Record(type="A", name="@", content="10.0.0.1"), Record(type="A", name="@", content="192.0.2.10"), shielded=True)
    assert led(vendor, zone) == [(NAME, "10.0.0.1", False), (NAME, "192.0.2.10", False)]


def test_two_workers_at_once_do_not_double_a_record(new_cloudflare: NewCloudflare, vendor: Vendor, zone: Zone) -> None:
    add(vendor, zone, type="CNAME", name="www", content="old.example.net")

    def put(_: int) -> None:
        new_cloudflare().put_records(zone_id=zone.id, records=HOST)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(put, range(8)))
    assert led(vendor, zone) == [(NAME, "192.0.2.10", False), ("www", "192.0.2.10", False)]


def test_what_another_worker_took_away_meanwhile_is_no_zone_that_is_gone(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, seen: Seen, put: Put
) -> None:
    """The batch takes away a record that is listed still, and is not there any more."""
    add(vendor, zone, type="A", name=NAME, content="192.0.2.200")
    seen.just_before("/batch", lambda: sandbox.book.keep_records(sandbox.book.zone(zone.id), []))
    put(*HOST)
    assert led(vendor, zone) == [(NAME, "192.0.2.10", False), ("www", "192.0.2.10", False)]


def test_records_that_cannot_stand_beside_each_other_are_refused(put: Put) -> None:
    with pytest.raises(Refused, match=r"www\.bakery\.example"):
        put(Record(type="A", name="www", content="192.0.2.10"), Record(type="CNAME", name="www", content="a.example"))
    with pytest.raises(Refused, match=r"www\.bakery\.example"):
        put(*(Record(type="CNAME", name="www", content=f"{host}.example") for host in "ab"))


def test_what_another_worker_put_in_between_is_replaced_as_well(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, seen: Seen, put: Put
) -> None:
    def alias() -> None:
        row = {"id": "e" * 32, "type": "CNAME", "name": f"www.{NAME}", "content": "a.example", "proxied": False}
        row |= {"ttl": 1, "comment": None, "priority": None, "made": sandbox.now()}
        sandbox.book.keep_records(sandbox.book.zone(zone.id), [row])

    seen.just_before("/batch", alias)
    put(*HOST)
    assert led(vendor, zone) == [(NAME, "192.0.2.10", False), ("www", "192.0.2.10", False)]


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_change_whose_answer_was_lost_is_made_once_by_the_next_call(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, put: Put, effect: str
) -> None:
    sandbox.faults.order(Fault.model_validate({"match": "POST .*/batch", "effect": effect, "answer": "cut"}))
    with pytest.raises(Unavailable):
        put(*HOST)
    put(*HOST)
    assert led(vendor, zone) == [(NAME, "192.0.2.10", False), ("www", "192.0.2.10", False)]


def test_records_that_are_listed_late_are_not_written_twice(
    sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, put: Put
) -> None:
    sandbox.show_late = 60
    put(*HOST)
    with pytest.raises(Unavailable):
        put(*HOST)
    sandbox.shift += 61
    put(*HOST)
    assert led(vendor, zone) == [(NAME, "192.0.2.10", False), ("www", "192.0.2.10", False)]


def test_records_that_are_taken_back_are_ours_that_still_lead_to_the_host(
    cloudflare: CloudflareDns, vendor: Vendor, zone: Zone, put: Put
) -> None:
    add(vendor, zone, type="A", name="www", content="192.0.2.10", comment="our old site")
    add(vendor, zone, type="A", name="shop", content="192.0.2.77", comment="arumaldo")
    put(*HOST, Record(type="A", name="blog", content="192.0.2.10"), shielded=True)
    [blog] = [row for row in vendor.records(zone) if row["name"] == f"blog.{NAME}"]
    moved = [{"id": blog["id"], "type": "A", "name": blog["name"], "content": "192.0.2.99", "ttl": 1}]
    vendor.call("POST", f"/zones/{zone.id}/dns_records/batch", json={"patches": moved})
    for _ in range(2):
        cloudflare.leave_zone(zone_id=zone.id, records=[*HOST, Record(type="A", name="blog", content="192.0.2.10")])
        assert led(vendor, zone) == [
            ("blog", "192.0.2.99", True), ("shop", "192.0.2.77", False), ("www", "192.0.2.10", True)
        ]  # fmt: skip


def test_a_zone_that_is_gone_has_nothing_to_be_taken_back(cloudflare: CloudflareDns) -> None:
    cloudflare.leave_zone(zone_id="0" * 32, records=HOST)


def test_what_another_worker_took_back_meanwhile_is_gone(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, vendor: Vendor, zone: Zone, seen: Seen, put: Put
) -> None:
    put(*HOST)
    seen.just_before("/batch", lambda: sandbox.book.keep_records(sandbox.book.zone(zone.id), []))
    cloudflare.leave_zone(zone_id=zone.id, records=HOST)
    assert led(vendor, zone) == []
