"""What a handler is given: its transaction, its provider, its references."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from arumaldo.bus import deliveries
from arumaldo.bus.deliveries import Held
from arumaldo.config.model import Portal
from arumaldo.deadline import CALL_SECONDS
from arumaldo.errors import HubError
from arumaldo.hub import AccountHub
from arumaldo.store.scope import Rows, Store


class LookAgain(HubError):
    """Not an error: the step has to wait for something, and is due again `after` seconds from now."""

    failing: bool | None = False
    """What this says of the vendor, as `deliveries.put_back` takes it."""

    def __init__(self, after: float, because: str) -> None:
        super().__init__(because)
        self.after = after


class Reference(str):
    """Our name for one thing at a vendor: 20 characters of a-z and 2-7, from what it is for, never from the attempt."""

    subject: UUID
    generation: int

    def __new__(cls, subject: UUID, generation: int) -> Reference:
        made = super().__new__(cls, _digest(f"{subject}/{generation}"))
        made.subject, made.generation = subject, generation
        return made

    def at(self, step: str) -> str:
        """The reference of this subject's effect at `step`."""
        return _digest(f"{self.subject}/{step}/{self.generation}")


def _digest(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:20]


class Work:
    """One attempt at one delivery."""

    hub: AccountHub
    """The account's providers; the runner puts it there, with the guard around it."""
    portal_of: Callable[[UUID], Portal]
    """Where a reseller's customers are at home; the runner puts it there."""

    def __init__(self, store: Store, held: Held) -> None:
        self._store = store
        self._held = held
        self._ends_at = time.monotonic() + held.within
        self.ended = False

    @property
    def portal(self) -> Portal:
        """Brand and address of this account's reseller, for what is written to its customers."""
        return self.portal_of(self._held.owner.reseller_id)

    @property
    def attempt(self) -> int:
        return self._held.attempt

    @property
    def published_at(self) -> datetime:
        """When the message was written, in the hub's time."""
        return self._held.published_at

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """A transaction on this account's rows that commits only while this worker holds the delivery.

        Publishing a fact in it ends the delivery in the same commit. Overtaken when it has gone to another worker.
        """
        if self.ended:
            raise HubError(f"{self._held.handler} has published its fact; nothing may follow it")
        with self.locked() as rows:
            yield rows
            if published := rows.session.info.pop("published", False):
                deliveries.end(rows.session, self._held)
        self.ended = bool(published)

    @contextmanager
    def locked(self) -> Iterator[Rows]:
        """The same, without ending anything: for the bus's own records."""
        with self._store.of(self._held.owner) as rows:
            deliveries.lock(rows.session, self._held)
            rows.session.info["cause"] = self._held.message_id
            yield rows

    def reference(self, subject: UUID, generation: int = 1) -> str:
        """Pass this as `reference` to a create: the same for every attempt at the same thing."""
        return Reference(subject, generation)

    def open(self, sealed: bytes) -> str:
        """A secret out of a row."""
        return self._store.keys.open(sealed)

    def look_again(self, after: float, because: str) -> NoReturn:
        """Leave, and come back in `after` seconds; this attempt does not count. `because` is for the operator."""
        raise LookAgain(after, because)

    def need_time_for_a_call(self) -> None:
        """Give the delivery back when too little of its time is left for one whole vendor call."""
        if self._ends_at - time.monotonic() < CALL_SECONDS + 2:
            self.look_again(0, "the attempt's time ran out before the next call")
