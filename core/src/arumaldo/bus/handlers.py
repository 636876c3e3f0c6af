"""Handlers: one step each. One message in, one fact out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from arumaldo.bus.messages import Message, Refusal
from arumaldo.capabilities import CAPABILITIES
from arumaldo.errors import HubError

if TYPE_CHECKING:
    from arumaldo.bus.work import Work

M = TypeVar("M", bound=Message)
LANES = (*sorted(CAPABILITIES), "flow")
"""One lane, with threads of its own, per capability (`events` among them), and `flow` for steps without a vendor."""


@dataclass(frozen=True)
class Handler:
    """`calls` is the capability whose bound provider it is handed, and so its lane.

    `refused` is the fact that a refusal becomes; without it a refusal about an order fails that order.
    `within` is the whole time, in seconds, that one attempt may take.
    """

    name: str
    message: type[Message]
    run: Callable[[Any, Work], None]
    calls: str | None
    refused: type[Refusal] | None
    within: float
    apart: bool = False
    """Whether it runs beside the other steps of its account and capability instead of in their order."""
    undoes: bool = False
    """Whether it takes something back that a vendor would not: while it waits, a person should look there."""

    @property
    def lane(self) -> str:
        return self.calls or "flow"


class Registry:
    """All handlers, by the message they handle."""

    def __init__(self) -> None:
        self._by_name: dict[str, Handler] = {}
        self.default_refusal: type[Refusal] | None = None
        """What a refusal becomes where the handler names nothing and the message is about an order."""

    def add(self, handler: Handler) -> None:
        if handler.name in self._by_name:
            raise HubError(f"there are two handlers called {handler.name}")
        self._by_name[handler.name] = handler

    def of(self, message: type[Message]) -> Iterable[Handler]:
        return [handler for handler in self._by_name.values() if handler.message is message]

    def undoing(self) -> Iterable[Handler]:
        """The steps that take something back again, after a vendor has refused to."""
        return [handler for handler in self._by_name.values() if handler.undoes]

    def named(self, name: str) -> Handler | None:
        return self._by_name.get(name)


HANDLERS = Registry()


def handles(
    message: type[M],
    *,
    calls: str | None = None,
    refused: type[Refusal] | None = None,
    within: float = 90.0,
    apart: bool = False,
    undoes: bool = False,
) -> Callable[[Callable[[M, Work], None]], Callable[[M, Work], None]]:
    """Make the function a step that runs for each such message."""

    def register(run: Callable[[M, Work], None]) -> Callable[[M, Work], None]:
        HANDLERS.add(Handler(run.__name__, message, run, calls, refused, within, apart, undoes))
        return run

    return register
