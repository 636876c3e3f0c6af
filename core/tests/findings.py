"""What the tests of `arumaldo check --live` ask with."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from pydantic import SecretStr

from arumaldo.config.model import Config, HubSettings
from arumaldo.demo.embedded import Postgres
from arumaldo.live_check.database import database as look
from arumaldo.live_check.finding import Finding
from arumaldo.testing.fixtures import Database

SECRET = "a-secret-of-more-than-thirty-two-characters"


def hub(address: str = "embedded", redis_address: str = "embedded") -> HubSettings:
    return HubSettings(secret=SecretStr(SECRET), database=SecretStr(address), redis=SecretStr(redis_address))


def config(settings: HubSettings, digest: str = "") -> Config:
    """A file that says so, and nothing else."""
    return Config(text="", digest=digest, hub=settings, resellers={})


def found(findings: Iterator[Finding]) -> dict[str, str]:
    """Name → state, of all that is not well."""
    return {finding.name: finding.state for finding in findings if finding.state != "well"}


def at(address: str) -> dict[str, str]:
    return found(look(config(hub(address))))


@contextmanager
def told(postgres: Postgres, *settings: str) -> Iterator[None]:
    """The server is told something else for a while; whoever tells it waits for no standby."""
    address = f"{postgres.url('postgres', 'postgres')}?options=-c%20synchronous_commit%3Dlocal"
    with psycopg.connect(address, autocommit=True) as server:
        try:
            for setting in settings:
                server.execute(f"ALTER SYSTEM SET {setting}".encode())
            server.execute("SELECT pg_reload_conf()")
            yield
        finally:
            server.execute("ALTER SYSTEM RESET ALL")
            server.execute("SELECT pg_reload_conf()")


def owner_says(database: Database, *statements: str) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def eventually(condition: Callable[[], bool], patience: float = 30) -> None:
    ends_at = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends_at, "it did not become true in time"
        time.sleep(0.05)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
