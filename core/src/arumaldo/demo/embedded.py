"""The real PostgreSQL and Valkey, from wheels, as ordinary processes of ours on loopback ports.

    with Postgres(state) as postgres, Valkey(state) as valkey:
        connect(postgres.app_url, valkey.url)

Both can run on their own (as here and in tests) or under the supervisor, which takes their `command()`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from arumaldo.demo import cluster, database
from arumaldo.demo.child import Child, Command
from arumaldo.demo.files import Lock, make_folder, secret_in
from arumaldo.demo.places import remove_home
from arumaldo.demo.ports import Ports
from arumaldo.demo.programs import PostgresPrograms, find_postgres, find_valkey
from arumaldo.errors import ConfigError, HubError

_PATIENCE = 90.0
"""Seconds until a server must answer: a first start makes the data, one after a crash reads the log."""
_STARTS = 20
"""How often a server that ends at once is started again."""


class Postgres:
    """PostgreSQL with its data in `<state>/postgres`, the database `arumaldo`, and the roles `owner` and `app`.

    Neither role is superuser or passes row-level security. Everything is durable (fsync stays on). As root the
    server runs as another user; see `places`.
    """

    def __init__(self, state: Path, programs: PostgresPrograms | None = None) -> None:
        """`programs` are those to run; by default what this machine has (see `programs.find_postgres`)."""
        self.state = make_folder(state.absolute())
        self._programs = programs
        self._lock = Lock(self.state / "postgres.lock")
        self._child: Child | None = None
        self._port = 0

    def command(self) -> Command:
        """What to run. Makes the data at the first call, and takes the state's lock until `free`.

        ConfigError: no PostgreSQL for this machine, or another process uses this state.
        """
        if (holder := self._lock.take()) is not None:
            raise ConfigError(f"The database in {self.state} is in use by process {holder}: stop that one first.")
        self._port = Ports(self.state / "ports.json").claim("postgres")
        return cluster.command(self.state, self._port, self._programs or find_postgres())

    def start(self) -> None:
        """Start the server and return when it serves; does nothing while it runs. Goes on with the data it finds."""
        if self._child and self._child.running:
            return
        self._child = Child(self.command(), self.state / "log")
        _start(self._child, self.settle)

    def settle(self) -> bool:
        """True when the server answers and has its database and roles, which are made where they are missing."""
        return database.prepare(self.state, self._port)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def owner_url(self) -> str:
        """The address for the role that creates and migrates: `postgresql://…`."""
        return self.url("owner")

    @property
    def app_url(self) -> str:
        """The address for the role that serves."""
        return self.url("app")

    def url(self, role: str, database_name: str = database.DATABASE) -> str:
        """The address for `owner`, `app`, or `postgres` (the superuser, for making further databases in tests)."""
        return database.url(self.state, self._port, role, database_name)

    def stop(self) -> None:
        """End all sessions, write everything down, and wait until the server is gone; a second call does nothing."""
        if self._child:
            self._child.stop()
        self.free()

    def free(self) -> None:
        """Let others use this state."""
        self._lock.free()

    def remove(self) -> None:
        """Stop, and throw all data away: for tests."""
        self.stop()
        remove_home(self.state)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Valkey:
    """Valkey on a loopback port, with a password, and nothing of it on disk."""

    def __init__(self, state: Path) -> None:
        self.state = make_folder(state.absolute())
        self._child: Child | None = None
        self._port = 0

    def command(self) -> Command:
        """What to run. ConfigError: no Valkey for this machine."""
        self._port = Ports(self.state / "ports.json").claim("valkey")
        settings = {
            "port": self._port,
            "bind": "127.0.0.1",
            "save": '""',
            "appendonly": "no",
            "dir": f'"{self.state}"',
            "requirepass": self._password,
        }
        said = "".join(f"{name} {value}\n" for name, value in settings.items())
        return Command("valkey", [str(find_valkey()), "-"], stdin=said)

    def start(self) -> None:
        """Start the server and return when it answers; does nothing while it runs. It always begins empty."""
        if self._child and self._child.running:
            return
        self._child = Child(self.command(), self.state / "log")
        _start(self._child, self.settle)

    def settle(self) -> bool:
        """True when the server answers."""
        try:
            once = Retry(NoBackoff(), 0)
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2, retry=once) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def _password(self) -> str:
        return secret_in(self.state / "valkey.secret")

    def stop(self) -> None:
        """End it and wait until it is gone; a second call does nothing."""
        if self._child:
            self._child.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _start(child: Child, settled: Callable[[], bool]) -> None:
    """Start the child and wait until it is settled; nothing stays running when that fails."""
    try:
        serves = _settles(child, settled)
    except BaseException:
        child.stop()
        raise
    if not serves:
        said = child.said()
        child.stop()
        raise HubError(f"{child.command.name} does not start. It said:\n{said or 'nothing'}")


def _settles(child: Child, settled: Callable[[], bool]) -> bool:
    """Wait for it; start again what ends at once, as it may while an old one is still leaving."""
    ends_at = time.monotonic() + _PATIENCE
    starts = 0
    while time.monotonic() < ends_at and starts < _STARTS:
        starts += not child.running
        child.start()
        if settled():
            return True
        time.sleep(0.05 if child.running else 0.5)
    return False
