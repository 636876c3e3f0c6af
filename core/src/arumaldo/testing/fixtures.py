"""Fixtures for pytest: a real PostgreSQL and a real Valkey, and a fresh, migrated database for each test.

pytest_plugins = ["arumaldo.testing.fixtures"]
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from arumaldo.demo.embedded import Postgres, Valkey
from arumaldo.store.migrate import migrate

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is ours, and has a name that nobody can guess
_ROOM = 2 * 1024**3
_PREFIX = "arumaldo-tests-"


@dataclass(frozen=True)
class Database:
    """A database of one test: addresses for the role that migrates and the one that serves."""

    owner_url: str
    app_url: str

    def move_clock(self, seconds: float) -> None:
        """Move the hub's time forward; only a test installation may."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(
                "UPDATE hub_clock SET is_test = true, shift = shift + make_interval(secs => %s)", (seconds,)
            )


@pytest.fixture(scope="session")
def server_states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the states of servers: in memory where there is room, for most of their time they wait for a disk.

    Others may enter it, so that a server that root starts as another user keeps its data there, too.
    """
    if not os.access(_IN_MEMORY, os.W_OK) or shutil.disk_usage(_IN_MEMORY).free < _ROOM:
        yield tmp_path_factory.mktemp("servers")
        return
    _tidy_up()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=_IN_MEMORY) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(server_states: Path) -> Iterator[Postgres]:
    """PostgreSQL for the whole run; its database `arumaldo` is migrated and serves as the template of all others."""
    server = Postgres(server_states / "postgres")
    server.start()
    try:
        migrate(server.owner_url)
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def valkey(server_states: Path) -> Iterator[Valkey]:
    """Valkey for the whole run."""
    with Valkey(server_states / "valkey") as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """A fresh database with this release's schema, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE arumaldo OWNER owner STRATEGY FILE_COPY')  # the quicker one
        try:
            yield Database(postgres.url("owner", name), postgres.url("app", name))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _tidy_up() -> None:
    """Remove what runs that were killed have left in memory."""
    for folder in _IN_MEMORY.glob(f"{_PREFIX}*"):
        try:
            os.kill(int(folder.name.removeprefix(_PREFIX).partition("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue
