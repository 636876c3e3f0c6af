"""The book survives its server: a copy, put back into a new database, holds everything and begins paused."""

from __future__ import annotations

import secrets
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from arumaldo.demo.embedded import Postgres
from arumaldo.demo.programs import find_postgres
from arumaldo.errors import HubError
from arumaldo.store.backup import backup, restore
from arumaldo.store.journal import Effect
from arumaldo.store.people import Account, Reseller
from arumaldo.store.scope import Owner, Store, connect
from arumaldo.store.seal import Keyring
from arumaldo.testing.fixtures import Database

PROGRAMS = find_postgres().bin


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Database]:
    """A database as an operator makes one: nothing in it."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER owner')
        yield Database(postgres.url("owner", name), postgres.url("app", name))
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def opened(database: Database) -> Store:
    return Store(
        connect(database.app_url), Keyring(["a secret of at least thirty-two characters"]),
        lambda rows, message: None, lambda rings: None,
    )  # fmt: skip


@pytest.fixture
def owner(database: Database) -> Owner:
    """An account with one effect in doubt and one done, and a worker that was seen just now."""
    owner, store = Owner(uuid.uuid4(), uuid.uuid4()), opened(database)
    with store.hub() as session:
        session.add(Reseller(id=owner.reseller_id, slug="main"))
        session.flush()
        session.add(Account(id=owner.account_id, reseller_id=owner.reseller_id, name="one"))
        session.execute(text("INSERT INTO workers (host, pid) VALUES ('here', 1)"))
    with store.of(owner) as rows:
        for state in ("unknown", "done"):
            rows.add(
                Effect(
                    subject=uuid.uuid4(), step="hosting.create_site", generation=1, reference=secrets.token_hex(10),
                    provider="acme", state=state,
                )
            )  # fmt: skip
    store.close()
    return owner


@pytest.fixture
def copy(database: Database, owner: Owner, tmp_path: Path) -> Path:
    file = tmp_path / "book.copy"
    assert backup(database.owner_url, PROGRAMS, file) == file.stat().st_size
    return file


def test_a_restored_book_holds_everything_and_shows_each_account_its_own(
    copy: Path, empty: Database, owner: Owner
) -> None:
    restore(empty.owner_url, PROGRAMS, copy)
    store = opened(empty)
    with store.of(owner) as rows:
        assert sorted(effect.state for effect in rows.all(Effect)) == ["done", "unknown"]
    stranger = Owner(owner.reseller_id, uuid.uuid4())
    with store.of(stranger) as rows:
        assert rows.session.execute(text("SELECT count(*) FROM effects")).scalar_one() == 0
    store.close()


def test_a_restored_book_is_paused_and_knows_how_old_it_is(copy: Path, empty: Database) -> None:
    restore(empty.owner_url, PROGRAMS, copy)
    store = opened(empty)
    with store.hub() as session:
        assert session.execute(text("SELECT name FROM pauses")).scalar_one() == "restored"
        assert session.execute(
            text("SELECT restored_at - copied_at BETWEEN '0 s' AND '5 min' AND reconciled_at IS NULL FROM restorations")
        ).scalar_one()
    store.close()


def test_what_was_in_doubt_in_the_copy_is_asked_for_from_the_restoration_on(copy: Path, empty: Database) -> None:
    restore(empty.owner_url, PROGRAMS, copy)
    store = opened(empty)
    with store.hub() as session:
        in_doubt = session.execute(text("SELECT before_restore FROM effects WHERE state = 'unknown'")).scalar_one()
        done = session.execute(text("SELECT before_restore FROM effects WHERE state = 'done'")).scalar_one()
    store.close()
    assert (in_doubt, done) == (True, False)


def test_a_copy_may_be_read_by_its_owner_alone_and_is_never_written_over(copy: Path, database: Database) -> None:
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    before = copy.read_bytes()
    with pytest.raises(HubError, match="is there already"):
        backup(database.owner_url, PROGRAMS, copy)
    assert copy.read_bytes() == before


def test_a_book_in_use_is_never_written_over(copy: Path, database: Database) -> None:
    with pytest.raises(HubError, match="not empty"):
        restore(database.owner_url, PROGRAMS, copy)


def test_a_copy_that_is_cut_off_is_refused_and_leaves_the_database_empty(copy: Path, empty: Database) -> None:
    copy.write_bytes(copy.read_bytes()[:-20])
    with pytest.raises(HubError, match="not a whole copy"):
        restore(empty.owner_url, PROGRAMS, copy)
    with psycopg.connect(empty.owner_url) as connection:
        [tables] = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() or [1]
    assert tables == 0


def test_a_copy_that_cannot_be_made_leaves_no_file(database: Database, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="pg_dump could not"):
        backup(database.owner_url.replace("/test_", "/no_such_"), PROGRAMS, tmp_path / "book.copy")
    assert list(tmp_path.iterdir()) == []
