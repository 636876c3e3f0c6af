"""What keeps the installation right: pauses, restorations, duties, and what was found at vendors beside the book."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.store.base import NOW, Row, new_id


class Pause(Row):
    """While there is a row, no worker claims anything; pages go on."""

    __tablename__ = "pauses"

    name: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[datetime] = mapped_column(server_default=NOW)


class Restoration(Row):
    """The book was put back from a copy: what vendors did after `copied_at` is not in it."""

    __tablename__ = "restorations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    copied_at: Mapped[datetime]
    restored_at: Mapped[datetime] = mapped_column(server_default=NOW)
    reconciled_at: Mapped[datetime | None]


class Duty(Row):
    """Work that one worker does for all, now and then. It is free when its holder has not been seen for 6 s."""

    __tablename__ = "duties"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(server_default=NOW)
    holder: Mapped[int | None] = mapped_column(BigInteger)
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    problem: Mapped[str | None]  # of the last time; null when all went well


class Finding(Row):
    """Something at a vendor that the book does not account for.

    open → undone (we took it away) | kept (a person said so) | gone (it is not there any more, or accounted for).
    """

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("reseller_id", "provider", "step", "vendor_id"),
        Index("ix_findings_open", "found_at", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("resellers.id"))
    provider: Mapped[str]
    step: Mapped[str]  # "hosting.create_site"
    vendor_id: Mapped[str]
    reference: Mapped[str]
    what: Mapped[str]  # in words for the operator
    amount: Mapped[int | None] = mapped_column(BigInteger)  # minor units, where it is money
    currency: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="open")
    made_at: Mapped[datetime | None]  # as the vendor says
    found_at: Mapped[datetime] = mapped_column(server_default=NOW)
    settled_at: Mapped[datetime | None]
