"""How the database's schema stands to this release. Asked at every start, so it does without Alembic."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from sqlalchemy import Connection, text

Standing = Literal["none", "behind", "current", "ahead", "too new"]
"""How the database's schema stands to this release; "ahead" is newer, and serves this release too."""
SERVABLE: tuple[Standing, ...] = ("current", "ahead")
"""This release's schema, or a newer one that only adds to it."""
SERVES = "serves "
_COMMENT = text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')")
_IS_THERE = text("SELECT to_regclass('alembic_version') IS NOT NULL")


@cache
def revisions() -> Sequence[str]:
    """This release's migrations, the first one first: each file is called after its revision."""
    found = (file.name for file in files("arumaldo.store.migrations.versions").iterdir())
    return sorted(name.partition("_")[0] for name in found if name.endswith(".py") and name[0].isdigit())


def standing(connection: Connection) -> Standing:
    """How the database's schema stands to this release."""
    here, head = revision(connection), revisions()[-1]
    if here is None:
        return "none"
    if here == head:
        return "current"
    if here in revisions():
        return "behind"
    return "ahead" if head in served(connection) else "too new"


def too_new(connection: Connection) -> str:
    """The sentence for a schema that this release cannot serve with."""
    return (
        f"The database is at revision {revision(connection)} of a newer release, which does not serve this one: "
        "install the newer release again."
    )


def revision(connection: Connection) -> str | None:
    """The name of the last migration that was applied; None before the first."""
    if not connection.execute(_IS_THERE).scalar_one():
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def served(connection: Connection) -> list[str]:
    """The revisions whose releases this schema serves, as the release that made it has written down."""
    said = connection.execute(_COMMENT).scalar_one() or ""
    return said.removeprefix(SERVES).split() if said.startswith(SERVES) else []
