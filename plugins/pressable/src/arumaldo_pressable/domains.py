"""Domains of the customers' own.

The vendor takes a name at once, waits until it sees the name's records, and makes a certificate. Then the domain is
made the primary one, to which the site's links follow; only then is it attached.

What is read here is merely a look: a refusal of it says nothing about the domain and comes as Unavailable.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel

from arumaldo import NotFound, Refused, Unavailable
from arumaldo.capabilities.hosting import DomainTarget, HostedDomain
from arumaldo_pressable.client import NAME, Answer, PressableClient
from arumaldo_pressable.links import Links, Move
from arumaldo_pressable.settings import Settings
from arumaldo_pressable.sites import VendorSite, site_path

_HOST = re.compile(r"(?=.{1,240}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")
_NAMES: tuple[Literal["@", "www"], ...] = ("@", "www")

_SITE = "The host is still setting up your website."
_TAKING = "The host is taking in your domain."
_RECORDS = "The host does not see your domain's records yet."
_CERTIFICATE = "The host is making the certificate for your domain."
_LINKS = "The host is changing the links of your website to your domain."


class VendorDomain(BaseModel):
    """What we read of one name at a site. All else stands in some of the vendor's answers and not in others."""

    id: int
    # The vendor's spelling.
    domainName: str  # noqa: N815
    primary: bool | None = None
    dnsConfirmed: bool | None = None  # noqa: N815
    provisioned: bool | None = None


Names = dict[str, VendorDomain]


class Domains:
    """The names of sites of one account."""

    def __init__(self, client: PressableClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._links = Links(client)

    def targets(self, site_id: str) -> list[DomainTarget]:
        """A records for the domain and its www, one for each address of the site."""
        site = self._site(site_id)
        addresses = [address for address in (site.ipAddressOne, site.ipAddressTwo) if address]
        if not addresses:
            raise Unavailable(NAME, f"does not tell the addresses of site {site_id} yet")
        return [DomainTarget(name=name, type="A", content=address) for name in _NAMES for address in addresses]

    def put(self, site_id: str, domain: str) -> HostedDomain:
        """See the capability; a few quick requests, of which a second call repeats only the looks.

        Refused: the vendor will not have the domain, as when another site has it; or the site has failed.
        """
        if not _HOST.fullmatch(domain):
            raise Refused(NAME, f"{domain!r} is not the name of a domain")
        site = self._site(site_id)
        if site.our_state == "failed":
            raise Refused(NAME, f"site {site_id} has failed and takes no domains")
        reason = _SITE if site.our_state != "live" else self._brought_on(site, domain)
        return HostedDomain(
            domain=domain,
            state="waiting" if reason else "attached",
            url=f"{self._settings.site_scheme}://{self._host(domain)}",
            reason=reason,
        )

    def remove(self, site_id: str, domain: str) -> None:
        """See the capability. The links are sent back first, so that a crash in between leaves nothing undone."""
        try:
            site, names = self._site(site_id), self._names(site_id, domain)
        except NotFound:
            return
        # The apex last: what has to be done because of it is done again until it is gone.
        for name in (f"www.{domain}", domain):
            if name in names:
                self._take_away(site, names[name], back=name == domain)

    def _brought_on(self, site: VendorSite, domain: str) -> str:
        """Does what can be done by now; what the domain still waits for, empty when for nothing."""
        names = self._names(str(site.id), domain)
        for name in (domain, f"www.{domain}"):
            if name not in names:
                names |= self._add(site, domain, name)
            if name not in names:
                return _TAKING
        apex, move = names[domain], self._move_to(site, domain)
        if waits_for := self._unseen(site, list(names.values()), move):
            return waits_for
        if not (apex.primary or self._is_made_primary(site, apex)):
            return _TAKING
        with _Look():
            if not self._links.put(str(site.id), move):
                return _LINKS
            if site.edgeCache == "enabled":
                # What was kept at the edge has the old links.
                self._client.call("DELETE", f"/sites/{site.id}/edge-cache", repeatable=True)
        return ""

    def _unseen(self, site: VendorSite, names: list[VendorDomain], move: Move) -> str:
        if all(name.dnsConfirmed and name.provisioned for name in names):
            return ""
        if not all(name.provisioned for name in names):
            return _CERTIFICATE if all(name.dnsConfirmed for name in names) else _RECORDS
        # Behind a network that shields the site, records that were once confirmed may read as if they were not.
        with _Look():
            return "" if self._links.were_moved(str(site.id), move) else _RECORDS

    def _add(self, site: VendorSite, domain: str, name: str) -> Names:
        """The domain's names after adding one. None are seen where the vendor has it and does not list it yet."""
        path = f"/sites/{site.id}/domains"
        try:
            return _of(self._client.call("POST", path, repeatable=True, json={"name": name}), domain)
        except NotFound:
            raise
        except Refused:
            # It may be here by now: another worker was quicker, or an answer was lost.
            names = self._names(str(site.id), domain)
            if name not in names and self._site(str(site.id)).url != self._host(domain):
                raise
            return names

    def _is_made_primary(self, site: VendorSite, apex: VendorDomain) -> bool:
        try:
            self._client.call("PUT", f"/sites/{site.id}/domains/{apex.id}/primary", repeatable=True)
        except Refused:
            # The name is the site's already; that it is not yet the first of all is a matter of time.
            return False
        return True

    def _take_away(self, site: VendorSite, name: VendorDomain, *, back: bool) -> None:
        try:
            if back:
                move = self._move_to(site, name.domainName)
                self._links.queue(str(site.id), Move(move.new, move.old, back=True))
            self._client.call("DELETE", f"/sites/{site.id}/domains/{name.id}", repeatable=True)
        except NotFound:
            return

    def _site(self, site_id: str) -> VendorSite:
        with _Look():
            return self._client.call("GET", site_path(site_id), repeatable=True).one(VendorSite)

    def _names(self, site_id: str, domain: str) -> Names:
        with _Look():
            return _of(self._client.call("GET", f"{site_path(site_id)}/domains", repeatable=True), domain)

    def _move_to(self, site: VendorSite, domain: str) -> Move:
        return Move(self._settings.own_host.format(name=site.name), self._host(domain))

    def _host(self, domain: str) -> str:
        return self._settings.domain_host.format(domain=domain)


class _Look:
    """Around what decides nothing: its refusal is no refusal of the domain. That the site is gone stays NotFound."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refused) and not isinstance(error, NotFound):
            raise Unavailable(NAME, error.what) from error


def _of(answer: Answer, domain: str) -> Names:
    """The two names of the domain in the vendor's list, whatever else it holds."""
    listed = {name.domainName.lower(): name for name in answer.many(VendorDomain)}
    return {name: listed[name] for name in (domain, f"www.{domain}") if name in listed}
