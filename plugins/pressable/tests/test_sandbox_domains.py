"""The sandbox's domains: as strict as the vendor's, and served in a browser on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox

from arumaldo.capabilities.hosting import HostedSite
from arumaldo.sandbox import Internet, Shelf
from arumaldo.testing.hosting import new_reference

from .conftest import Records, Vendor, attached, fetch, live_site


def add(vendor: Vendor, site: HostedSite, name: str = "bakery.example") -> list[dict[str, Any]]:
    """The vendor's answer: all names of the site."""
    listed: list[dict[str, Any]] = vendor.call("POST", f"/sites/{site.id}/domains", json={"name": name})["data"]
    return listed


def refused(vendor: Vendor, method: str, path: str, **options: Any) -> tuple[int, str]:
    answer = vendor.http.request(method, f"/v1{path}", **options)
    body = answer.json()
    return answer.status_code, " ".join([body["message"], *(body["errors"] or [])])


def listed(vendor: Vendor, site: HostedSite) -> dict[str, dict[str, Any]]:
    found = vendor.call("GET", f"/sites/{site.id}/domains")["data"] or []
    return {domain["domainName"]: domain for domain in found}


def test_a_site_without_domains_has_null_of_them(vendor: Vendor, site: HostedSite) -> None:
    assert vendor.call("GET", f"/sites/{site.id}/domains") == {"message": "Success", "data": None}


def test_adding_an_apex_adds_its_www_and_answers_the_whole_list(vendor: Vendor, site: HostedSite) -> None:
    add(vendor, site, "law.example")
    domains = add(vendor, site)
    assert [(domain["domainName"], domain["name"], domain["primary"]) for domain in domains] == [
        ("law.example", None, True),
        ("www.law.example", "www", False),
        ("bakery.example", None, False),
        ("www.bakery.example", "www", False),
    ]
    assert not {"type", "displayType", "zoneId"} & set(domains[0])
    assert {"type", "displayType", "zoneId"} <= set(listed(vendor, site)["bakery.example"])
    (counted,) = [one for one in vendor.call("GET", "/sites")["data"] if str(one["id"]) == site.id]
    assert (counted["domainsCount"], counted["url"].split(":")[0]) == (4, "law.example.localhost")


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "bakery"}, {"name": "Bakery.example"}, {"name": 1}, {"domain": "bakery.example"}],
)
def test_a_wrong_domain_is_refused(vendor: Vendor, site: HostedSite, body: dict[str, Any]) -> None:
    assert refused(vendor, "POST", f"/sites/{site.id}/domains", json=body)[0] == 400
    assert listed(vendor, site) == {}


def test_a_domain_has_one_site_on_the_whole_platform(
    pressable: PressableHosting, vendor: Vendor, site: HostedSite
) -> None:
    other = live_site(pressable, new_reference())
    add(vendor, site)
    for name in ("bakery.example", "www.bakery.example"):
        status, said = refused(vendor, "POST", f"/sites/{other.id}/domains", json={"name": name})
        assert (status, "already been taken" in said) == (400, True)
        assert refused(vendor, "POST", f"/sites/{site.id}/domains", json={"name": name})[0] == 400
    domain = listed(vendor, site)["bakery.example"]["id"]
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/primary")):
        assert refused(vendor, method, f"/sites/{other.id}/domains/{domain}{path}")[0] == 404


def test_a_staging_site_takes_no_domains(vendor: Vendor) -> None:
    made = vendor.call("POST", "/sites", json={"name": "staged", "staging": True})["data"]
    assert refused(vendor, "POST", f"/sites/{made['id']}/domains", json={"name": "bakery.example"})[0] == 422


def test_a_domain_is_not_served_before_its_certificate(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    sandbox.certificate_seconds = 60
    add(vendor, site)
    url = site.url.replace("://" + site.url.split("://")[1].split(".")[0], "://bakery.example")
    records.point("bakery.example", pressable.domain_targets(site_id=site.id))
    domain = listed(vendor, site)["bakery.example"]
    assert (domain["dnsConfirmed"], domain["provisioned"], domain["healthy"]) == (True, False, False)
    assert fetch(url).status_code == 404
    sandbox.shift = 61
    domain = listed(vendor, site)["bakery.example"]
    assert (domain["dnsConfirmed"], domain["provisioned"], domain["healthy"]) == (True, True, True)
    assert fetch(url).status_code == 200


def test_what_was_confirmed_once_stays_so_when_the_records_lead_elsewhere(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    attached(pressable, records, site, "bakery.example")
    records.point("bakery.example", [])
    assert listed(vendor, site)["bakery.example"]["dnsConfirmed"] is True


def test_a_name_that_leads_to_another_name_is_followed(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    apex, *_ = (one for one in pressable.domain_targets(site_id=site.id) if one.name == "@")
    www = apex.model_copy(update={"name": "www", "type": "CNAME", "content": "bakery.example"})
    records.point("bakery.example", [apex, www])
    add(vendor, site)
    assert [domain["dnsConfirmed"] for domain in listed(vendor, site).values()] == [True, True]
    # Two names that lead to each other lead nowhere, and end.
    records.point("law.example", [apex.model_copy(update={"content": "www.law.example"}), www])
    records.point("www.law.example", [apex.model_copy(update={"content": "law.example"})])
    add(vendor, site, "law.example")
    assert listed(vendor, site)["law.example"]["dnsConfirmed"] is False


def test_all_names_lead_a_visitor_to_the_primary_one(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    first = attached(pressable, records, site, "bakery.example").url
    second = attached(pressable, records, site, "law.example").url
    assert fetch(second).status_code == 200
    for url in (first, first.replace("://", "://www."), second.replace("://", "://www.")):
        answer = fetch(f"{url}/about/")
        assert (answer.status_code, answer.headers["location"]) == (301, f"{second}/about/")
    assert fetch(site.url).status_code == 200


def test_a_domain_outlives_a_restart(tmp_path: Path) -> None:
    lead_to: dict[str, list[str]] = {}

    class Known(Internet):
        def addresses(self, name: str) -> list[str]:
            return lead_to.get(name, [])

    def opened() -> PressableSandbox:
        sandbox = PressableSandbox("http://localhost:9000/pressable", Shelf(tmp_path / "shelf"))
        sandbox.internet, sandbox.certificate_seconds = Known(), 0
        return sandbox

    before = opened()
    before.domains.add("1", "bakery.example")
    lead_to["bakery.example"] = ["198.51.100.1"]
    assert [domain["certified"] for domain in before.domains.of("1")] == [True, False]
    before.shelf.close()
    lead_to.clear()
    after = opened()
    assert [(domain["name"], domain["certified"]) for domain in after.domains.of("1")] == [
        ("bakery.example", True),
        ("www.bakery.example", False),
    ]
    assert after.domains.add("1", "law.example")[-1]["id"] == "4"
    after.shelf.close()
