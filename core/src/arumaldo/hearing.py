"""Whether a vendor answered anything during a call: then it is not away, whatever came of the call as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Hearing:
    """What was heard while a `listening()` lasted."""

    answered: bool = False


_hearing: ContextVar[Hearing | None] = ContextVar("arumaldo_hearing", default=None)


@contextmanager
def listening() -> Iterator[Hearing]:
    """Note the answers that come inside; an inner one keeps its own account."""
    hearing = Hearing()
    token = _hearing.set(hearing)
    try:
        yield hearing
    finally:
        _hearing.reset(token)


def heard() -> None:
    """The vendor gave an answer that makes sense. Where nobody listens, nothing happens."""
    if (hearing := _hearing.get()) is not None:
        hearing.answered = True
