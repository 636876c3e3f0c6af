"""PostgreSQL's hosts one by one, and whether what was committed outlives a crash or a fail-over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, text

from arumaldo.config.addresses import database_settings
from arumaldo.live_check.finding import Finding

_HOST = """
SELECT current_setting('transaction_read_only') = 'off', pg_is_in_recovery(),
 EXISTS (SELECT FROM pg_stat_wal_receiver), pg_postmaster_start_time()::text
"""
# Who may not read everything sees that somebody is attached, and not as what.
_ATTACHED = text(
    "SELECT count(*) FROM pg_stat_replication WHERE sync_state IS NULL OR sync_state IN ('sync', 'quorum', 'potential')"
)
_WAITS = ("on", "remote_apply", "remote_write")


@dataclass(frozen=True)
class Host:
    """What one server of the address says of itself."""

    place: str
    writes: bool = False
    alone: bool = False
    """A standby that receives nothing from anybody."""
    started: str = ""
    """When, to the microsecond: two names of one server say the same."""
    problem: str = ""
    """Why it said nothing."""


def hosts(url: str) -> Iterator[Finding]:
    """Each server of an address that names several, asked by itself: one that is not there is missed too late."""
    each = _each(database_settings(url))
    if len(each) > 1:
        yield from told([_ask(settings) for settings in each])


def told(asked: Sequence[Host]) -> Iterator[Finding]:
    """What is wrong with these servers together."""
    for host in asked:
        if host.problem:
            yield Finding(
                "database.hosts", "warning", f"{host.place} cannot be used: {host.problem}",
                "Start it, or open the way to it from here; take a host that stays away out of the address.",
            )  # fmt: skip
        if host.alone:
            yield Finding(
                "database.hosts", "warning", f"{host.place} is a standby that receives nothing: it cannot take over",
                "See its log for why; most often primary_conninfo leads to a server that is not the primary.",
            )  # fmt: skip
    writers = {host.started: host.place for host in asked if host.writes}
    if len(writers) > 1:
        yield Finding(
            "database.hosts", "wrong",
            f"{' and '.join(writers.values())} both take writes: the hub writes into whichever answers first",
            "Stop all but the one that was promoted last, compare what the others hold, and make standbys of them.",
        )  # fmt: skip


def _each(settings: Mapping[str, str]) -> list[dict[str, str]]:
    """What libpq is told for one host after the other; the host need not take writes."""
    lists = {key: settings[key].split(",") for key in ("host", "hostaddr", "port") if key in settings}
    most = max(map(len, lists.values()), default=1)
    return [
        {
            **settings,
            **{key: values[number % len(values)] for key, values in lists.items()},
            "target_session_attrs": "any",
        }
        for number in range(most)
    ]


def _ask(settings: Mapping[str, str]) -> Host:
    place = f"{settings.get('host') or settings.get('hostaddr', '')}:{settings.get('port') or '5432'}"
    try:
        with psycopg.connect(conninfo="", **settings) as connection:  # type: ignore[arg-type]
            [(writes, standby, fed, started)] = connection.execute(_HOST).fetchall()
    except psycopg.Error as error:
        return Host(place, problem=" ".join(str(error).split()))
    return Host(place, writes, standby and not fed, started)


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
    """Where there is a standby to take over, whether commits wait for it, and whether it is there."""
    names = _shown(connection, "synchronous_standby_names")
    if names and _shown(connection, "synchronous_commit") in _WAITS:
        yield from attached(names, int(connection.execute(_ATTACHED).scalar_one()))
    if not names and len(_each(database_settings(url))) > 1:
        yield Finding(
            "database.synchronous_standby_names", "warning",
            "commits do not wait for a standby: the one that takes over may not know the last calls to vendors, and "
            "they may be made again",
            "Set synchronous_standby_names at the server, like 'ANY 1 (db2, db3)'.",
        )  # fmt: skip


def attached(names: str, number: int) -> Iterator[Finding]:
    """Whether so many standbys are enough for those that `synchronous_standby_names` waits for."""
    asked = re.match(r"\s*(?:any\s+|first\s+)?(\d+)\s*\(", names, re.IGNORECASE)
    needed = int(asked[1]) if asked else 1
    if number < needed:
        yield Finding(
            "database.synchronous_standby_names", "wrong",
            f"synchronous_standby_names is {names}, and {number} standbys are attached: commits wait and do not end",
            "Start the standbys; to serve without them, empty synchronous_standby_names at the server and reload it.",
        )  # fmt: skip
    elif number == needed:
        yield Finding(
            "database.standbys", "warning",
            f"synchronous_standby_names is {names}, and only {number} is attached: when one is lost, all commits stop",
            "Attach one more standby, and name it in synchronous_standby_names and in the address.",
        )  # fmt: skip


def _shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())
