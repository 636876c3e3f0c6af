"""What an update does to the rows that were there before it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from arumaldo.demo.embedded import Postgres
from arumaldo.store.migrate import migrate
from arumaldo.store.schema import revisions, standing
from arumaldo.store.scope import connect
from arumaldo.testing.fixtures import Database

USER = """
INSERT INTO users (id, reseller_id, email, password_hash, created_at)
VALUES (gen_random_uuid(), %s, %s, '-', now() - interval '30 days')
"""
NEW_TABLES = ("confirmations", "mails", "subscriptions", "domains")


@pytest.fixture
def before(postgres: Postgres) -> Iterator[Database]:
    """A database of the release before the ten steps."""
    name = f"old_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER owner TEMPLATE template0')
        try:
            made = Database(postgres.url("owner", name), postgres.url("app", name))
            upgrade(made, "0002")
            yield made
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def upgrade(database: Database, revision: str) -> None:
    engine = connect(database.owner_url, pool_size=1)
    with engine.begin() as connection:
        settings = Config()
        settings.set_main_option("script_location", "arumaldo.store:migrations")
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
    engine.dispose()


def people(database: Database, *emails: str) -> None:
    with psycopg.connect(database.owner_url) as connection:
        reseller = connection.execute(
            "INSERT INTO resellers (id, slug) VALUES (gen_random_uuid(), %s) RETURNING id", (secrets.token_hex(4),)
        ).fetchone()
        assert reseller is not None
        for email in emails:
            connection.execute(USER, (reseller[0], email))


def test_whoever_was_a_customer_before_may_pay_without_confirming_anything(before: Database) -> None:
    people(before, "anna@example.com", "bert@example.com")
    migrate(before.owner_url)
    with psycopg.connect(before.owner_url) as connection:
        rows = connection.execute("SELECT email FROM users WHERE confirmed_at = created_at ORDER BY email").fetchall()
    assert rows == [("anna@example.com",), ("bert@example.com",)]


def test_whoever_signs_up_after_it_is_not_confirmed(before: Database) -> None:
    migrate(before.owner_url)
    people(before, "carl@example.com")
    migrate(before.owner_url)
    with psycopg.connect(before.owner_url) as connection:
        assert connection.execute("SELECT confirmed_at FROM users").fetchall() == [(None,)]


def test_clocks_of_before_hold_up_nobody_for_they_are_named_otherwise_now(before: Database) -> None:
    with psycopg.connect(before.owner_url) as connection:
        connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
        connection.execute(
            "WITH one AS (INSERT INTO resellers (id, slug) VALUES (gen_random_uuid(), 'main') RETURNING id)"
            " INSERT INTO provider_clocks (reseller_id, provider, parked_at, reason)"
            " SELECT id, 'acme', now(), 'the key was revoked' FROM one"
        )
    migrate(before.owner_url)
    with psycopg.connect(before.owner_url) as connection:
        connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
        assert connection.execute("SELECT count(*) FROM provider_clocks").fetchone() == (0,)


def test_the_new_tables_are_closed_to_other_accounts_as_the_others_are(before: Database) -> None:
    migrate(before.owner_url)
    with psycopg.connect(before.owner_url) as connection:
        closed = connection.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relrowsecurity AND relforcerowsecurity",
            (list(NEW_TABLES),),
        ).fetchall()
    assert {name for (name,) in closed} == set(NEW_TABLES)
    with psycopg.connect(before.app_url) as connection:
        for table in NEW_TABLES:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_an_update_leads_to_the_schema_of_a_fresh_installation_and_a_second_one_changes_nothing(
    before: Database, database: Database
) -> None:
    assert [migrate(before.owner_url) for _ in range(2)] == [revisions()[-1]] * 2
    assert columns(before) == columns(database)


def test_the_release_before_is_told_that_it_cannot_serve_the_new_schema(before: Database) -> None:
    migrate(before.owner_url)
    engine = connect(before.owner_url, pool_size=1)
    with engine.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr("arumaldo.store.schema.revisions", lambda: ["0001", "0002"])
        assert standing(connection) == "too new"
    engine.dispose()


def columns(database: Database) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY table_name, column_name"
        ).fetchall()
