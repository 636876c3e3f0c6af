"""A customer's own domain at this host: what it waits for, what is done to its links, and what may go wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox

from arumaldo import Refused, Unavailable
from arumaldo.capabilities.hosting import HostedSite
from arumaldo.sandbox import Fault
from arumaldo.testing.hosting import new_reference

from .conftest import NewHosting, Records, Vendor, attached, fetch, live_site, wait_until

_DOMAIN = "bakery.example"
_ADD = r"^POST /v1/sites/\d+/domains\n"
_LOOK = r"^GET /v1/sites/\d+/domains\n"


def names(vendor: Vendor, site: HostedSite) -> list[str]:
    return [domain["domainName"] for domain in vendor.call("GET", f"/sites/{site.id}/domains")["data"] or []]


def primary(vendor: Vendor, site: HostedSite) -> list[str]:
    listed = vendor.call("GET", f"/sites/{site.id}/domains")["data"] or []
    return [domain["domainName"] for domain in listed if domain["primary"]]


def put(hosting: PressableHosting, site: HostedSite) -> str:
    """What the domain waits for now."""
    return hosting.put_domain(site_id=site.id, domain=_DOMAIN).reason


def post(sandbox: PressableSandbox, site: HostedSite) -> str:
    """The text of the post that every WordPress begins with."""
    return str(sandbox.book.wordpress(site.id).posts[0]["post_content"])


def write(vendor: Vendor, site: HostedSite, text: str) -> None:
    vendor.wp(site, f"post update 1 '--post_content={text}'")


def home(sandbox: PressableSandbox, site: HostedSite) -> str:
    return sandbox.book.wordpress(site.id).option("home")


def test_a_domain_has_to_lead_to_both_addresses_of_its_own_site(
    pressable: PressableHosting, vendor: Vendor, site: HostedSite
) -> None:
    told = vendor.call("GET", f"/sites/{site.id}")["data"]
    both = [told["ipAddressOne"], told["ipAddressTwo"]]
    targets = pressable.domain_targets(site_id=site.id)
    assert [(one.name, one.type, one.content) for one in targets] == [
        (name, "A", address) for name in ("@", "www") for address in both
    ]
    other = live_site(pressable, new_reference())
    assert not {one.content for one in pressable.domain_targets(site_id=other.id)} & set(both)


def test_the_customer_reads_what_the_host_waits_for(
    pressable: PressableHosting, sandbox: PressableSandbox, records: Records, site: HostedSite
) -> None:
    sandbox.switches[f"domain:{_DOMAIN}"] = "waiting"
    records.point(_DOMAIN, pressable.domain_targets(site_id=site.id))
    assert put(pressable, site) == "The host does not see your domain's records yet."
    sandbox.switches[f"domain:{_DOMAIN}"] = "certificate"
    assert put(pressable, site) == "The host is making the certificate for your domain."
    sandbox.switches.clear()
    sandbox.certificate_seconds = 0
    sandbox.command_seconds = 60
    assert put(pressable, site) == "The host is changing the links of your website to your domain."
    sandbox.shift = 61
    assert put(pressable, site) == ""


def test_a_domain_waits_until_its_www_leads_to_the_host_too(
    pressable: PressableHosting, records: Records, site: HostedSite
) -> None:
    targets = pressable.domain_targets(site_id=site.id)
    records.point(_DOMAIN, [target for target in targets if target.name == "@"])
    for _ in range(3):
        assert put(pressable, site) == "The host does not see your domain's records yet."


def test_the_links_of_the_site_follow_it_to_its_domain_and_back(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    text = "<a href={here}/menu>x</a> info@{host} {here}.au {here}1 {here}. //{host}"
    host = site.url.removeprefix("http://")
    write(vendor, site, text.format(here=site.url, host=host))
    before, at_home = post(sandbox, site), home(sandbox, site)
    assert site.url in before
    url = attached(pressable, records, site, _DOMAIN).url
    new = url.removeprefix("http://")
    assert home(sandbox, site) == url
    assert post(sandbox, site) == f"<a href={url}/menu>x</a> info@{host} {site.url}.au {site.url}1 {url}. //{new}"
    pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    wait_until(lambda: home(sandbox, site) == at_home)
    assert post(sandbox, site) == before


def test_links_to_the_domain_that_the_customer_wrote_stay_when_it_was_never_attached(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, site: HostedSite
) -> None:
    put(pressable, site)
    url = pressable.put_domain(site_id=site.id, domain=_DOMAIN).url
    write(vendor, site, f"<a href={url}/shop>x</a>")
    pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    sandbox.shift = 60
    assert post(sandbox, site) == f"<a href={url}/shop>x</a>"


def test_a_second_call_only_looks(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    attached(pressable, records, site, _DOMAIN)
    domains, log = vendor.call("GET", f"/sites/{site.id}/domains")["data"], vendor.log(site)
    assert put(pressable, site) == ""
    assert vendor.call("GET", f"/sites/{site.id}/domains")["data"] == domains
    assert vendor.log(site) == log


def test_a_worker_that_remembers_nothing_knows_that_the_domain_is_attached(
    pressable: PressableHosting, new_hosting: NewHosting, records: Records, site: HostedSite
) -> None:
    attached(pressable, records, site, _DOMAIN)
    assert put(new_hosting(), site) == ""


def test_an_attached_domain_stays_so_when_a_shield_stands_before_it(
    pressable: PressableHosting, new_hosting: NewHosting, sandbox: PressableSandbox, records: Records, site: HostedSite
) -> None:
    url = attached(pressable, records, site, _DOMAIN).url
    sandbox.switches["confirmation"] = "current"
    records.point(_DOMAIN, [])
    assert put(new_hosting(), site) == ""
    assert fetch(url).status_code == 200


def test_domains_that_others_attached_stay(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    vendor.call("POST", f"/sites/{site.id}/domains", json={"name": "law.example"})
    attached(pressable, records, site, _DOMAIN)
    assert primary(vendor, site) == [_DOMAIN]
    assert names(vendor, site) == ["law.example", "www.law.example", _DOMAIN, f"www.{_DOMAIN}"]
    pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    assert names(vendor, site) == ["law.example", "www.law.example"]


def test_a_domain_that_is_somebodys_else_is_refused_in_the_vendors_words(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, site: HostedSite
) -> None:
    sandbox.take_domain(_DOMAIN)
    with pytest.raises(Refused, match="Domain has already been taken"):
        put(pressable, site)
    assert names(vendor, site) == []


@pytest.mark.parametrize("name", ["", "bakery", "Bakery.example", "bäckerei.example", "a b.example", "$(id).example"])
def test_what_is_no_domain_is_refused_before_the_vendor_hears_of_it(
    pressable: PressableHosting, vendor: Vendor, site: HostedSite, name: str
) -> None:
    with pytest.raises(Refused, match="not the name of a domain"):
        pressable.put_domain(site_id=site.id, domain=name)
    assert names(vendor, site) == []


def test_a_name_below_a_domain_gets_its_www_as_well(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    assert fetch(attached(pressable, records, site, "shop.bakery.example").url).status_code == 200
    assert names(vendor, site) == ["shop.bakery.example", "www.shop.bakery.example"]


def test_a_domain_whose_removal_was_cut_short_can_be_put_again(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    attached(pressable, records, site, _DOMAIN)
    sandbox.faults.order(Fault(match=r"^DELETE /v1/sites/\d+/domains/1\n", status=500))
    with pytest.raises(Unavailable):
        pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    assert names(vendor, site) == [_DOMAIN]
    attached(pressable, records, site, _DOMAIN)
    assert names(vendor, site) == [_DOMAIN, f"www.{_DOMAIN}"]


def test_a_removal_that_was_cut_short_is_finished_by_the_next_one(
    pressable: PressableHosting,
    new_hosting: NewHosting,
    sandbox: PressableSandbox,
    vendor: Vendor,
    records: Records,
    site: HostedSite,
) -> None:
    attached(pressable, records, site, _DOMAIN)
    sandbox.faults.order(Fault(match=r"^POST /v1/sites/\d+/wordpress/commands\n", status=503))
    with pytest.raises(Unavailable):
        pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    new_hosting().remove_domain(site_id=site.id, domain=_DOMAIN)
    assert names(vendor, site) == []
    wait_until(lambda: home(sandbox, site) == site.url)


@pytest.mark.parametrize("heir", ["", "inherited"])
def test_a_site_is_back_at_its_own_address_whoever_inherits_the_first_place(
    pressable: PressableHosting,
    sandbox: PressableSandbox,
    vendor: Vendor,
    records: Records,
    site: HostedSite,
    heir: str,
) -> None:
    sandbox.switches["primary"] = heir
    attached(pressable, records, site, _DOMAIN)
    pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    assert pressable.get_site(site_id=site.id).url == site.url
    assert fetch(site.url).status_code == 200


def test_a_domain_is_removed_from_a_site_that_takes_no_commands(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    attached(pressable, records, site, _DOMAIN)
    vendor.call("PUT", f"/sites/{site.id}/disable")
    pressable.remove_domain(site_id=site.id, domain=_DOMAIN)
    assert names(vendor, site) == []


def test_a_site_goes_with_its_domains(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    url = attached(pressable, records, site, _DOMAIN).url
    pressable.remove_site(site_id=site.id)
    assert fetch(url).status_code == 404
    other = live_site(pressable, new_reference())
    vendor.call("POST", f"/sites/{other.id}/domains", json={"name": _DOMAIN})


def test_a_site_that_is_being_set_up_lets_its_domain_wait(
    pressable: PressableHosting, sandbox: PressableSandbox, vendor: Vendor, reference: str
) -> None:
    sandbox.switches["sites"] = "stuck"
    made = pressable.create_site(reference=reference, label="Bakery", owner_email="owner@example.com")
    assert put(pressable, made) == "The host is still setting up your website."
    assert names(vendor, made) == []
    sandbox.switches["sites"] = "failing"
    with pytest.raises(Refused, match="has failed"):
        put(pressable, made)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("look", [r"^GET /v1/sites/\d+\n", _LOOK, r"^POST /v1/sites/\d+/logs/activity\n"])
def test_a_look_that_is_refused_does_not_refuse_the_domain(
    pressable: PressableHosting,
    new_hosting: NewHosting,
    sandbox: PressableSandbox,
    records: Records,
    site: HostedSite,
    look: str,
    status: int,
) -> None:
    attached(pressable, records, site, _DOMAIN)
    sandbox.faults.order(Fault(match=look, status=status))
    with pytest.raises(Unavailable):
        put(new_hosting(), site)
    assert put(new_hosting(), site) == ""


@pytest.mark.parametrize("status", [404, 422])
def test_a_domain_that_cannot_be_the_first_one_yet_waits(
    pressable: PressableHosting,
    sandbox: PressableSandbox,
    vendor: Vendor,
    records: Records,
    site: HostedSite,
    status: int,
) -> None:
    vendor.call("POST", f"/sites/{site.id}/domains", json={"name": "law.example"})
    sandbox.certificate_seconds = 0
    records.point(_DOMAIN, pressable.domain_targets(site_id=site.id))
    sandbox.faults.order(Fault(match=r"^PUT /v1/sites/\d+/domains/\d+/primary\n", status=status))
    put(pressable, site)
    assert primary(vendor, site) == ["law.example"]
    attached(pressable, records, site, _DOMAIN)
    assert primary(vendor, site) == [_DOMAIN]


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
def test_a_domain_whose_answer_was_lost_is_put_once(
    pressable: PressableHosting,
    sandbox: PressableSandbox,
    vendor: Vendor,
    records: Records,
    site: HostedSite,
    answer: Any,
) -> None:
    sandbox.faults.order(Fault(match=_ADD, effect="after", answer=answer, status=502))
    with pytest.raises(Unavailable):
        put(pressable, site)
    attached(pressable, records, site, _DOMAIN)
    assert names(vendor, site) == [_DOMAIN, f"www.{_DOMAIN}"]


def test_a_domain_that_the_vendor_does_not_list_yet_waits_and_is_not_refused(
    pressable: PressableHosting, sandbox: PressableSandbox, records: Records, site: HostedSite
) -> None:
    sandbox.show_late = 3600
    put(pressable, site)
    assert put(pressable, site) == "The host is taking in your domain."
    sandbox.show_late = 0
    attached(pressable, records, site, _DOMAIN)


def test_workers_who_put_a_domain_at_once_put_it_once(
    new_hosting: NewHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    hostings = [new_hosting() for _ in range(3)]
    with ThreadPoolExecutor(3) as workers:
        for done in [workers.submit(attached, hosting, records, site, _DOMAIN) for hosting in hostings]:
            assert done.result().state == "attached"
    assert names(vendor, site) == [_DOMAIN, f"www.{_DOMAIN}"]


def test_what_was_kept_at_the_edge_does_not_outlive_the_move(
    pressable: PressableHosting, vendor: Vendor, records: Records, site: HostedSite
) -> None:
    write(vendor, site, f"<a href={site.url}/menu>x</a>")
    vendor.call("PUT", f"/sites/{site.id}/edge-cache")
    assert f"{site.url}/menu" in fetch(site.url).text
    url = attached(pressable, records, site, _DOMAIN).url
    assert f"{url}/menu" in fetch(url).text
