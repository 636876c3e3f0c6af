"""hosting, by Pressable."""

from __future__ import annotations

import logging
from datetime import datetime

import httpx2

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, hookimpl
from arumaldo.capabilities.hosting import DomainTarget, HostedDomain, HostedSite, Publication, SitePage
from arumaldo_pressable.client import NAME, PressableClient
from arumaldo_pressable.domains import Domains
from arumaldo_pressable.names import ending_in, name_ending, site_name, tag_name
from arumaldo_pressable.publishing import Publisher
from arumaldo_pressable.settings import Settings
from arumaldo_pressable.sites import VendorSite, site_path

_log = logging.getLogger(__name__)

_ADMIN = "owner"


class PressableHosting:
    """One Pressable account. A site's name carries the reference, a tag carries it whole."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._client = PressableClient(settings, http)
        self._publisher = Publisher(self._client)
        self._domains = Domains(self._client, settings)

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        """See the capability. The vendor's own guard against doubles is the name, unique on all of its platform.

        A refusal is believed only after a look: the name may be taken by the very site that an earlier, unheard
        call made. The tag comes in a call of its own and may be lost to a crash; the name then still tells.
        """
        try:
            answer = self._client.call(
                "POST", "/sites", repeatable=False, json=self._order(reference, label, owner_email)
            )
        except Refused as refusal:
            site = self._made_before(reference, refusal)
        else:
            site = answer.one(VendorSite)
        if site.reference is None:
            self._tag(site, reference)
        return self._ours(site, reference)

    @hookimpl
    def find_sites(self, reference: str) -> list[HostedSite]:
        """See the capability. Found by tag, or by the name's ending where the tag is missing."""
        return [self._ours(site, reference) for site in self._find(reference)]

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        """See the capability; a site whose tag was lost to a crash is known by the ending of its name."""
        found = {site.id: site for site in self._client.each("/sites", VendorSite)}
        made = [site for site in found.values() if site.created is None or site.created >= since]
        return [self._ours(site, site.reference or ending_in(site.name)) for site in made]

    @hookimpl
    def get_site(self, site_id: str) -> HostedSite:
        """See the capability."""
        site = self._get(site_id)
        return self._ours(site, site.reference)

    @hookimpl
    def put_pages(self, site_id: str, title: str, pages: list[SitePage]) -> Publication:
        """See the capability; how it is done, and why nothing is ever doubled, is told in `publishing`.

        Quick: it never waits for the vendor's queue. While the site is not live it is `pending`; Refused when the
        site has failed, or when two pages share a slug.
        """
        site = self._get(site_id)
        if site.our_state == "failed":
            raise Refused(NAME, f"site {site_id} has failed and takes no pages")
        if site.our_state != "live" or not self._publisher.publish(site_id, title, pages):
            return Publication(state="pending")
        if site.edgeCache == "enabled":
            # What a visitor saw too early, a 404 too, is kept at the edge until it is purged.
            self._client.call("DELETE", f"/sites/{site.id}/edge-cache", repeatable=True)
        return Publication(state="published")

    @hookimpl
    def remove_site(self, site_id: str) -> None:
        """See the capability."""
        try:
            self._client.call("DELETE", site_path(site_id), repeatable=True)
        except NotFound:
            return

    @hookimpl
    def domain_targets(self, site_id: str) -> list[DomainTarget]:
        """See the capability: A records for both addresses of the site, which differ from site to site."""
        return self._domains.targets(site_id)

    @hookimpl
    def put_domain(self, site_id: str, domain: str) -> HostedDomain:
        """See the capability; the steps are told in `domains`. It never waits for the vendor's queue."""
        return self._domains.put(site_id, domain)

    @hookimpl
    def remove_domain(self, site_id: str, domain: str) -> None:
        """See the capability."""
        self._domains.remove(site_id, domain)

    def close(self) -> None:
        self._client.close()

    def _order(self, reference: str, label: str, owner_email: str) -> dict[str, str]:
        order = {"name": site_name(label, reference), "install": "wordpress"}
        if self._settings.datacenter:
            order["datacenter_code"] = self._settings.datacenter
        if self._settings.php_version:
            order["php_version"] = self._settings.php_version
        if owner_email:
            order |= {"wp_admin_username": _ADMIN, "wp_admin_email": owner_email}
        return order

    def _made_before(self, reference: str, refusal: Refused) -> VendorSite:
        try:
            found = self._find(reference)
        except Denied:
            raise
        except ProviderError as error:
            raise OutcomeUnknown(NAME, f"{refusal.what}; whether that site is ours could not be asked") from error
        if not found:
            raise refusal
        return found[0]

    def _find(self, reference: str) -> list[VendorSite]:
        ending = name_ending(reference)
        # By id, because a site may move from one page of the list to the next while we read.
        found = {
            site.id: site
            for site in self._client.each("/sites", VendorSite)
            if site.reference == reference or (site.reference is None and site.name.endswith(ending))
        }
        return list(found.values())

    def _get(self, site_id: str) -> VendorSite:
        return self._client.call("GET", site_path(site_id), repeatable=True).one(VendorSite)

    def _tag(self, site: VendorSite, reference: str) -> None:
        tags = {"tags": [{"name": tag_name(reference)}]}
        try:
            self._client.call("POST", f"/sites/{site.id}/tags", repeatable=True, json=tags)
        except ProviderError as error:
            # The site exists and its name tells whose it is; losing its id over a label would be worse.
            _log.warning("Site %s could not be tagged with %s: %s", site.id, reference, error)

    def _ours(self, site: VendorSite, reference: str | None) -> HostedSite:
        return HostedSite(
            id=str(site.id),
            reference=reference,
            made_at=site.created,
            url=f"{self._settings.site_scheme}://{site.url}",
            state=site.our_state,
        )
