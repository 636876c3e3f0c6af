"""The sandbox is at least as strict as its vendor, and its sites behave in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox, theme

from arumaldo.capabilities.hosting import HostedSite, SitePage

from .conftest import Vendor, fetch, wait_until

_PROBLEM = "There was a problem processing your request."


def refused(vendor: Vendor, method: str, path: str, status: int, **options: Any) -> dict[str, Any]:
    answer = vendor.http.request(method, f"/v1{path}", **options)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ({"name": "ab"}, "at least 3 characters"),
        ({"name": "a.b.c"}, "not formatted correctly"),
        ({"name": "-abc"}, "not formatted correctly"),
        ({}, "name: Field required"),
        ({"name": "bakery", "colour": "blue"}, "colour"),
        ({"name": "bakery", "staging": "no"}, "staging"),
        ({"name": "bakery", "install": "drupal"}, "install"),
        ({"name": "bakery", "datacenter_code": "MARS"}, "Datacenter is not valid"),
        ({"name": "bakery", "php_version": "5.2"}, "PHP version is not valid"),
        ({"name": "bakery", "wp_admin_email": "nobody"}, "wp_admin_email"),
    ],
)
def test_a_wrong_order_is_refused_in_the_vendors_envelope(
    vendor: Vendor, sandbox: PressableSandbox, order: dict[str, Any], word: str
) -> None:
    body = refused(vendor, "POST", "/sites", 400, json=order)
    assert body["message"] == _PROBLEM
    assert word in " ".join(body["errors"])
    assert sandbox.ledger()["sites"] == []


def test_a_form_where_json_is_due_is_refused(vendor: Vendor) -> None:
    assert refused(vendor, "POST", "/sites", 415, data={"name": "bakery"})["message"] == _PROBLEM


def test_a_query_that_the_vendor_does_not_know_is_refused(vendor: Vendor) -> None:
    refused(vendor, "GET", "/sites", 400, params={"colour": "blue"})
    refused(vendor, "GET", "/sites", 400, params={"paginate": "true", "per_page": "100"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/sites/1"), ("GET", "/nothing"), ("PATCH", "/sites")])
def test_what_is_not_there_is_answered_in_the_envelope(vendor: Vendor, method: str, path: str) -> None:
    assert refused(vendor, method, path, 404)["message"] == "We could not locate the requested resources."


def test_an_empty_list_is_null(vendor: Vendor) -> None:
    assert vendor.call("GET", "/sites") == {"message": "Success", "data": None}


def test_a_list_is_whole_unless_pages_are_asked_for(vendor: Vendor) -> None:
    for number in range(3):
        vendor.call("POST", "/sites", json={"name": f"bakery-{number}"})
    assert len(vendor.call("GET", "/sites")["data"]) == 3
    body = vendor.call("GET", "/sites", params={"paginate": "true", "per_page": 2, "page": 2})
    assert [site["name"] for site in body["data"]] == ["bakery-0"]
    assert body["page"] == {"currentPage": 2, "nextPage": None, "lastPage": 2, "perPage": 2, "totalItems": 3}


def test_a_list_can_be_narrowed_to_a_tag(vendor: Vendor) -> None:
    made = vendor.call("POST", "/sites", json={"name": "bakery"})["data"]
    vendor.call("POST", "/sites", json={"name": "law-firm"})
    tagged = vendor.call("POST", f"/sites/{made['id']}/tags", json={"tags": [{"name": "vip"}]})["data"]
    assert [site["id"] for site in vendor.call("GET", "/sites", params={"tag_name": "vip"})["data"]] == [made["id"]]
    old = {"tag_ids": [tag["id"] for tag in tagged["tags"]]}
    vendor.call("DELETE", f"/sites/{made['id']}/tags", json=old)
    assert vendor.call("GET", "/sites", params={"tag_name": "vip"})["data"] is None


def test_the_account_says_how_much_room_there_is(vendor: Vendor, sandbox: PressableSandbox) -> None:
    sandbox.max_sites = 2
    vendor.call("POST", "/sites", json={"name": "bakery"})
    sites = vendor.call("GET", "/account")["data"]["capacity"]["sites"]
    assert (sites["maxBillable"], sites["total"]) == (2, 1)


def test_a_token_lives_for_an_hour_and_not_a_second_longer(vendor: Vendor, sandbox: PressableSandbox) -> None:
    sandbox.shift = 3590
    vendor.call("GET", "/sites")
    sandbox.shift = 3600
    assert refused(vendor, "GET", "/sites", 401)["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "guess"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "all"}, "invalid_request"),
    ],
)
def test_a_token_is_given_to_its_owner_only(vendor: Vendor, change: dict[str, str], error: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"} | change
    answer = vendor.http.post("/auth/token", data=form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error


def test_commands_need_a_live_site_and_a_payload_of_its_size(
    vendor: Vendor, sandbox: PressableSandbox, site: HostedSite
) -> None:
    refused(vendor, "POST", f"/sites/{site.id}/wordpress/commands", 400, json={"commands": ["x" * 50_000]})
    refused(vendor, "POST", f"/sites/{site.id}/wordpress/commands", 400, json={"commands": []})
    vendor.call("PUT", f"/sites/{site.id}/disable")
    refused(vendor, "POST", f"/sites/{site.id}/wordpress/commands", 422, json={"commands": ["exit"]})


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("plugin list", "Error: 'plugin list' is not a registered wp command."),
        ("post list --colour=blue", "unknown --colour parameter"),
        ("post create --post_type=page", "Content, title, and excerpt are empty."),
        ("post update 99 --post_title=x", "Could not find the post with ID 99."),
        ("option get nothing", "Could not get 'nothing' option."),
        ("post list --format=csv > /tmp/x", "syntax error near unexpected token `>'"),
    ],
)
def test_wp_complains_in_the_activity_log(vendor: Vendor, site: HostedSite, command: str, said: str) -> None:
    assert said in vendor.wp(site, command)


def test_outside_of_wordpress_wp_does_nothing(vendor: Vendor, site: HostedSite) -> None:
    vendor.call("POST", f"/sites/{site.id}/wordpress/commands", json={"commands": ["wp option get blogname"]})
    wait_until(lambda: vendor.log(site))
    assert "does not seem to be a WordPress installation" in vendor.log(site)[0]["message"]


def test_the_edge_cache_is_toggled_and_purged(vendor: Vendor, site: HostedSite) -> None:
    vendor.call("PUT", f"/sites/{site.id}/edge-cache")
    assert vendor.call("GET", f"/sites/{site.id}/edge-cache")["data"]["active"] is True
    vendor.call("DELETE", f"/sites/{site.id}/edge-cache")
    vendor.call("PUT", f"/sites/{site.id}/edge-cache")
    assert vendor.call("GET", f"/sites/{site.id}/edge-cache")["data"]["active"] is False


def test_a_name_is_free_again_when_its_site_is_gone(vendor: Vendor) -> None:
    made = vendor.call("POST", "/sites", json={"name": "bakery"})["data"]
    refused(vendor, "POST", "/sites", 400, json={"name": "Bakery"})
    vendor.call("DELETE", f"/sites/{made['id']}")
    vendor.call("POST", "/sites", json={"name": "bakery"})


def test_a_site_keeps_to_itself_whatever_it_contains(site: HostedSite) -> None:
    for path, status in (("/", 200), ("/nothing/", 404)):
        answer = fetch(site.url + path)
        assert answer.status_code == status
        assert answer.headers["content-security-policy"] == (
            "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_site_that_is_being_set_up_says_so(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.switches["sites"] = "stuck"
    made = pressable.create_site(reference=reference, label="Bakery", owner_email="owner@example.com")
    answer = fetch(made.url)
    assert answer.status_code == 503
    assert "being set up" in answer.text


def test_a_removed_site_is_no_longer_served(pressable: PressableHosting, site: HostedSite) -> None:
    pressable.remove_site(site_id=site.id)
    assert fetch(site.url).status_code == 404


def test_pages_are_linked_with_the_front_page_first(pressable: PressableHosting, site: HostedSite) -> None:
    pages = [SitePage(slug="about", title="About", content="<p>Hi</p>"), SitePage(slug="", title="Home", content="Yes")]
    wait_until(lambda: pressable.put_pages(site_id=site.id, title="Bakery", pages=pages).state == "published")
    text = fetch(f"{site.url}/about/").text
    assert text.index('<a href="/">Home</a>') < text.index('<a href="/about/" aria-current="page">About</a>')
    assert fetch(f"{site.url}/about").headers["location"] == "/about/"


def test_block_comments_become_layout() -> None:
    markup = (
        '<!-- wp:group {"layout":{"type":"flex","justifyContent":"center"}} -->\n<div class="wp-block-group">'
        "<!-- wp:paragraph -->\n<p>Hi</p>\n<!-- /wp:paragraph --></div>\n<!-- /wp:group --><!-- wp:spacer /-->"
    )
    printed = theme.blocks(markup)
    assert '<div class="wp-block-group is-layout-flex is-content-justification-center"><p>Hi</p>' in printed
    assert "wp:" not in printed


def test_a_foreign_or_broken_block_comment_breaks_nothing() -> None:
    assert theme.blocks('<!-- wp:x/y {"layout":[]} --><p>a</p><!-- /wp:x/y -->') == "<p>a</p>"
    assert theme.blocks("<!-- wp:group {oops} --><p>a</p>") == "<p>a</p>"
    assert theme.blocks("<!-- an ordinary comment --><p>a</p>") == "<!-- an ordinary comment --><p>a</p>"
