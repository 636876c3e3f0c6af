"""Fixtures for pytest: a real PostgreSQL and a real Valkey, and a fresh, migrated database for each test.

pytest_plugins = ["arumaldo.testing.fixtures"]
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from arumaldo.demo.embedded import Postgres, Valkey
from arumaldo.store.migrate import migrate


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
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """PostgreSQL for the whole run; its database `arumaldo` is migrated and serves as the template of all others."""
    server = Postgres(_state(tmp_path_factory, "postgres"))
    server.start()
    try:
        migrate(server.owner_url)
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Valkey for the whole run."""
    with Valkey(_state(tmp_path_factory, "valkey")) as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """A fresh database with this release's schema, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE arumaldo OWNER owner')
        try:
            yield Database(postgres.url("owner", name), postgres.url("app", name))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _state(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name)
