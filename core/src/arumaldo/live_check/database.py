"""The database: whether it can be served with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from arumaldo.bus.handlers import LANES
from arumaldo.config.model import EMBEDDED, Config, HubSettings
from arumaldo.errors import ConfigError, HubError
from arumaldo.installation import BESIDES
from arumaldo.live_check.finding import Finding, embedded
from arumaldo.live_check.limits import addressed, sessions
from arumaldo.live_check.standbys import awaited, durable, hosts
from arumaldo.store.schema import revision, standing, too_new
from arumaldo.store.scope import check_role, connect
from arumaldo.store.seal import Keyring
from arumaldo.workers import LANE_THREADS

APART = 1.0
"""Seconds that two clocks may differ."""
_NEWEST = text("SELECT number, digest, body FROM config_versions ORDER BY number DESC LIMIT 1")
_ENTER_HUB = text("SELECT set_config('arumaldo.hub', 'on', true)")
_WORKERS = text("SELECT count(*), count(DISTINCT host) FROM workers WHERE seen_at > hub_now() - interval '6 seconds'")
_ROOM = text("""
SELECT min(room) FROM (
  SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END) AS room FROM pg_settings
   WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
  UNION ALL SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0
  UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database() AND datconnlimit >= 0
) AS limits
""")


def database(config: Config) -> Iterator[Finding]:
    """The database: whether it can be served with, and what would lose work when it fails over."""
    url = config.hub.database.get_secret_value()
    if url == EMBEDDED:
        yield embedded("database")
        return
    yield from addressed(url)
    yield from hosts(url)
    engine = connect(url, pool_size=2)
    try:
        began = time.monotonic()
        with engine.connect() as connection:
            yield _reached(connection, time.monotonic() - began)
            yield from _role(engine)
            yield from _schema(connection, config)
            yield from durable(connection)
            yield from awaited(connection, url)
            yield from sessions(connection)
            yield from between(engine, connection)
            yield from clock(connection)
    except DBAPIError as error:
        yield Finding("database", "wrong", " ".join(str(error.orig).split()), _why_not(error))
    finally:
        engine.dispose()


def _reached(connection: Connection, seconds: float) -> Finding:
    driver: Any = connection.connection.driver_connection
    info = driver.info
    number = info.parameter_status("server_version")
    where = f"{info.host}:{info.port}"
    return Finding("database", "well", f"PostgreSQL {number} at {where} as {info.user}, in {seconds * 1000:.0f} ms")


def _why_not(error: DBAPIError) -> str:
    said = str(error.orig)
    if "unsupported startup parameter" in said:
        return "A pooler is between: name the server itself, or let the pooler keep a session for each client."
    if "read-only" in said:
        return "Name the primary too: host-a,host-b in the address, and the one that takes writes is found."
    if "password" in said or "authentication" in said:
        return "Check the user and the password in [hub] database."
    if isinstance(error, OperationalError):
        return "Check the address in [hub] database, that the server runs, and that it may be reached from here."
    return "This is not what the role app may meet: run arumaldo migrate as the role owner, then look again."


def _role(engine: Engine) -> Iterator[Finding]:
    try:
        check_role(engine)
    except ConfigError as error:
        yield Finding("database.role", "wrong", str(error), 'Put the role "app" into [hub] database.')


def _schema(connection: Connection, config: Config) -> Iterator[Finding]:
    here = revision(connection)
    match standing(connection):
        case "none":
            yield Finding("database.schema", "wrong", "the database is empty", "Run arumaldo migrate.")
            return
        case "behind":
            said = f"revision {here} is behind this release"
            yield Finding("database.schema", "wrong", said, "Run arumaldo migrate.")
        case "too new":
            yield Finding("database.schema", "wrong", too_new(connection))
        case "ahead":
            yield Finding(
                "database.schema", "warning", f"revision {here} is ahead of this release, which it still serves",
                "Nothing, in the middle of an update or after going back; else install the newer release here, too.",
            )  # fmt: skip
    yield from _in_use(connection, config)
    yield from _room(connection, config.hub)


def _in_use(connection: Connection, config: Config) -> Iterator[Finding]:
    """Whether the version in use can be opened with the secret that is given here, and is the file that lies here."""
    newest = connection.execute(_NEWEST).one_or_none()
    if newest is None:
        return
    hub = config.hub
    try:
        Keyring([secret.get_secret_value() for secret in (hub.secret, *hub.previous_secrets)]).open(bytes(newest.body))
    except HubError as error:
        yield Finding("hub.secret", "wrong", str(error), "All hosts of one installation have the same secret.")
    if newest.digest != config.digest:
        yield Finding(
            "hub.config", "warning",
            f"the file on this host is not version {newest.number}, which is in use: the next process that starts here "
            "puts this one in its place, on all hosts",
            "Put the same file on every host; where processes run here already, their log says why it is not used.",
        )  # fmt: skip


def _room(connection: Connection, hub: HubSettings) -> Iterator[Finding]:
    """Whether the workers that live, and a web process on each of their hosts, may all have their connections."""
    connection.execute(_ENTER_HUB)
    workers, machines = connection.execute(_WORKERS).one()
    room = int(connection.execute(_ROOM).scalar_one())
    connection.rollback()
    needed = max(1, machines) * (hub.threads + BESIDES) + max(1, workers) * (LANE_THREADS * len(LANES) + BESIDES)
    if room < needed:
        yield Finding(
            "database.max_connections", "warning",
            f"{room} connections are allowed to us, and {max(1, workers)} × worker with {max(1, machines)} × web may "
            f"need {needed}: under load, and while a fail-over makes all of them connect anew, some are refused",
            "Raise max_connections (and the limit of the role app, if it has one), or lower [hub] threads.",
        )  # fmt: skip


def between(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """A pooler in transaction mode gives two clients the same server, or one client now this server, now that."""
    connection.rollback()
    with engine.connect() as other:
        mine, theirs, mine_again = _server(connection), _server(other), _server(connection)
    if mine == theirs or mine != mine_again:
        yield Finding(
            "database.pooler", "warning",
            "a pooler in transaction mode is between: time limits of sessions and prepared statements get mixed up",
            "Name the server itself, or set pool_mode = session; the hub pools its connections itself.",
        )  # fmt: skip


def _server(connection: Connection) -> int:
    """The server process behind this connection; the transaction is over when it is answered."""
    number = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    connection.rollback()
    return number


def clock(connection: Connection, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """What is due is due by the database's clock; logs, certificates and signatures go by this host's."""
    before = now()
    there = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    after = now()
    apart = max(before - there, there - after, 0.0)  # the answer's way is not held against anybody
    if apart > APART:
        yield Finding(
            "database.clock", "warning", f"this host's clock and the database's are {apart:.1f} s apart",
            "Let NTP set both clocks (timedatectl set-ntp true).",
        )  # fmt: skip
