"""Bring a database to this release's schema, as the role `owner`.

A migration that only adds (tables, columns that may be left out, indexes) says so with `only_adds = True`: releases
that know the schema before it go on with the one behind it. Which those are stands in the database, as the comment of
Alembic's table, for an older release does not have the newer one's files.
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from arumaldo.errors import ConfigError
from arumaldo.store.schema import SERVES, revision, served, standing, too_new
from arumaldo.store.scope import connect


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


def _write_down(connection: Connection, scripts: ScriptDirectory) -> None:
    """Say to releases to come back which of them this schema serves."""
    serves = list(_serves(scripts))
    if serves != served(connection):
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{SERVES}{' '.join(serves)}'")


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
