"""Messages: facts in the past tense, versioned, carrying ids and not objects."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from arumaldo.errors import HubError

_TYPES: dict[str, type[Message]] = {}
_SUBJECTS = ("order_id", "domain_id", "mail_id")


class Message(BaseModel, frozen=True, extra="forbid", defer_build=True):
    """A fact. The class's name is its type; `version` rises when its fields change."""

    version: ClassVar[int] = 1

    @classmethod
    def upcast(cls, version: int, body: dict[str, Any]) -> dict[str, Any]:
        """The fields of version `version` as those of `version + 1`; a message that changed overrides this."""
        raise HubError(f"{cls.__name__} does not say how its version {version} is read today")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__name__ in _TYPES:
            raise HubError(f"there are two messages called {cls.__name__}")
        _TYPES[cls.__name__] = cls

    @property
    def subject(self) -> UUID | None:
        """What this is about, and what the effects of its step are noted for: an order, a domain, or a mail."""
        ids = (getattr(self, name, None) for name in _SUBJECTS)
        return next((found for found in ids if isinstance(found, UUID)), None)

    @property
    def is_about_an_order(self) -> bool:
        return isinstance(getattr(self, "order_id", None), UUID)


class Refusal(Message, frozen=True):
    """A fact that the bus writes for a handler whose provider refused: the message's own fields, and the reason."""

    reason: str

    @classmethod
    def of(cls, message: Message, reason: str) -> Refusal:
        """This refusal, with every field it shares with `message`."""
        shared = {name: value for name, value in message if name in cls.model_fields}
        return cls.model_validate({**shared, "reason": reason})


class FromTheFuture(HubError):
    """A newer release wrote this message; a worker of that release has to take it."""


def read_message(name: str, version: int, body: dict[str, Any]) -> Message:
    """The message in this release's version, whichever older one it was written in. FromTheFuture for a newer one."""
    known = _TYPES.get(name)
    if known is None or version > known.version:
        raise FromTheFuture(f"this release does not know {name} version {version}; a newer worker has to take it")
    for older in range(version, known.version):
        body = known.upcast(older, body)
    return known.model_validate(body)
