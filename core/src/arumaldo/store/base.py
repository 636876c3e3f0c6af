"""What every row has in common."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, ForeignKeyConstraint, MetaData, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

NOW = text("hub_now()")
"""The hub's time: the database's clock, moved only in a test installation."""


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): random, and in order of time, so that indexes grow at one end."""
    milliseconds = time.time_ns() // 1_000_000
    return _id((milliseconds << 80) | int.from_bytes(os.urandom(10)))


def id_from(made: uuid.UUID, name: str) -> uuid.UUID:
    """The id of what there is once, under this name, for a thing with an id of `new_id`; it has that one's moment.

    A book that was put back from a copy, and has forgotten what was made for the thing, gives it the same id again.
    """
    digest = int.from_bytes(hashlib.sha256(made.bytes + name.encode()).digest()[:10])
    return _id((made.int >> 80 << 80) | digest)


def _id(value: int) -> uuid.UUID:
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=value)


def moment_of(made: uuid.UUID) -> datetime:
    """When an id of `new_id` was made, by the clock of the host that made it."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)


class Row(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class Owned:
    """A row that belongs to an account of a reseller; row-level security looks at these two columns."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)

    keys: ClassVar[tuple[Any, ...]] = ()
    """Constraints and indexes of the table, beside those that every owned table has."""

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy calls it on the class
        # Made afresh for each table: a constraint object belongs to one table only.
        own = tuple(key() if callable(key) else key for key in cls.keys)
        return (
            UniqueConstraint("reseller_id", "account_id", "id"),
            ForeignKeyConstraint(["reseller_id", "account_id"], ["accounts.reseller_id", "accounts.id"]),
            *own,
        )


def part_of(table: str, column: str) -> ForeignKeyConstraint:
    """A foreign key to another owned table which cannot point into another account."""
    return ForeignKeyConstraint(
        ["reseller_id", "account_id", column], [f"{table}.reseller_id", f"{table}.account_id", f"{table}.id"]
    )
