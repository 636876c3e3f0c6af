"""events: hear every domain message."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from arumaldo.capabilities.kinds import puts


class Event(BaseModel, frozen=True):
    """One fact: `type` is its name in the past tense ("OrderPaid"), `body` its fields, ids mostly."""

    id: UUID
    type: str
    version: int
    reseller_id: UUID
    account_id: UUID
    body: dict[str, Any]
    created_at: datetime


class Events:
    """Anybody who listens. Every enabled plugin that serves `events` hears each message, apart from all others."""

    @puts
    def heard(self, event: Event) -> None:
        """Take note of a fact. It comes once; after a crash or an error of this hook, again, with the same `id`."""
        raise NotImplementedError
