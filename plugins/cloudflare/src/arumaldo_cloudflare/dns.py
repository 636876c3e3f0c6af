"""dns, by Cloudflare."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

import httpx2
from pydantic import BaseModel

from arumaldo import Denied, NotFound, OutcomeUnknown, Refused, hookimpl
from arumaldo.capabilities.dns import Record, Shield, Zone
from arumaldo_cloudflare.client import NAME, Barred, CloudflareClient, Said, as_model
from arumaldo_cloudflare.records import Records
from arumaldo_cloudflare.settings import Settings
from arumaldo_cloudflare.shield import Shielding

_EXISTS = 1061
_GONE_OR_BARRED = {0, 9109}
"""What the vendor says of a single zone that the token may not see, and of one that is not there any more."""
_HELD = "This domain is set up at another account there. Whoever manages it has to remove it first."


class VendorZone(BaseModel):
    """What we read of the vendor's zone object."""

    id: str
    name: str
    status: str
    name_servers: list[str] = []
    created_on: datetime

    @property
    def our_state(self) -> Literal["pending", "active", "moved"]:
        match self.status:
            case "active" | "moved":
                return self.status
        return "pending"


class CloudflareDns:
    """One account. A zone's name is unique in it, and is how ours is known again; the vendor keeps no reference."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._client = CloudflareClient(settings, http)

    @hookimpl
    def create_zone(self, reference: str, name: str) -> Zone:
        """See the capability. The vendor's own guard is the name.

        One that exists in our account is left to the look that follows doubt: it may be ours, made by a call whose
        answer was lost, or somebody's from before, which its age tells.
        """
        order = {"name": name, "account": {"id": self._settings.account_id}, "type": "full"}
        try:
            made = self._client.call("POST", "/zones", repeatable=False, json=order)
        except Said as refusal:
            if _EXISTS not in refusal.codes:
                raise
            if self._named(name):
                raise OutcomeUnknown(NAME, "has a zone of this name") from refusal
            raise Refused(NAME, _HELD) from refusal
        return _ours(as_model(VendorZone, made, repeatable=False))

    @hookimpl
    def find_zones(self, reference: str, name: str) -> list[Zone]:
        """See the capability."""
        return [_ours(zone) for zone in self._named(name)]

    @hookimpl
    def get_zone(self, zone_id: str) -> Zone:
        """See the capability. The vendor looks at the delegation by itself, the first time after a minute."""
        found = self._of_one_zone("GET", zone_id)
        zone = as_model(VendorZone, found, repeatable=True)
        if zone.status in ("deleted", "purged"):
            raise NotFound(NAME, f"has given up the zone {zone.name}")
        return _ours(zone)

    @hookimpl
    def put_records(self, zone_id: str, records: list[Record]) -> None:
        """See the capability; how nothing is doubled is told in `records`."""
        Records(self._client, self.get_zone(zone_id)).put(records, shielded=False)

    @hookimpl
    def put_shield(self, zone_id: str, records: list[Record], ours: bool) -> Shield:
        """See the capability; the order is told in `shield`."""
        return Shielding(self._client, self.get_zone(zone_id), records, ours=ours).put()

    @hookimpl
    def leave_zone(self, zone_id: str, records: list[Record]) -> None:
        """See the capability. Ours are known by their remark, and the rules by their `ref`."""
        with suppress(NotFound):
            Shielding(self._client, self.get_zone(zone_id), records, ours=False).take_back()

    @hookimpl
    def remove_zone(self, zone_id: str) -> None:
        """See the capability."""
        try:
            self._of_one_zone("DELETE", zone_id)
        except NotFound:
            return

    def close(self) -> None:
        self._client.close()

    def _of_one_zone(self, method: str, zone_id: str) -> Any:
        """NotFound also where the vendor speaks of rights, and its list, which the token may see, lacks the zone: a
        zone that it has given up would stop the work for all others, were it taken for a matter of the token."""
        try:
            return self._client.call(method, _path(zone_id), repeatable=True)
        except Barred as refusal:
            if not refusal.codes & _GONE_OR_BARRED or self._may_be_there(zone_id):
                raise
            raise NotFound(NAME, "does not list this zone any more") from refusal

    def _may_be_there(self, zone_id: str) -> bool:
        asked = {"account.id": self._settings.account_id}
        try:
            return any(zone.id == zone_id for zone in self._client.each("/zones", VendorZone, **asked))
        except Denied:
            return True

    def _named(self, name: str) -> list[VendorZone]:
        asked = {"name": name, "account.id": self._settings.account_id}
        return [zone for zone in self._client.each("/zones", VendorZone, **asked) if zone.name == name]


def _path(zone_id: str) -> str:
    """NotFound: an id of another form, which the vendor may take for another path altogether."""
    if not re.fullmatch(r"[0-9a-f]{32}", zone_id):
        raise NotFound(NAME, "gives its zones ids of 32 digits, and this is none")
    return f"/zones/{zone_id}"


def _ours(zone: VendorZone) -> Zone:
    return Zone(
        id=zone.id, made_at=zone.created_on, name=zone.name, name_servers=zone.name_servers, state=zone.our_state
    )
