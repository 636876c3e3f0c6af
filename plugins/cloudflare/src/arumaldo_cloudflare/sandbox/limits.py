"""How many calls the vendor takes in five minutes, and what it says of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from starlette.responses import Response

from arumaldo_cloudflare.sandbox.wire import Failure

if TYPE_CHECKING:
    from arumaldo_cloudflare.sandbox import CloudflareSandbox

USUAL = 1200
_WINDOW = 300.0
_KIND, _KEY = "limits", "token"


class Limits:
    """Counts the calls of the one token. Nobody is held up unless the switch `limit` says how many there may be:
    a proof with many customers makes more calls in five minutes than a vendor takes of one token."""

    def __init__(self, sandbox: CloudflareSandbox) -> None:
        self._sandbox = sandbox

    def take(self) -> dict[str, str]:
        """Count one call; the headers of its answer. Failure: past the limit nothing is answered till its end."""
        switch = self._sandbox.switches.get("limit")
        if switch is None:
            return _headers(USUAL, USUAL - 1, _WINDOW)
        most, now, shelf = int(switch), self._sandbox.now(), self._sandbox.shelf
        with shelf.locked():
            kept = shelf.get(_KIND, _KEY)
            if kept is None or now >= kept["ends"]:
                kept = {"used": 0, "ends": now + _WINDOW}
            elif kept["used"] == most:
                kept["ends"] = now + _WINDOW  # blocked for the whole of the next window
            kept["used"] += 1
            shelf.put(_KIND, _KEY, kept, 0.0)
        left = kept["ends"] - now
        if kept["used"] > most:
            raise TooMany(_headers(most, 0, left), left)
        return _headers(most, most - kept["used"], left)


class TooMany(Failure):
    """429, with the time to wait in whole seconds."""

    def __init__(self, headers: dict[str, str], left: float) -> None:
        super().__init__(429, 10429, "Too many requests, please wait")
        self.headers = {**headers, "retry-after": str(math.ceil(left))}

    def answer(self) -> Response:
        answer = super().answer()
        answer.headers.update(self.headers)
        return answer


def _headers(most: int, left: int, seconds: float) -> dict[str, str]:
    return {
        "ratelimit": f'"default";r={left};t={math.ceil(seconds)}',
        "ratelimit-policy": f'"default";q={most};w={_WINDOW:g}',
    }
