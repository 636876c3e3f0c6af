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
    """How far a visitor's connection is encrypted; to the host with a certificate that was checked."""
    https_only: bool
    cached: bool
    """Whether pages are delivered by the provider's network."""
    firewall: bool
    ready: bool = True
    reason: str = ""
    """While not ready: what it waits for, in words for the customer. Else what the provider's plan leaves out."""


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
    def put_records(self, zone_id: str, records: list[Record], shielded: bool) -> None:
        """Make the names in `records` lead exactly there; records of other names and kinds stay as they are.

        `shielded`: visitors go through the provider's network (CDN, firewall); else straight to the host. What the
        provider cannot shield goes straight. NotFound when the zone is gone.
        """
        raise NotImplementedError

    @puts
    def put_shield(self, zone_id: str) -> Shield:
        """Set up encryption, HTTPS for all, cache and firewall, in an order in which the site is never unreachable.

        Once the host has a certificate for the name, and the records are shielded. What the provider's plan does not
        allow is left out and told. A second call changes nothing and tells how far it is.
        """
        raise NotImplementedError

    @puts
    def remove_zone(self, zone_id: str) -> None:
        """Give the zone up, with its records. Also when it is already gone."""
        raise NotImplementedError
