"""`arumaldo check --live`: connect as the hub would, ask everybody one thing, and name what would break a fail-over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from arumaldo.bus.bell import open_redis
from arumaldo.config.addresses import database_settings, is_sentinel, sentinels
from arumaldo.config.model import EMBEDDED, Config, HubSettings, PluginChoice
from arumaldo.deadline import deadline
from arumaldo.discovery import described, load
from arumaldo.errors import ConfigError, HubError
from arumaldo.store.schema import revision, standing, too_new
from arumaldo.store.scope import check_role, connect
from arumaldo.store.seal import Keyring
from arumaldo.words import say

MARKS = {"well": "✓", "warning": "!", "wrong": "✗"}
APART = 1.0
"""Seconds that two clocks may differ."""
ASKING = 10.0
"""Seconds that a vendor has for its answer."""
_GLANCE = 2.0
_ONCE = Retry(NoBackoff(), 0)
_OLDEST_REDIS = (7, 0)


@dataclass(frozen=True)
class Finding:
    """One line of the report; `name` stays the same from release to release, for scripts."""

    name: str
    state: Literal["well", "warning", "wrong"]
    said: str
    do: str = ""

    def __str__(self) -> str:
        return f"{MARKS[self.state]} {self.name}: {self.said}" + (f"\n    {self.do}" if self.do else "")


def report(config: Config, file: str, *, as_json: bool) -> int:
    """Look, say each line as soon as it is known (JSON at the end), and answer the exit code: 1 where one is wrong."""
    found = []
    for finding in look(config):
        found.append(finding)
        if not as_json:
            say(str(finding))
    if as_json:
        say(json.dumps({"file": file, "mistakes": [], "findings": [asdict(finding) for finding in found]}))
    return int(any(finding.state == "wrong" for finding in found))


def look(config: Config) -> Iterator[Finding]:
    """Everything that can be asked, as it is found. Nothing is changed anywhere."""
    yield from database(config.hub)
    yield from bell(config.hub)
    yield from plugins(config)


def database(hub: HubSettings) -> Iterator[Finding]:
    """The database: whether it can be served with, and what would lose work when it fails over."""
    url = hub.database.get_secret_value()
    if url == EMBEDDED:
        yield _embedded("database")
        return
    yield from addressed(url)
    engine = connect(url, pool_size=2)
    try:
        began = time.monotonic()
        with engine.connect() as connection:
            yield _reached(connection, time.monotonic() - began)
            yield from _role(engine)
            yield from _schema(connection, hub)
            yield from durable(connection)
            yield from awaited(connection, url)
            yield from between(engine, connection)
            yield from clock(connection)
    except DBAPIError as error:
        yield Finding("database", "wrong", " ".join(str(error.orig).split()), _why_not(error))
    finally:
        engine.dispose()


def addressed(url: str) -> Iterator[Finding]:
    """What the address says, together with what we add to it."""
    settings = database_settings(url)
    several = "," in settings.get("host", "")
    if several and settings.get("target_session_attrs") not in ("read-write", "primary"):
        yield Finding(
            "database.target_session_attrs", "warning",
            f"several hosts, and target_session_attrs={settings.get('target_session_attrs', 'any')}: after a fail-over "
            "the hub may find itself at a server that takes no writes",
            "Leave it away, or write target_session_attrs=read-write.",
        )  # fmt: skip
    for key, least, unit in (("connect_timeout", "3", "seconds"), ("tcp_user_timeout", "5000", "milliseconds")):
        if settings.get(key, "0") in ("", "0"):
            yield Finding(
                f"database.{key}", "warning",
                f"{key} is switched off: a cut that nobody announces blocks the hub for minutes",
                f"Leave {key} away in the address ({least} {unit} then), or give it a value.",
            )  # fmt: skip


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


def _schema(connection: Connection, hub: HubSettings) -> Iterator[Finding]:
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
    yield from _secret(connection, hub)


def _secret(connection: Connection, hub: HubSettings) -> Iterator[Finding]:
    """Whether what this installation has sealed can be opened with the secret it is given here."""
    newest = text("SELECT body FROM config_versions ORDER BY number DESC LIMIT 1")
    keys = Keyring([secret.get_secret_value() for secret in (hub.secret, *hub.previous_secrets)])
    body = connection.execute(newest).scalar_one_or_none()
    try:
        if body is not None:
            keys.open(bytes(body))
    except HubError as error:
        yield Finding("hub.secret", "wrong", str(error), "All hosts of one installation have the same secret.")


def durable(connection: Connection) -> Iterator[Finding]:
    """Settings of the server under which a crash or a fail-over forgets what was committed."""
    losses = {
        "fsync": "a crash of the server's machine may destroy the whole database",
        "full_page_writes": "a crash of the server's machine may destroy pages of the database",
        "synchronous_commit": "a crash of the server forgets what it had confirmed, payments among it",
    }
    for name, loss in losses.items():
        if _shown(connection, name) == "off":
            yield Finding(f"database.{name}", "warning", f"{name} is off: {loss}", f"Set {name} = on at the server.")
    if _shown(connection, "synchronous_commit") == "local" and _shown(connection, "synchronous_standby_names"):
        yield Finding(
            "database.synchronous_commit", "warning",
            "synchronous_commit is local: commits do not wait for the synchronous standby, so a fail-over forgets some",
            "Set synchronous_commit = on at the server, for the role app too.",
        )  # fmt: skip


def awaited(connection: Connection, url: str) -> Iterator[Finding]:
    """Where there is a standby to take over, whether commits wait for it."""
    if "," in database_settings(url).get("host", "") and not _shown(connection, "synchronous_standby_names"):
        yield Finding(
            "database.synchronous_standby_names", "warning",
            "commits do not wait for a standby: the one that takes over may not know the last calls to vendors, and "
            "they may be made again",
            "Set synchronous_standby_names at the server, like 'ANY 1 (db2, db3)'.",
        )  # fmt: skip


def _shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())


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


def bell(hub: HubSettings) -> Iterator[Finding]:
    """Redis, or the master that its sentinels name."""
    url = hub.redis.get_secret_value()
    if url == EMBEDDED:
        yield _embedded("redis")
        return
    if is_sentinel(url):
        yield from watchers(url)
    client = open_redis(url)
    try:
        began = time.monotonic()
        said: Mapping[str, Any] = client.info()
        yield from rings(said, time.monotonic() - began, "sentinels' master" if is_sentinel(url) else _place(url))
    except redis.AuthenticationError as error:
        yield Finding("redis", "wrong", str(error), "Check the user and the password in [hub] redis.")
    except (redis.RedisError, OSError) as error:
        remedy = "Check the address in [hub] redis, and that the servers named there run and may be reached from here."
        yield Finding("redis", "wrong", described(error), remedy)
    finally:
        client.close()


def watchers(url: str) -> Iterator[Finding]:
    """The sentinels one by one: what is left of them has to be more than half when a server is lost."""
    address = sentinels(url)
    options = {"socket_timeout": _GLANCE, "socket_connect_timeout": _GLANCE, "retry": _ONCE, **address.sentinel}
    for host, port in address.hosts:
        try:
            with redis.Redis(host=host, port=port, **options) as client:
                client.ping()
        except (redis.RedisError, OSError) as error:
            yield Finding(
                "redis.sentinels", "warning", f"the sentinel at {host}:{port} does not answer ({described(error)})",
                "Start it again, or open the way to it from here: a fail-over needs more than half of them.",
            )  # fmt: skip


def _place(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or urlsplit(url).path


def rings(said: Mapping[str, Any], seconds: float, where: str) -> Iterator[Finding]:
    """What Redis says of itself."""
    number = str(said.get("valkey_version") or said.get("redis_version", ""))
    name = said.get("server_name", "redis")
    yield Finding("redis", "well", f"{name} {number} at {where}, in {seconds * 1000:.0f} ms")
    if tuple(int(part) for part in number.split(".")[:2] if part.isdigit()) < _OLDEST_REDIS:
        yield Finding("redis.version", "wrong", f"{number} is too old", "Install Redis 7 or Valkey.")
    if said.get("role") != "master":
        yield Finding(
            "redis.role", "wrong", "this is a replica, which takes no writes",
            "Name the master in [hub] redis, or its sentinels: sentinel://host:26379,host:26379/name.",
        )  # fmt: skip
    if (policy := str(said.get("maxmemory_policy", ""))).startswith("allkeys"):
        yield Finding(
            "redis.maxmemory-policy", "warning",
            f"{policy}: when its memory is full, Redis throws away what the hub has rung for; steps then wait for the "
            "next round of a worker",
            "Set maxmemory-policy noeviction, or give the hub a Redis of its own.",
        )  # fmt: skip


def plugins(config: Config) -> Iterator[Finding]:
    """Every enabled plugin, once for each set of settings that it is given."""
    asked: list[PluginChoice] = []
    for slug, reseller in config.resellers.items():
        for name, choice in reseller.plugins.items():
            if any(choice.settings == known.settings for known in asked if known.name == name):
                continue
            asked.append(choice)
            yield vendor(choice, name if slug == "main" else f"{name} of {slug}")


def vendor(choice: PluginChoice, who: str) -> Finding:
    """What the vendor says to our credentials; a sandbox is asked in its place where it serves."""
    name = f"plugins.{who}"
    if choice.plugin.check is None:
        return Finding(name, "well", "has nothing to ask")
    where = "sandbox: " if choice.sandbox else ""
    try:
        with deadline(ASKING):
            return Finding(name, "well", f"{where}{load(choice.plugin.check)(choice.settings)}")
    except HubError as error:
        said = getattr(error, "what", str(error))
        start = "Is the sandbox started (arumaldo sandbox)?" if choice.sandbox else ""
        return Finding(name, "wrong", f"{where}{said}", start or f"Check [plugins.{choice.name}].")
    except Exception as error:  # a plugin is a guest: whatever it raises is a line of the report
        return Finding(name, "wrong", f"{where}its check failed: {described(error)}", "Install a corrected version.")


def _embedded(name: str) -> Finding:
    example = "ARUMALDO_DATABASE" if name == "database" else "ARUMALDO_REDIS"
    return Finding(
        name, "wrong", 'is "embedded", and only "arumaldo demo" brings a server of its own',
        f"Write its address into [hub] {name}, or set {example}.",
    )  # fmt: skip
