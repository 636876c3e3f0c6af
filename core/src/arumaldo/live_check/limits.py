"""What addresses say about waiting: for how long a cut of the network that nobody announces may hold the hub up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from arumaldo.config.addresses import REDIS_DEFAULTS, SESSION_DEFAULTS, database_settings
from arumaldo.live_check.finding import Finding

LONGEST = 10.0
"""Seconds; by then another host has taken over what one that was cut off had in hand."""
_SECONDS = {"connect_timeout": 1.0, "tcp_user_timeout": 0.001}
_RESTING = ("keepalives_idle", "keepalives_interval", "keepalives_count")
_LIMITS = text(
    "SELECT name, setting::float8 / CASE unit WHEN 'ms' THEN 1000 ELSE 1 END FROM pg_settings WHERE name = ANY(:names)"
)


def addressed(url: str) -> Iterator[Finding]:
    """What the address of the database says, together with what we add to it."""
    settings = database_settings(url)
    several = "," in settings.get("host", "")
    if several and settings.get("target_session_attrs") not in ("read-write", "primary"):
        yield Finding(
            "database.target_session_attrs", "warning",
            f"several hosts, and target_session_attrs={settings.get('target_session_attrs', 'any')}: after a fail-over "
            "the hub may find itself at a server that takes no writes",
            "Leave it away, or write target_session_attrs=read-write.",
        )  # fmt: skip
    for key, unit in _SECONDS.items():
        if not _is_short(seconds := _number(settings[key]) * unit):
            yield Finding(
                f"database.{key}", "warning",
                f"{key}={settings[key]} {_waits(seconds)}: a cut that nobody announces blocks the hub for that long",
                f"Leave {key} out of the address, or give it {LONGEST / unit:.0f} at most.",
            )  # fmt: skip
    yield from _resting(settings)


def _resting(settings: Mapping[str, str]) -> Iterator[Finding]:
    idle, interval, count = (_number(settings[key]) for key in _RESTING)
    if _number(settings["keepalives"]) == 0 or min(idle, interval, count) <= 0:
        seconds = 0.0
    else:
        seconds = idle + interval * count
    if not _is_short(seconds):
        yield Finding(
            "database.keepalives", "warning",
            f"who waits for an answer of the database notices a cut {_after(seconds)}",
            "Leave everything that begins with keepalives out of the address.",
        )  # fmt: skip


def sessions(connection: Connection) -> Iterator[Finding]:
    """What the server keeps to for our sessions, whether `options` in the address says it or a pooler drops it."""
    driver: Any = connection.connection.driver_connection
    rows = connection.execute(_LIMITS, {"names": list(SESSION_DEFAULTS)})
    limits = {str(name): float(seconds) for name, seconds in rows}
    yield from held(limits, local=driver.info.host.startswith("/"))


def held(limits: Mapping[str, float], *, local: bool) -> Iterator[Finding]:
    """Setting → seconds (of keepalives, their count); a `local` socket has no network that could be cut."""
    network = {name: value for name, value in limits.items() if name.startswith("tcp_")}
    others = {name: value for name, value in limits.items() if name not in network}
    long = [f"{name} {_waits(seconds)}" for name, seconds in others.items() if not _is_short(seconds)]
    if not local:
        long += _long_on_the_network(network)
    if long:
        yield Finding(
            "database.options", "warning",
            f"{', '.join(long)}: rows that a host had locked when it was cut off stay locked for that long",
            "Leave these settings out of options in the address; a pooler has to pass options on.",
        )  # fmt: skip


def _long_on_the_network(limits: Mapping[str, float]) -> list[str]:
    unheard = limits.get("tcp_user_timeout", 0.0)
    idle, interval, count = (limits.get(f"tcp_{key}", 0.0) for key in _RESTING)
    resting = idle + interval * count if min(idle, interval, count) > 0 else 0.0
    waits = {"tcp_user_timeout": unheard, "tcp_keepalives": resting}
    return [f"{name} {_waits(seconds)}" for name, seconds in waits.items() if not _is_short(seconds)]


def answered(told: Mapping[str, Any], prefix: str = "") -> Iterator[Finding]:
    """What redis-py is told, and how its words begin in the address."""
    for key in REDIS_DEFAULTS:
        if not _is_short(seconds := told.get(key) or 0.0):
            yield Finding(
                f"redis.{prefix}{key}", "warning",
                f"{prefix}{key} {_waits(seconds)}: a cut that nobody announces holds workers up for that long",
                f"Leave {prefix}{key} out of the address, or give it {LONGEST:g} at most.",
            )  # fmt: skip


def _number(value: str) -> float:
    """As libpq reads it; what it refuses is said when we connect."""
    try:
        return float(int(value))
    except ValueError:
        return 0.0


def _is_short(seconds: float) -> bool:
    return 0 < seconds <= LONGEST


def _waits(seconds: float) -> str:
    return f"waits {seconds:g} s" if seconds > 0 else "sets no limit"


def _after(seconds: float) -> str:
    return f"after {seconds:g} s" if seconds > 0 else "after hours"
