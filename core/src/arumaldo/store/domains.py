"""The customers' own domains."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.store.base import Owned, Row, part_of

DOMAIN_MOVES = {
    "entered": {"waiting", "taken", "refused", "leaving"},
    "taken": {"entered", "leaving"},
    "waiting": {"delegated", "refused", "leaving"},
    "delegated": {"attached", "refused", "leaving"},
    "attached": {"live", "refused", "leaving"},
    "live": {"leaving"},
    "refused": {"leaving"},
    "leaving": {"left"},
    "left": set[str](),
}


class Domain(Owned, Row):
    """One domain of a customer's, for one site. It is claimed by this row before any vendor hears of it.

    entered → waiting (its name servers are shown) → delegated → attached (at the host) → live. `taken`: a zone of this
    name was there before us, and nobody has said yet that we may use it. `refused`: it cannot be done. leaving → left:
    given up, and the name is free again.
    """

    __tablename__ = "domains"
    keys = (
        lambda: part_of("sites", "site_id"),
        lambda: Index("uq_domains_claimed", "name", unique=True, postgresql_where=text("state <> 'left'")),
        lambda: Index("uq_domains_one_of_site", "site_id", unique=True, postgresql_where=text("state <> 'left'")),
    )

    site_id: Mapped[uuid.UUID]
    name: Mapped[str]  # lower case, Punycode, without "www."
    state: Mapped[str] = mapped_column(default="entered")
    adopted: Mapped[bool] = mapped_column(default=False)  # the zone is somebody else's, and we may use it
    zone_id: Mapped[str | None]
    name_servers: Mapped[list[Any]] = mapped_column(default=list)
    records: Mapped[list[Any]] = mapped_column(default=list)  # `dns.Record`s that lead to the host
    url: Mapped[str | None]  # where a browser opens the site under this name
    shield: Mapped[dict[str, Any] | None]  # `dns.Shield`
    note: Mapped[str] = mapped_column(default="")  # what it waits for, in words for the customer
    problem: Mapped[str | None]
    waiting_at: Mapped[datetime | None]
    delegated_at: Mapped[datetime | None]
    attached_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
