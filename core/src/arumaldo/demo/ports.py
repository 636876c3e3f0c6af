"""Loopback ports, remembered so that a second start keeps its addresses."""

from __future__ import annotations

import errno
import json
import secrets
import socket
from pathlib import Path

from arumaldo.demo.files import write_whole
from arumaldo.errors import ConfigError

_TRIES = 100
_LOWEST, _HIGHEST = 20_000, 32_000  # below the ports that systems hand to outgoing connections


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of the loopback addresses now."""
    return all(_can_bind(family, address, port) for family, address in _loopbacks())


def _loopbacks() -> list[tuple[socket.AddressFamily, str]]:
    both = [(socket.AF_INET, "127.0.0.1")]
    return [*both, (socket.AF_INET6, "::1")] if socket.has_ipv6 else both


def _can_bind(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        # a machine without IPv6 has no such address, and nobody listens on it
        return family == socket.AF_INET6 and error.errno not in (errno.EADDRINUSE, errno.EACCES)
    return True


class Ports:
    """Names → ports, kept in one JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def claim(self, name: str, *, asked: int | None = None, first: int | None = None) -> int:
        """The port for this name, written down: `asked`, or the one of last time, or `first` and upwards, or any.

        A second call gives the same port as long as it is free. ConfigError: `asked` is in use, or nothing is free.
        """
        known = self._known()
        others = {port for other, port in known.items() if other != name}
        port = self._asked(asked) if asked is not None else self._last(name) or _search(first, others)
        write_whole(self._path, json.dumps({**known, name: port}, indent=2) + "\n", mode=0o644)
        return port

    def _asked(self, port: int) -> int:
        if not 0 < port < 65_536:
            raise ConfigError(f"{port} is not a port: choose one between 1 and 65535 with --port.")
        if not is_free(port):
            raise ConfigError(
                f"Port {port} is in use by another program, or closed to you: choose another with --port,"
                " or leave --port away and a free one is taken."
            )
        return port

    def _last(self, name: str) -> int | None:
        port = self._known().get(name)
        return port if port and is_free(port) else None

    def _known(self) -> dict[str, int]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {name: port for name, port in found.items() if isinstance(port, int)} if isinstance(found, dict) else {}


def _search(first: int | None, others: set[int]) -> int:
    for step in range(_TRIES):
        port = first + step if first else _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if port not in others and is_free(port):
            return port
    raise ConfigError(f"No port is free among {_TRIES} that were tried: choose one with --port.")
