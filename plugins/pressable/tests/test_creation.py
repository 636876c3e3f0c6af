"""One order, one site, whatever happens between the vendor and us."""

from __future__ import annotations

import re
from typing import Literal

import httpx2
import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.names import name_ending, site_name, tag_name
from arumaldo_pressable.sandbox import PressableSandbox
from arumaldo_pressable.sandbox.models import SiteOrder
from arumaldo_pressable.settings import Settings

from arumaldo import NotFound, OutcomeUnknown, Refused, Unavailable
from arumaldo.capabilities.hosting import HostedSite
from arumaldo.sandbox import Fault
from arumaldo.testing.hosting import Visit, new_reference

from .conftest import NewHosting, Vendor, wait_until

_ORDER = r"^POST /v1/sites\n"


def order(hosting: PressableHosting, reference: str) -> HostedSite:
    return hosting.create_site(reference=reference, label="Sunny Bakery", owner_email="owner@example.com")


def standing(sandbox: PressableSandbox) -> int:
    return len([entry for entry in sandbox.ledger()["sites"] if entry.state == "live"])


def test_the_ledger_says_what_each_site_was_made_for(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    made = order(pressable, reference)
    order(pressable, new_reference())
    pressable.remove_site(site_id=made.id)
    ledger = sandbox.ledger()["sites"]
    assert [entry.state for entry in ledger] == ["undone", "live"]
    assert ledger[0].reference == reference


@pytest.mark.parametrize("answer", ["html", "cut", "malformed", "status"])
def test_a_site_whose_answer_was_lost_is_found_and_not_made_again(
    pressable: PressableHosting,
    sandbox: PressableSandbox,
    reference: str,
    answer: Literal["html", "cut", "malformed", "status"],
) -> None:
    sandbox.faults.order(Fault(match=_ORDER, effect="after", answer=answer, status=502))
    with pytest.raises(OutcomeUnknown):
        order(pressable, reference)
    found = pressable.find_sites(reference=reference)
    assert len(found) == 1
    assert order(pressable, reference).id == found[0].id
    assert standing(sandbox) == 1


def test_an_order_that_never_arrived_is_in_doubt_until_we_looked(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.faults.order(Fault(match=_ORDER, answer="html", status=502))
    with pytest.raises(OutcomeUnknown):
        order(pressable, reference)
    assert pressable.find_sites(reference=reference) == []
    order(pressable, reference)
    assert standing(sandbox) == 1


def test_a_site_that_was_booked_after_we_hung_up_is_found_later(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.faults.order(Fault(match=_ORDER, effect="late", answer="cut", seconds=0.2))
    with pytest.raises(OutcomeUnknown):
        order(pressable, reference)
    wait_until(lambda: pressable.find_sites(reference=reference))
    order(pressable, reference)
    assert standing(sandbox) == 1


def test_a_site_that_the_list_shows_late_is_found_when_it_shows(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.show_late = 30
    made = order(pressable, reference)
    assert pressable.find_sites(reference=reference) == []
    assert pressable.get_site(site_id=made.id).id == made.id
    sandbox.shift = 31
    assert [site.id for site in pressable.find_sites(reference=reference)] == [made.id]


def test_a_crash_before_the_tag_leaves_a_site_that_its_name_tells(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.faults.order(Fault(match="/tags", status=500))
    made = order(pressable, reference)
    assert [site.id for site in pressable.find_sites(reference=reference)] == [made.id]
    assert sandbox.ledger()["sites"][0].reference == reference[:10]
    assert order(pressable, reference).id == made.id
    assert sandbox.ledger()["sites"][0].reference == reference


def test_a_name_that_a_stranger_has_is_refused_in_the_vendors_words(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.take_name(site_name("Sunny Bakery", reference))
    with pytest.raises(Refused, match="already been taken"):
        order(pressable, reference)
    assert sandbox.ledger()["sites"] == []


def test_a_refusal_that_could_not_be_looked_into_is_in_doubt(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.take_name(site_name("Sunny Bakery", reference))
    sandbox.faults.order(Fault(match="GET /v1/sites", status=500))
    with pytest.raises(OutcomeUnknown, match="already been taken"):
        order(pressable, reference)


def test_a_site_of_another_order_is_not_ours_though_its_name_ends_alike(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str, vendor: Vendor
) -> None:
    other = sandbox.book.create(SiteOrder(name=f"other{name_ending(reference)}"))
    vendor.call("POST", f"/sites/{other['id']}/tags", json={"tags": [{"name": tag_name(new_reference())}]})
    assert pressable.find_sites(reference=reference) == []


def test_a_full_account_refuses_and_makes_nothing(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.max_sites = 1
    order(pressable, new_reference())
    with pytest.raises(Refused, match="maximum number of sites"):
        order(pressable, reference)
    assert standing(sandbox) == 1


def test_a_vendor_that_cannot_make_sites_refuses(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.switches["sites"] = "broken"
    with pytest.raises(Refused, match="could not be provisioned"):
        order(pressable, reference)
    assert sandbox.ledger()["sites"] == []


def test_a_busy_vendor_says_when_to_come_back(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.faults.order(Fault(match=_ORDER, status=429, retry_after=7))
    with pytest.raises(Unavailable) as busy:
        order(pressable, reference)
    assert busy.value.retry_after == 7


def test_a_vendor_out_of_reach_is_tried_again_later(reference: str) -> None:
    closed = PressableHosting(Settings.at_sandbox("http://localhost:1/pressable"))
    with pytest.raises(Unavailable):
        order(closed, reference)
    closed.close()


def test_a_site_is_found_among_many(pressable: PressableHosting, sandbox: PressableSandbox, reference: str) -> None:
    made = order(pressable, reference)
    for number in range(120):
        sandbox.book.create(SiteOrder(name=f"neighbour-{number}"))
    assert [site.id for site in pressable.find_sites(reference=reference)] == [made.id]


def test_a_site_that_never_gets_ready_stays_in_preparation(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.switches["sites"] = "stuck"
    made = order(pressable, reference)
    sandbox.shift = 3000
    assert pressable.get_site(site_id=made.id).state == "preparing"
    del sandbox.switches["sites"]
    assert pressable.get_site(site_id=made.id).state == "live"


def test_a_site_that_failed_says_so(pressable: PressableHosting, sandbox: PressableSandbox, reference: str) -> None:
    sandbox.switches["sites"] = "failing"
    made = order(pressable, reference)
    assert pressable.get_site(site_id=made.id).state == "failed"
    with pytest.raises(Refused, match="has failed"):
        pressable.put_pages(site_id=made.id, title="Bakery", pages=[])


def test_a_disabled_site_is_told_from_a_live_one(
    pressable: PressableHosting, site: HostedSite, vendor: Vendor, open_page: Visit
) -> None:
    vendor.call("PUT", f"/sites/{site.id}/disable")
    assert pressable.get_site(site_id=site.id).state == "disabled"
    assert open_page(site.url)[0] == 480
    vendor.call("PUT", f"/sites/{site.id}/enable")
    assert pressable.get_site(site_id=site.id).state == "live"
    assert open_page(site.url)[0] == 200


def test_a_removal_whose_answer_was_lost_is_done_the_second_time(
    pressable: PressableHosting, sandbox: PressableSandbox, site: HostedSite
) -> None:
    sandbox.faults.order(Fault(match="^DELETE", effect="after", answer="html", status=502))
    with pytest.raises(Unavailable):
        pressable.remove_site(site_id=site.id)
    pressable.remove_site(site_id=site.id)
    assert standing(sandbox) == 0


@pytest.mark.parametrize("nonsense", ["../account", "abc", "", "1/tags", "١"])
def test_an_id_of_another_form_is_no_site(pressable: PressableHosting, nonsense: str) -> None:
    with pytest.raises(NotFound):
        pressable.get_site(site_id=nonsense)


def test_datacenter_and_php_version_are_ordered_as_configured(
    sandbox: PressableSandbox, settings: Settings, reference: str, vendor: Vendor
) -> None:
    chosen = PressableHosting(settings.model_copy(update={"datacenter": "BUR", "php_version": "8.4"}))
    made = order(chosen, reference)
    chosen.close()
    sandbox.shift = 60
    shown = vendor.call("GET", f"/sites/{made.id}")["data"]
    assert (shown["datacenterCode"], shown["phpVersion"]) == ("BUR", "8.4")


def test_a_second_worker_meets_the_site_of_the_first(new_hosting: NewHosting, reference: str) -> None:
    assert order(new_hosting(), reference).id == order(new_hosting(), reference).id


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Sunny Bakery", "sunny-bakery-abcdefghij"),
        ("مخبز السعادة", "mkhbz-lsdh-abcdefghij"),
        ("Bäckerei Müller & Söhne", "backerei-muller-sohne-abcdefghij"),
        ("🥐", "croissant-abcdefghij"),
        ("<script>alert('x')</script>", "script-alert-x-script-abcdefghij"),
        ("  ", "site-abcdefghij"),
        ("----", "site-abcdefghij"),
        ("a" * 200, "a" * 29 + "-abcdefghij"),
        ("x" * 28 + " y", "x" * 28 + "-abcdefghij"),
    ],
)
def test_a_host_name_is_made_from_any_name_and_keeps_the_vendors_rules(label: str, name: str) -> None:
    made = site_name(label, "abcdefghijklmnopqrst")
    assert made == name
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]", made)


def test_a_site_opens_on_plain_http_only_in_the_sandbox() -> None:
    real = Settings(client_id="me", client_secret="hush")
    assert real.site_scheme == "https"
    assert httpx2.URL(real.base_url).scheme == "https"
