"""The three kinds of hook. Every hook of a capability is exactly one of them.

`@reads`    may be repeated freely and changes nothing.
`@puts`     makes something so; a second call changes nothing.
`@creates`  makes something new at the vendor (also a refund or a mail); the bus writes an effect before it,
            and asks `find` before it ever repeats it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

import pluggy
from pydantic import BaseModel

from arumaldo.deadline import CALL_SECONDS, READ_SECONDS

PROJECT = "arumaldo"
hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)

Hook = TypeVar("Hook", bound=Callable[..., object])


class Made(BaseModel, frozen=True):
    """Something that exists at a vendor. `reference` is ours, where the vendor keeps it."""

    id: str
    reference: str | None = None
    made_at: datetime | None = None


@dataclass(frozen=True)
class Kind:
    """How the bus treats a hook."""

    name: Literal["reads", "puts", "creates"]
    find: str | None = None
    sure_after: float = 0.0
    money: bool = False
    listed: str | None = None
    undo: str | None = None
    within: float = CALL_SECONDS
    """Seconds that one call may take in all."""


def reads(hook: Hook) -> Hook:
    """Repeat freely. What does not answer within `READ_SECONDS` is asked again later."""
    return _mark(hook, Kind("reads", within=READ_SECONDS))


def reads_slowly(hook: Hook) -> Hook:
    """The same for what takes its time even when all is well."""
    return _mark(hook, Kind("reads"))


def puts(hook: Hook) -> Hook:
    """A second call with the same arguments changes nothing."""
    return _mark(hook, Kind("puts"))


def creates(
    *, find: str, sure_after: float, money: bool = False, listed: str | None = None, undo: str | None = None
) -> Callable[[Hook], Hook]:
    """Makes something new and answers a `Made`; its first parameter is `reference`.

    `find` names the `@reads` hook that takes `reference` (and any other parameters of this hook, by name) and
    answers a list of what the vendor holds for it, empty when there is none. `sure_after` is in seconds from the
    intent: the call's total deadline plus the vendor's processing and index lag; from then on an empty list is
    final. `money=True`: it takes money; once a call may have been made, it is never made again for that reference.

    `listed` names the `@reads` hook that takes `since` and answers all that this hook made since then: what exists
    beside the book is found with it. `undo` names the `@puts` hook that takes one id away for good; without one a
    person decides what becomes of the surplus.
    """
    kind = Kind("creates", find=find, sure_after=sure_after, money=money, listed=listed, undo=undo)
    return lambda hook: _mark(hook, kind)


def kind_of(hook: object) -> Kind | None:
    """The kind a hook was marked with; None where the mark is missing."""
    kind = getattr(hook, "arumaldo_kind", None)
    return kind if isinstance(kind, Kind) else None


def _mark(hook: Hook, kind: Kind) -> Hook:
    hook.arumaldo_kind = kind  # type: ignore[attr-defined]
    return _hookspec(hook, firstresult=True)
