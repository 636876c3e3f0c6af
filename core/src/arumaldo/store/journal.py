"""The book of the bus: messages, deliveries, effects, and who works."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.store.base import NOW, Owned, Row


class MessageRow(Owned, Row):
    """A fact in the past tense, written with the rows that made it true."""

    __tablename__ = "messages"

    type: Mapped[str]
    version: Mapped[int]
    body: Mapped[dict[str, Any]]
    caused_by: Mapped[uuid.UUID | None]  # the message whose handler wrote this one


class Delivery(Row):
    """One message on its way to one handler. This row is the truth; Redis only rings.

    waiting → done | refused | quarantined. It is held by (holder, token) until `held_until`, at most.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "lane", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_deliveries_key", "key", "id", postgresql_where=text("state = 'waiting'")),
        Index(
            "uq_deliveries_one_held_per_key",
            "key",
            unique=True,
            postgresql_where=text("state = 'waiting' AND holder IS NOT NULL"),
        ),
        UniqueConstraint("message_id", "handler"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"))
    reseller_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID] = mapped_column(index=True)
    handler: Mapped[str]
    lane: Mapped[str]
    key: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    deaths: Mapped[int] = mapped_column(server_default=text("0"))  # attempts whose holder went away
    token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(BigInteger)
    held_until: Mapped[datetime | None]
    within: Mapped[float]  # seconds that one attempt may take in all
    due_at: Mapped[datetime] = mapped_column(server_default=NOW)
    config_version: Mapped[int | None]
    failing_since: Mapped[datetime | None]  # the start of the present run of failures at the vendor
    faults: Mapped[int] = mapped_column(server_default=text("0"))  # failures that nobody foresaw
    waits_for: Mapped[str | None]  # why it is not done yet, in words for the operator
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    finished_at: Mapped[datetime | None]


class Worker(Row):
    """One worker process, and its place as `host`. A delivery whose holder has not been seen for 6 s is free."""

    __tablename__ = "workers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    config_version: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


TAKEN = "taken: it exists at the provider, and we did not make it"
"""The problem of an effect that was refused because others had made the thing before us."""
EFFECT_MOVES = {
    "intended": {"done", "refused", "unknown"},
    "unknown": {"done", "refused"},
    "done": {"undone", "refused"},
    "refused": set[str](),
    "undone": set[str](),
}


class Effect(Owned, Row):
    """One thing made at a vendor, or about to be, under our reference.

    `subject` is what it is for (an order), `step` the hook, `generation` rises only after a refusal and a person's
    new decision. One generation that was not refused per (subject, step): the database sees to it.
    """

    __tablename__ = "effects"
    keys = (
        lambda: UniqueConstraint("reference"),
        lambda: UniqueConstraint("subject", "step", "generation"),
        # So much of a reference is kept by a vendor that has room for a name alone.
        lambda: Index("ix_effects_short_reference", text("left(reference, 10)")),
        lambda: Index(
            "uq_effects_one_not_refused", "subject", "step", unique=True, postgresql_where=text("state <> 'refused'")
        ),
        # What a vendor calls by one id belongs to one effect: nobody adopts what is another's.
        lambda: Index(
            "uq_effects_vendor_id", "reseller_id", "provider", "step", "vendor_id", unique=True,
            postgresql_where=text("vendor_id IS NOT NULL"),
        ),
    )  # fmt: skip

    subject: Mapped[uuid.UUID] = mapped_column(index=True)
    step: Mapped[str]  # "payments.charge"
    generation: Mapped[int]
    reference: Mapped[str]
    provider: Mapped[str]
    state: Mapped[str] = mapped_column(default="intended")
    vendor_id: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None]
    looks: Mapped[int] = mapped_column(server_default=text("0"))
    before_restore: Mapped[bool] = mapped_column(server_default=text("false"))  # may stand in the book that was lost
    intended_at: Mapped[datetime] = mapped_column(server_default=NOW)
    settled_at: Mapped[datetime | None]


class Binding(Row):
    """(account, capability) → the provider that serves it from its first use on."""

    __tablename__ = "bindings"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    capability: Mapped[str] = mapped_column(primary_key=True)
    reseller_id: Mapped[uuid.UUID]
    provider: Mapped[str] = mapped_column(index=True)
    config_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ProviderClock(Row):
    """When a provider may be asked again, for all workers: a rate limit, a breaker, or a person's matter."""

    __tablename__ = "provider_clocks"

    reseller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("resellers.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # in a row
    failing_since: Mapped[datetime | None]
    asked_until: Mapped[datetime | None]  # by the vendor itself
    not_before: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class ConfigVersion(Row):
    """A hubconfig.toml that was checked whole. Processes follow the highest number."""

    __tablename__ = "config_versions"

    number: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[str]
    body: Mapped[bytes]  # sealed
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
