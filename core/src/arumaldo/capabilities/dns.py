"""dns: the customer's own domain: its zone, its records, and what stands between the visitors and the host."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from arumaldo.capabilities.kinds import Made, creates, puts, reads


class Zone(Made, frozen=True):
    """One domain at the provider. It is `active` once the registrar names its `name_servers`, and `moved` when the
    registrar has named others since."""

    name: str
    name_servers: list[str]
    state: Literal["pending", "active", "moved"]


class Record(BaseModel, frozen=True):
    """One record for visitors. `name` is relative to the zone; "@" is the zone itself."""

    type: Literal["A", "AAAA", "CNAME"]
    name: str = Field(pattern=r"^(@|[a-z0-9-]{1,63})$")
    content: str


class Shield(BaseModel, frozen=True):
    """What protects the visitors of a zone now. While not `ready`, call again with the same arguments."""

    encrypted: Literal["none", "to the provider", "to the host"]
    """How far the provider's network encrypts a visitor's connection; to the host with a certificate that was checked.
    "none" for visitors who do not pass through it."""
    https_only: bool
    cached: bool
    """Whether pages are delivered by the provider's network."""
    firewall: bool
    ready: bool = True
    reason: str = ""
    """While not ready: what it waits for, in words for the customer. Else what is left out, and why."""


class Dns:
    """Whoever answers for domains."""

    @creates(find="find_zones", sure_after=60, undo="remove_zone")
    def create_zone(self, reference: str, name: str) -> Zone:
        """A zone for the domain `name` (lower case, Punycode), usually `pending`. Refused: it is no name that can be
        registered, or somebody else holds it at this provider."""
        raise NotImplementedError

    @reads
    def find_zones(self, reference: str, name: str) -> list[Zone]:
        """The zone of this name in our own account at the provider, whoever made it; empty when there is none.

        `made_at` always; `reference` only where the provider keeps it.
        """
        raise NotImplementedError

    @reads
    def get_zone(self, zone_id: str) -> Zone:
        """The zone as it stands now. NotFound when it is gone: providers give up zones that nobody delegates."""
        raise NotImplementedError

    @puts
    def put_records(self, zone_id: str, records: list[Record]) -> None:
        """Make the names in `records` lead exactly there, straight to the host; records of other names and kinds stay
        as they are. NotFound when the zone is gone.
        """
        raise NotImplementedError

    @puts
    def put_shield(self, zone_id: str, records: list[Record], ours: bool) -> Shield:
        """Lead the visitors of the names in `records` through the provider's network: encryption, cache, firewall.

        Once the host has a certificate for the names, and `put_records` has been called. In an order in which the site
        is never unreachable, wherever a call is cut off: while the network has no certificate of its own for the
        names, or would not reach the host, they lead straight there. `ours` False: the zone was there before us, and
        what counts for all of it stays as it is. What cannot be shielded goes straight. What is left out, for whatever
        reason, is told. A second call changes nothing and tells how far it is. NotFound when the zone is gone.
        """
        raise NotImplementedError

    @puts
    def leave_zone(self, zone_id: str, records: list[Record]) -> None:
        """Take back what we put into a zone that stays, for it was there before us: those of `records` that are ours
        and still lead there, and what we set up for their names. What others have made or changed stays. Also when
        the zone is gone.
        """
        raise NotImplementedError

    @puts
    def remove_zone(self, zone_id: str) -> None:
        """Give the zone up, with its records. Also when it is already gone."""
        raise NotImplementedError
