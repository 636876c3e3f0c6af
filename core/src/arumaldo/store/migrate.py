"""Bring a database to this release's schema, as the role `owner`."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from arumaldo.store.scope import connect


def migrate(owner_url: str) -> str:
    """Apply what is missing, in one transaction, and answer the revision; a second call changes nothing.

    Two processes that migrate at once wait for one another.
    """
    engine = connect(owner_url, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4120201)")
            settings = _settings(connection)
            command.upgrade(settings, "head")
            return _revision(connection) or ""
    finally:
        engine.dispose()


def is_current(connection: Connection) -> bool:
    """Whether the database has this release's schema."""
    head = ScriptDirectory.from_config(_settings(connection)).get_current_head()
    return _revision(connection) == head


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _settings(connection: Connection) -> Config:
    settings = Config()
    settings.set_main_option("script_location", "arumaldo.store:migrations")
    settings.attributes["connection"] = connection
    return settings
