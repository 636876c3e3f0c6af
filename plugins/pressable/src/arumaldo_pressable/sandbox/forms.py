"""A site as the vendor shows it: one form in lists and after changes, another one by its id."""

from __future__ import annotations

from typing import Any

from arumaldo_pressable.sandbox.book import DATACENTERS, Site
from arumaldo_pressable.sandbox.hosts import addresses_of
from arumaldo_pressable.sandbox.moments import moment

ACCOUNT = 1


def list_form(site: Site, state: str, host: str, domains: int) -> dict[str, Any]:
    """`host` is where the site is served; `domains` is how many names it has besides the vendor's own."""
    return {
        **_common(site, state, host),
        "collaboratorsCount": 0,
        "domainsCount": domains,
        "lightWeight404": False,
        "multisiteSupport": site["multisite"],
    }


def show_form(site: Site, state: str, host: str) -> dict[str, Any]:
    common = _common(site, state, host)
    return {
        **common,
        "pageViews": _no_views(),
        "wordpressLoginUrl": f"{common['url']}/wp-admin",
        "collaborators": [],
        "jetpack": None,
    }


def account_form(count: int, room: int, php_version: str) -> dict[str, Any]:
    """The account with `count` sites of at most `room`."""
    return {
        "affiliate": False,
        "collaboratorCount": 0,
        "email": "sandbox@example.com",
        "gravatar": "",
        "name": "Sandbox",
        "organization": "Sandbox",
        "pageViews": _no_views(),
        "phoneNumber": "5550100",
        "preview": False,
        "productName": "Pro",
        "defaultPhpVersion": php_version,
        "defaultDatacenter": None,
        "maxSites": room,
        "sitesCount": count,
        "capacity": {"sites": {"maxBillable": room, "maxStaging": 0, "billable": count, "staging": 0, "total": count}},
        "recent_activity": [],
    }


def _no_views() -> dict[str, Any]:
    spans = ("allTime", "lastTwoYearsIsAllTime", "currentMonth", "lastMonth", "today", "twoMonthsAgo", "yesterday")
    return {span: {"people": 0, "views": 0} for span in spans}


def _common(site: Site, state: str, host: str) -> dict[str, Any]:
    one, two = addresses_of(site["id"])
    return {
        "id": int(site["id"]),
        "created": moment(site["created"]),
        "accountId": ACCOUNT,
        "clonedFromId": None,
        "datacenterCode": site["datacenter"],
        "datacenterName": DATACENTERS[site["datacenter"]],
        "displayName": site["name"],
        "ecommerce": False,
        "edgeCache": "enabled" if site["edge_cache"] else "disabled",
        "edgeCacheDefensiveMode": False,
        "edgeCacheDefensiveModeUntil": None,
        "favorite": False,
        "ipAddress": one,
        "ipAddressOne": one,
        "ipAddressTwo": two,
        "name": site["name"],
        "state": state,
        "url": host,
        "staging": site["staging"],
        "sandbox": False,
        "duplikit": False,
        "sftpDomain": "sftp.pressable.com",
        "phpVersion": None if state == "deploying" else site["php"],
        "wordpressVersion": "Current Stable Release (6.8)",
        "tags": site["tags"],
        "wpEnvironmentType": "production",
    }
