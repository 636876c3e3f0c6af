"""How often the vendor may be asked. Counted on its own clock, in windows that begin with the second or the hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

_SECOND, _HOUR = 1, 3600
_COUNTS = "limits"


@dataclass(frozen=True)
class Standing:
    """Where a caller stands after one more request. `reset` is in seconds from now."""

    limit: int
    used: int
    reset: float

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class Limits:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def count(self, method: str, path: str) -> Standing:
        """Count one request. Those beyond the limit do not make the wait longer."""
        name, most, seconds = _tier(method, path)
        now = self._sandbox.now()
        window = int(now // seconds)
        with self._sandbox.shelf.locked():
            kept = self._sandbox.shelf.get(_COUNTS, name) or {}
            used = kept["used"] + 1 if kept.get("window") == window else 1
            self._sandbox.shelf.put(_COUNTS, name, {"window": window, "used": used}, now)
        return Standing(most, used, (window + 1) * seconds - now)


def _tier(method: str, path: str) -> tuple[str, int, int]:
    """The general tier: what counts together, how many, in how many seconds."""
    if (method, path) == ("POST", "/smtp/email"):
        return "mail", 1000, _SECOND
    if (method, path) == ("GET", "/smtp/emails"):
        return "list", 2, _SECOND
    if path.startswith("/smtp/"):
        return "smtp", 300, _HOUR
    if path == "/contacts" or path.startswith("/contacts/"):
        return "contacts", 10, _SECOND
    return "rest", 100, _HOUR
