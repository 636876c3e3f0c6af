"""Bring a database to this release's schema, as the role `owner`.

A migration that only adds (tables, columns that may be left out, indexes) says so with `only_adds = True`: releases
that know the schema before it go on with the one behind it. Which those are stands in the database, as the comment of
Alembic's table, for an older release does not have the newer one's files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from arumaldo.errors import ConfigError
from arumaldo.store.scope import connect

Standing = Literal["none", "behind", "current", "ahead", "too new"]
"""How the database's schema stands to this release; "ahead" is newer, and serves this release too."""
SERVABLE: tuple[Standing, ...] = ("current", "ahead")
"""This release's schema, or a newer one that only adds to it."""
_SERVES = "serves "
_COMMENT = text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')")


def migrate(owner_url: str) -> str:
    """Apply what is missing, in one transaction, and answer the revision; a second call changes nothing.

    Two processes that migrate at once wait for one another. A newer schema that serves this release is left as it is.
    ConfigError: one that does not.
    """
    engine = connect(owner_url, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4120201)")
            match standing(connection):
                case "too new":
                    raise ConfigError(too_new(connection))
                case "none" | "behind" | "current":
                    settings = _settings(connection)
                    command.upgrade(settings, "head")
                    _write_down(connection, ScriptDirectory.from_config(settings))
            return revision(connection) or ""
    finally:
        engine.dispose()


def standing(connection: Connection) -> Standing:
    """How the database's schema stands to this release."""
    scripts = ScriptDirectory.from_config(_settings(connection))
    here, head = revision(connection), scripts.get_current_head()
    if here is None:
        return "none"
    if here == head:
        return "current"
    if here in {script.revision for script in scripts.walk_revisions()}:
        return "behind"
    return "ahead" if head in _served(connection) else "too new"


def too_new(connection: Connection) -> str:
    """The sentence for a schema that this release cannot serve with."""
    return (
        f"The database is at revision {revision(connection)} of a newer release, which does not serve this one: "
        "install the newer release again."
    )


def revision(connection: Connection) -> str | None:
    """The name of the last migration that was applied; None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def _served(connection: Connection) -> list[str]:
    said = connection.execute(_COMMENT).scalar_one() or ""
    return said.removeprefix(_SERVES).split() if said.startswith(_SERVES) else []


def _write_down(connection: Connection, scripts: ScriptDirectory) -> None:
    """Say to releases to come back which of them this schema serves."""
    served = list(_serves(scripts))
    if served != _served(connection):
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{_SERVES}{' '.join(served)}'")


def _serves(scripts: ScriptDirectory) -> Iterator[str]:
    for script in scripts.walk_revisions():  # the newest first
        yield script.revision
        if not getattr(script.module, "only_adds", False):
            return


def _settings(connection: Connection) -> Config:
    settings = Config()
    settings.set_main_option("script_location", "arumaldo.store:migrations")
    settings.attributes["connection"] = connection
    return settings
