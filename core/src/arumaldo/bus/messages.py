"""Messages: facts in the past tense, versioned, carrying ids and not objects."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from arumaldo.errors import HubError

_TYPES: dict[str, type[Message]] = {}


class Message(BaseModel, frozen=True, extra="forbid"):
    """A fact. The class's name is its type; `version` rises when its fields change."""

    version: ClassVar[int] = 1

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__name__ in _TYPES:
            raise HubError(f"there are two messages called {cls.__name__}")
        _TYPES[cls.__name__] = cls

    @property
    def subject(self) -> UUID | None:
        """The order this is about, if it is about one."""
        order = getattr(self, "order_id", None)
        return order if isinstance(order, UUID) else None


class Refusal(Message, frozen=True):
    """A fact that the bus writes for a handler whose provider refused: the message's own fields, and the reason."""

    reason: str

    @classmethod
    def of(cls, message: Message, reason: str) -> Refusal:
        """This refusal, with every field it shares with `message`."""
        shared = {name: value for name, value in message if name in cls.model_fields}
        return cls.model_validate({**shared, "reason": reason})


def read_message(name: str, version: int, body: dict[str, Any]) -> Message:
    """The message as it was published. HubError for one that this release does not know."""
    known = _TYPES.get(name)
    if known is None or known.version != version:
        raise HubError(f"this release does not know {name} version {version}")
    return known.model_validate(body)
