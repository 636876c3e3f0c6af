"""The total time a vendor call may take, known before it starts and shared by all requests within it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

CALL_SECONDS = 25.0
"""The longest that one call of a hook may take, all its HTTP requests together."""
READ_SECONDS = 10.0
"""The same for a hook that only reads: it may be asked again, and nobody's thread should hang on it."""

_ends_at: ContextVar[float | None] = ContextVar("arumaldo_call_ends_at", default=None)


@contextmanager
def deadline(seconds: float = CALL_SECONDS) -> Iterator[None]:
    """Bound everything inside to `seconds` in total; an inner bound can only shorten an outer one."""
    outer = _ends_at.get()
    ends_at = time.monotonic() + seconds
    token = _ends_at.set(ends_at if outer is None else min(outer, ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining() -> float:
    """Seconds left of the innermost deadline; `CALL_SECONDS` where none is set; never below zero."""
    ends_at = _ends_at.get()
    return CALL_SECONDS if ends_at is None else max(0.0, ends_at - time.monotonic())
