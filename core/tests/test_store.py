"""Whose rows are whose: filters first, row-level security behind them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from arumaldo.errors import HubError
from arumaldo.store.business import Brief, Preview
from arumaldo.store.people import Account, Reseller
from arumaldo.store.scope import NoSuchRow, Owner, Store, connect
from arumaldo.store.seal import Keyring
from arumaldo.testing.fixtures import Database


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    made = Store(connect(database.app_url, pool_size=2), Keyring(["a" * 32]), lambda rows, message: None, len)
    yield made
    made.close()


@pytest.fixture
def owners(store: Store) -> tuple[Owner, Owner]:
    reseller = uuid.uuid4()
    with store.hub() as session:
        session.add(Reseller(id=reseller, slug="main"))
        session.flush()
        ours, theirs = Owner(reseller, uuid.uuid4()), Owner(reseller, uuid.uuid4())
        session.add_all([Account(id=each.account_id, reseller_id=reseller, name="x") for each in (ours, theirs)])
    return ours, theirs


def brief_of(store: Store, owner: Owner) -> uuid.UUID:
    with store.of(owner) as rows:
        return rows.add(Brief(answers={"business_name": "x"})).id


def test_an_account_reads_its_own_rows_and_no_others(store: Store, owners: tuple[Owner, Owner]) -> None:
    ours, theirs = owners
    brief = brief_of(store, theirs)
    with store.of(ours) as rows:
        assert rows.all(Brief) == []
        with pytest.raises(NoSuchRow):
            rows.get_one(Brief, brief)


def test_a_query_that_forgets_its_filter_sees_one_account_and_without_a_scope_nothing(
    store: Store, owners: tuple[Owner, Owner]
) -> None:
    ours, theirs = owners
    brief_of(store, ours)
    brief_of(store, theirs)
    with store.of(ours) as rows:
        assert rows.session.execute(text("SELECT count(*) FROM briefs")).scalar_one() == 1
    with store.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM briefs")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 0


def test_no_scope_leaks_to_the_next_user_of_a_pooled_connection(store: Store, owners: tuple[Owner, Owner]) -> None:
    for number in range(200):
        owner = owners[number % 2]
        with store.of(owner) as rows:
            assert rows.session.execute(text("SELECT id FROM accounts")).scalars().all() == [owner.account_id]
    with store.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 0


def test_the_role_that_serves_and_the_role_that_migrates_cannot_pass_row_level_security(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname IN ('app', 'owner') ORDER BY rolname"
        ).fetchall()
        assert roles == [("app", False, False), ("owner", False, False)]
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_every_table_with_an_account_is_under_forced_row_level_security(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        open_tables = connection.execute("""
            SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relkind = 'r' AND a.attname = 'account_id' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        """).fetchall()
    assert open_tables == [("log_ins",)], "a cookie's row is read before anybody knows whose it is"


def test_a_row_cannot_point_into_another_account(store: Store, owners: tuple[Owner, Owner]) -> None:
    ours, theirs = owners
    brief = brief_of(store, theirs)
    with pytest.raises(IntegrityError), store.of(ours) as rows:
        rows.add(Preview(brief_id=brief, number=1, show_key="k"))


def test_only_the_owner_of_a_test_installation_moves_the_clock(store: Store, database: Database) -> None:
    with pytest.raises(ProgrammingError), store.hub() as session:
        session.execute(text("UPDATE hub_clock SET is_test = true, shift = '1 day'"))
    with psycopg.connect(database.owner_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE hub_clock SET shift = '1 day'")


def test_a_secret_in_a_row_opens_after_the_hubs_secret_was_rotated() -> None:
    old, new = "o" * 32, "n" * 32
    sealed = Keyring([old]).seal("token")
    assert b"token" not in sealed
    assert Keyring([new, old]).open(sealed) == "token"
    with pytest.raises(HubError, match="previous_secrets"):
        Keyring([new]).open(sealed)


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from arumaldo.store.tables import Row

    engine = connect(database.owner_url, pool_size=1)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Row.metadata)
    engine.dispose()
    assert [step for step in found if "hub_clock" not in str(step)] == []
