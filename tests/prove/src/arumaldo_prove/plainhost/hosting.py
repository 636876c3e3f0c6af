"""hosting, without a net: every create makes one more site."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2

from arumaldo import NotFound, hookimpl
from arumaldo.capabilities.hosting import DomainTarget, HostedDomain, HostedSite, Publication, SitePage
from arumaldo.http import Door, Reply
from arumaldo_prove.plainhost import Settings

_NAME = "plainhost"


class PlainHosting:
    """Sites by number; the reference is kept as a note."""

    def __init__(self, settings: Settings) -> None:
        self._server = settings.server
        self._door = Door(_NAME, httpx2.Client(trust_env=False))

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        return _site(self._call("POST", "/sites", repeatable=False, json={"reference": reference}).json())

    @hookimpl
    def find_sites(self, reference: str) -> list[HostedSite]:
        found = self._call("GET", "/sites", repeatable=True, params={"reference": reference}).json()
        return [_site(site) for site in found["sites"]]

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        listed = [_site(site) for site in self._call("GET", "/sites", repeatable=True).json()["sites"]]
        return [site for site in listed if site.made_at is None or site.made_at >= since]

    @hookimpl
    def get_site(self, site_id: str) -> HostedSite:
        return _site(self._call("GET", f"/sites/{site_id}", repeatable=True).json())

    @hookimpl
    def put_pages(self, site_id: str, title: str, pages: list[SitePage]) -> Publication:
        text = "\n".join(f"<h1>{title}</h1>\n{page.content}" for page in pages)
        self._call("PUT", f"/sites/{site_id}", repeatable=True, json={"text": text})
        return Publication(state="published")

    @hookimpl
    def remove_site(self, site_id: str) -> None:
        try:
            self._call("DELETE", f"/sites/{site_id}", repeatable=True)
        except NotFound:
            return

    @hookimpl
    def domain_targets(self, site_id: str) -> list[DomainTarget]:
        address = self._call("GET", f"/sites/{site_id}", repeatable=True).json()["address"]
        return [
            DomainTarget(name="@", type="A", content=address),
            DomainTarget(name="www", type="A", content=address),
        ]

    @hookimpl
    def put_domain(self, site_id: str, domain: str) -> HostedDomain:
        kept = self._call("PUT", f"/sites/{site_id}/domains/{domain}", repeatable=True).json()
        return HostedDomain(
            domain=domain,
            state="attached" if kept["seen"] else "waiting",
            url=kept["url"],
            reason="" if kept["seen"] else "Your domain's records do not lead to the host yet.",
        )

    @hookimpl
    def remove_domain(self, site_id: str, domain: str) -> None:
        try:
            self._call("DELETE", f"/sites/{site_id}/domains/{domain}", repeatable=True)
        except NotFound:
            return

    def close(self) -> None:
        self._door.close()

    def _call(self, method: str, path: str, *, repeatable: bool, **options: Any) -> Reply:
        reply = self._door.send(method, f"{self._server}{path}", repeatable=repeatable, **options)
        self._door.refuse_by_status(reply, f"{method} was answered with {reply.status}", repeatable=repeatable)
        return reply


def _site(site: dict[str, Any]) -> HostedSite:
    made_at = datetime.fromtimestamp(site["made_at"], UTC)
    return HostedSite(id=site["id"], reference=site["reference"], made_at=made_at, url=site["url"], state="live")
