"""The addresses of the database and of Redis: what may stand in them, and what we add to what stands there.

Where the operator says nothing, a silent cut of the network (packets are dropped, nobody says so) must end a wait
within seconds; the libraries' own settings wait for over 80 s. What the operator says goes before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

DATABASE_EXAMPLE = "postgresql://app@db.example.com/hub"
REDIS_EXAMPLE = "redis://redis.example.com:6379/0"
SENTINEL_EXAMPLE = "sentinel://a.example.com:26379,b.example.com:26379,c.example.com:26379/hub"
SENTINEL = "sentinel"
_SENTINEL_PORT = 26379
_HIGHEST_PORT = 65_535
_DATABASE_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_WRITERS = ("any", "read-write", "primary")

DATABASE_DEFAULTS: Mapping[str, str] = {
    "application_name": "arumaldo",
    "connect_timeout": "3",  # seconds for each host
    "tcp_user_timeout": "5000",  # milliseconds until what we sent must be acknowledged
    "keepalives": "1",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "target_session_attrs": "read-write",
}
"""What libpq is told where the address does not say it."""
SESSION_DEFAULTS: Mapping[str, str] = {
    # Whoever freezes within a transaction must not hold up the others' rows,
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "5s",
    # and the rows of a host that is cut off must be free when its work is taken over.
    "tcp_user_timeout": "5000",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "2s",
}
"""What the server is told for our sessions; `options` in the address come after them and go before them."""
REDIS_DEFAULTS: Mapping[str, float] = {"socket_timeout": 2.0, "socket_connect_timeout": 1.0}
"""Seconds; the address may say others."""


def is_database(address: str) -> bool:
    """Whether this begins as the address of a PostgreSQL."""
    return address.partition("://")[0] in _DATABASE_SCHEMES


def is_redis(address: str) -> bool:
    """Whether this begins as the address of a Redis, or of sentinels who know where it is."""
    return address.partition("://")[0] in (*_REDIS_SCHEMES, SENTINEL)


def is_sentinel(address: str) -> bool:
    """Whether the address is that of sentinels."""
    return address.partition("://")[0] == SENTINEL


def has_password(address: str) -> bool:
    """Whether a password stands in the address, before the hosts or behind the question mark."""
    try:
        if is_database(address):
            return "password" in _read(address)
        parts = urlsplit(address)
        return bool(parts.password) or any(key.endswith("password") for key, _ in parse_qsl(parts.query))
    except (ValueError, psycopg.Error):
        return ":" in address.partition("://")[2].partition("@")[0]


def database_settings(address: str) -> dict[str, str]:
    """Everything that libpq is told for this address, ours and the operator's. ValueError says what is wrong with it.

    Several hosts stand behind one another, separated by commas; the one that takes writes is used.
    """
    if not is_database(address):
        raise ValueError(f'must be an address like "{DATABASE_EXAMPLE}"')
    try:
        said = {
            key: str(value) for key, value in conninfo_to_dict(f"postgresql://{address.partition('://')[2]}").items()
        }
    except psycopg.Error:  # its sentence may repeat a part of the password
        raise ValueError(
            f'must be an address like "{DATABASE_EXAMPLE}" that libpq understands: look for a misspelt key after the '
            "question mark, and write what is special in a password as %40 for @, %2F for / and so on"
        ) from None
    _check_hosts(said)
    if said.get("target_session_attrs", "any") not in _WRITERS:
        raise ValueError("asks for a server that takes no writes: leave target_session_attrs away, or say read-write")
    ours = " ".join(f"-c {name}={value}" for name, value in SESSION_DEFAULTS.items())
    return {**DATABASE_DEFAULTS, **said, "options": f"{ours} {said.get('options', '')}".strip()}


def _read(address: str) -> dict[str, str]:
    """As libpq understands it."""
    said = conninfo_to_dict(f"postgresql://{address.partition('://')[2]}")
    return {key: str(value) for key, value in said.items()}


def _check_hosts(said: Mapping[str, str]) -> None:
    hosts, ports = (said.get(key, "").split(",") for key in ("host", "port"))
    if len(hosts) > 1 and not all(hosts):
        raise ValueError("names an empty host between two commas")
    if len(ports) not in (1, len(hosts)):
        raise ValueError(f"names {len(hosts)} hosts and {len(ports)} ports: give each host its own, or all of them one")
    if not all(not port or _is_port(port) for port in ports):
        raise ValueError("has a port that is not a number from 1 to 65535")


@dataclass(frozen=True)
class Sentinels:
    """An address like `sentinel://user:password@host:port,host:port/service?db=0&sentinel_password=…`.

    The password before the hosts is that of Redis itself; sentinels that want one get `sentinel_password`.
    """

    hosts: tuple[tuple[str, int], ...]
    service: str
    """What the sentinels call this group of servers: the name in `sentinel monitor`."""
    redis: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """How the servers are connected to, in redis-py's words."""
    sentinel: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """How the sentinels are connected to."""


def check_redis(address: str) -> None:
    """ValueError says what is wrong with the address."""
    if not is_redis(address):
        raise ValueError(f'must be an address like "{REDIS_EXAMPLE}" or "{SENTINEL_EXAMPLE}"')
    if is_sentinel(address):
        sentinels(address)
    elif not address.startswith("unix://"):
        _check_server(_split(address))


def _check_server(parts: SplitResult) -> None:
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError(f'names several servers; who tells which one is in charge? Write "{SENTINEL_EXAMPLE}"')
    _host(parts.netloc.rpartition("@")[2], "a server", 6379)
    database = parts.path.strip("/")
    if database and not database.isdigit():
        raise ValueError("has a database that is not a number; write it as /0 at the end")
    _options(parts.query, plain=True)


def sentinels(address: str) -> Sentinels:
    """What a sentinel:// address says. ValueError says what is wrong with it."""
    parts = _split(address)
    who, _, where = parts.netloc.rpartition("@")
    service = unquote(parts.path.strip("/"))
    if not is_sentinel(address) or not service or "/" in service:
        raise ValueError(f'must end with the name that the sentinels have for the servers, as in "{SENTINEL_EXAMPLE}"')
    user, _, password = who.partition(":")
    options = _options(parts.query)
    named = {"username": unquote(user), "password": unquote(password)}
    both = {key: value for key, value in options.items() if key.startswith("ssl")}
    asked = {key.removeprefix("sentinel_"): value for key, value in options.items() if key.startswith("sentinel_")}
    told = {key: value for key, value in options.items() if not key.startswith("sentinel_")}
    return Sentinels(
        tuple(_host(host, "a sentinel", _SENTINEL_PORT) for host in where.split(",")),
        service,
        {**{key: value for key, value in named.items() if value}, **told},
        {**both, **asked},
    )


def _seconds(value: str) -> float:
    """What a socket can be told; at 0 it would not wait for any answer."""
    seconds = float(value)
    if not (isfinite(seconds) and seconds > 0):
        raise ValueError(value)
    return seconds


_SENTINEL_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "db": int,
    "username": str,
    "password": str,
    "socket_timeout": _seconds,
    "socket_connect_timeout": _seconds,
    "sentinel_username": str,
    "sentinel_password": str,
    "sentinel_socket_timeout": _seconds,
    "sentinel_socket_connect_timeout": _seconds,
    "ssl": lambda value: {"true": True, "false": False}[value],
    "ssl_ca_certs": str,
}


def _options(query: str, *, plain: bool = False) -> dict[str, Any]:
    """The options in a query; those of a `plain` address are redis-py's to know, and only its numbers are looked at."""
    found: dict[str, Any] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        read = _SENTINEL_OPTIONS.get(key)
        if read is None and plain:
            continue
        if read is None:
            raise ValueError(f"has an option that is not known; there are {', '.join(_SENTINEL_OPTIONS)}")
        try:
            found[key] = read(value)
        except (ValueError, KeyError):
            raise ValueError(f"has {key} with a value that it cannot have") from None
    return found


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # its sentence may repeat a part of the password
        raise ValueError("cannot be read: write what is special in a password as %40 for @, %2F for /") from None


def _host(text: str, what: str, port: int) -> tuple[str, int]:
    """`host`, `host:port` or `[IPv6]:port`."""
    bracketed, closes, rest = text.removeprefix("[").partition("]") if text.startswith("[") else ("", "", text)
    host, colon, number = (bracketed, *rest.partition(":")[1:]) if closes else text.partition(":")
    if not host:
        raise ValueError(f"names {what} without a host")
    if colon and not _is_port(number):
        raise ValueError(f"names {what} with a port that is not a number from 1 to 65535")
    return host, int(number) if colon else port


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST_PORT
