"""A customer whose site is open and who has a domain, with vendors of names that fail where they are told to."""

from __future__ import annotations

import types
from datetime import UTC, datetime, timedelta
from typing import Any

from arumaldo import hookimpl
from arumaldo.capabilities.dns import Record, Shield, Zone
from arumaldo.capabilities.hosting import DomainTarget, HostedDomain
from arumaldo.errors import NotFound, OutcomeUnknown
from arumaldo.flows import domains
from arumaldo.store.business import Brief, Preview
from arumaldo.store.domains import Domain
from arumaldo.store.orders import Order, Site
from arumaldo.store.scope import Owner

from .conftest import Bus
from .shop import Books, Shop

NAME = "sunrise.example"


class Names(Books):
    """A dns provider and a host beside all the rest; `done` notes the order of what was done to the domain."""

    def __init__(self) -> None:
        super().__init__()
        self.zones: dict[str, Zone] = {}
        self.delegated = False
        self.done: list[str] = []
        self.records: list[Record] = []
        self.host_waits: list[str] = []
        self.shield_waits: list[str] = []
        """Why they are not ready yet, once each time they are asked."""

    def was_there(self) -> None:
        """A zone from before us."""
        self.zones["z-old"] = _zone("z-old", made_at=datetime.now(UTC) - timedelta(days=90))

    @hookimpl
    def create_zone(self, reference: str, name: str) -> Zone:
        self.suffers("before create_zone")
        if self.zones:
            raise OutcomeUnknown("acme", "has a zone of this name")
        self.zones[f"z-{reference}"] = _zone(f"z-{reference}", made_at=datetime.now(UTC))
        self.done.append("zone made")
        self.suffers("after create_zone")
        return self.zones[f"z-{reference}"]

    @hookimpl
    def find_zones(self, reference: str, name: str) -> list[Zone]:
        return list(self.zones.values())

    @hookimpl
    def get_zone(self, zone_id: str) -> Zone:
        if zone_id not in self.zones:
            raise NotFound("acme", "no such zone")
        return self.zones[zone_id].model_copy(update={"state": "active" if self.delegated else "pending"})

    @hookimpl
    def put_records(self, zone_id: str, records: list[Record]) -> None:
        self.suffers("put_records")
        self.records = records
        self.done.append("records put")
        self.suffers("after put_records")

    @hookimpl
    def put_shield(self, zone_id: str, records: list[Record], ours: bool) -> Shield:
        self.suffers("put_shield")
        assert records == self.records
        if self.shield_waits:
            reason = self.shield_waits.pop(0)
            return Shield(encrypted="none", https_only=False, cached=False, firewall=False, ready=False, reason=reason)
        self.done.append("shielded" if ours else "shielded, and the rest left")
        return Shield(encrypted="to the host", https_only=True, cached=True, firewall=True)

    @hookimpl
    def leave_zone(self, zone_id: str, records: list[Record]) -> None:
        self.suffers("leave_zone")
        self.records = [one for one in self.records if one not in records]
        self.done.append("records taken back")

    @hookimpl
    def remove_zone(self, zone_id: str) -> None:
        self.suffers("remove_zone")
        self.zones.pop(zone_id, None)
        self.done.append("zone removed")

    @hookimpl
    def domain_targets(self, site_id: str) -> list[DomainTarget]:
        return [DomainTarget(name=name, type="A", content="192.0.2.1") for name in ("@", "www")]

    @hookimpl
    def put_domain(self, site_id: str, domain: str) -> HostedDomain:
        self.suffers("put_domain")
        if self.host_waits:
            reason = self.host_waits.pop(0)
            return HostedDomain(domain=domain, state="waiting", url=f"https://{domain}", reason=reason)
        self.done.append("attached")
        return HostedDomain(domain=domain, state="attached", url=f"https://{domain}")

    @hookimpl
    def remove_domain(self, site_id: str, domain: str) -> None:
        self.suffers("remove_domain")
        self.done.append("detached")


class House(Shop):
    """A customer whose site is open, and who has a domain."""

    books: Names

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.books = bus.configured.vendor = Names()
        self.pays()
        self.reaches("live")

    @property
    def inst(self) -> Any:
        return types.SimpleNamespace(store=self.store)

    def enters(self, name: str = NAME, owner: Owner | None = None) -> None:
        domains.enter_domain(self.inst, owner or self.bus.owner, name)

    def gives_up(self) -> None:
        with self.store.of(self.bus.owner) as rows:
            domains.give_up_domain(rows)

    def domain(self) -> Domain | None:
        with self.store.of(self.bus.owner) as rows:
            return domains.domain_of(rows)

    def until(self, state: str | None, step: float = 20.0) -> None:
        def there() -> bool:
            found = self.domain()
            return (found.state if found else None) == state

        self.works(there, step=step)


def another_open_site(house: House) -> Owner:
    """Another account, with an open site of its own."""
    owner = house.bus.new_owner()
    with house.store.of(owner) as rows:
        brief = rows.add(Brief(answers={}))
        preview = rows.add(Preview(brief_id=brief.id, number=1, state="ready", show_key="other"))
        order = rows.add(Order(brief_id=brief.id, preview_id=preview.id, preview_digest="-", plan={}, address={}))
        rows.add(Site(order_id=order.id, hosted_id="s-other", url="http://other.localhost", state="live"))
    return owner


def _zone(key: str, made_at: datetime) -> Zone:
    return Zone(id=key, made_at=made_at, name=NAME, name_servers=["a.example", "b.example"], state="pending")
