"""The base of every sandbox."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel
from starlette.types import ASGIApp

from arumaldo.sandbox.faults import Faults
from arumaldo.sandbox.internet import Internet, Letter
from arumaldo.sandbox.shelf import Shelf
from arumaldo.sandbox.switches import Switches
from arumaldo.sandbox.webhooks import Webhooks


class Entry(BaseModel, frozen=True):
    """One line of a ledger: an object that exists, or existed, at the vendor."""

    id: str
    reference: str | None = None
    """Ours, where the object carries it: what the thing was made for."""
    state: Literal["live", "undone", "refused"] = "live"
    """`undone`: made and later taken back (voided, refunded, deleted). `refused`: never took effect (a decline)."""
    facts: dict[str, str] = {}
    """What a reader of the ledger wants to see (amount, host name); no secrets, no card data."""


class Sandbox(ABC):
    """One vendor, played. A subclass sets `name` and `kinds` and builds `app` and `ledger`.

    `address` is where the sandbox is reached ("http://localhost:9000/acme"; `app` sees paths below it).
    `settle(seconds)`-like needs are met by `now()`: it is the vendor's clock, which tests move with `shift`.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ()
    """The kinds of object in the ledger ("charges", "sites")."""
    offers: ClassVar[Mapping[str, str]] = {}
    """What this vendor can be told besides: the names of its switches, with regular expressions of their values
    ("sites": "stuck|failing"). A name that ends in a colon is a family ("held:" for "held:sunrise.example")."""

    def __init__(self, address: str, shelf: Shelf | None = None) -> None:
        self.address = address.rstrip("/")
        self.shelf = shelf or Shelf()
        self.faults = Faults()
        self.webhooks = Webhooks(self.now)
        self.shift = 0.0
        """Seconds added to the vendor's clock."""
        self.show_late = 0.0
        """Seconds for which a new object stays out of searches and lists (not of a look-up by id)."""
        self.switches = Switches(self.offers)
        """Those that are set ("sites": "stuck"). ValueError: this vendor offers no such switch, or no such value."""
        self.internet = Internet([self])
        """The other vendors, as far as one sees them from here; the server puts all of them in."""

    def now(self) -> float:
        """The vendor's time, in seconds since 1970."""
        return time.time() + self.shift

    def searchable_until(self) -> float:
        """Pass this to `shelf.all` in every search and list."""
        return self.now() - self.show_late

    @abstractmethod
    def app(self) -> ASGIApp:
        """The vendor's API, and whatever of its own a browser loads. Called once."""

    @abstractmethod
    def ledger(self) -> dict[str, list[Entry]]:
        """Everything that was ever made here, by kind; the kit serves it, and judges count by it."""

    def site(self, host: str) -> ASGIApp | None:
        """The application behind `http://<host>/` when this vendor serves that host name, else None."""
        return None

    def addresses(self, name: str) -> list[str]:
        """Where this vendor leads visitors of the host name `name`, if it answers for that name at all."""
        return []

    def obstacle(self, name: str) -> str:
        """What a visitor's browser says instead of the page at the host name `name`, where this vendor stands before
        the host and is in the way; "" when it is not."""
        return ""

    def delegate(self, domain: str, name_servers: list[str]) -> bool:
        """The owner of `domain` has named these servers at the registrar. Whether they are this vendor's."""
        return False

    def letters(self, to: str) -> list[Letter]:
        """The mail that this vendor has sent to the address."""
        return []

    def expire_tokens(self) -> None:  # noqa: B027 - most vendors have none
        """Make every access token that is out there invalid, where the vendor has such tokens."""
