"""A small hub of its own: one message, one vendor whose book is a list, and workers that can die."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pluggy
import pytest
from sqlalchemy import text

from arumaldo import hookimpl
from arumaldo.bus.handlers import Handler, Registry
from arumaldo.bus.messages import Message, Refusal
from arumaldo.bus.outbox import Outbox
from arumaldo.bus.run import Runner
from arumaldo.bus.work import Work
from arumaldo.bus.worker import enrol
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.billing import Subscription
from arumaldo.capabilities.hosting import HostedSite
from arumaldo.capabilities.kinds import PROJECT
from arumaldo.capabilities.payments import Charge
from arumaldo.config.model import Brand, Portal
from arumaldo.errors import HubError
from arumaldo.hub import Provider
from arumaldo.money import Money
from arumaldo.store.base import new_id
from arumaldo.store.people import Account, Member, Reseller, User
from arumaldo.store.scope import Owner, Store, connect
from arumaldo.store.seal import Keyring
from arumaldo.testing.fixtures import Database


class ThingOrdered(Message, frozen=True):
    order_id: uuid.UUID
    number: int = 0


class ThingMade(Message, frozen=True):
    order_id: uuid.UUID


class ThingRefused(Refusal, frozen=True):
    order_id: uuid.UUID


class ThingFailed(Refusal, frozen=True):
    order_id: uuid.UUID


class ProcessDied(BaseException):
    """Stands for a kill: nothing of ours catches it, and nothing is tidied up."""


class Vendor:
    """Hosts sites and takes money, and keeps a book. `before` and `after` the effect, something may happen."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.looks = 0
        self.hidden = False
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def make(self, reference: str) -> str:
        self.before()
        self.made.append(reference)
        self.after()
        return f"{reference}-{len(self.made)}"

    def found(self, reference: str) -> list[str]:
        self.looks += 1
        if self.hidden:
            return []
        return [f"{name}-{place}" for place, name in enumerate(self.made, start=1) if name == reference]

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        return self._site(reference, self.make(reference))

    @hookimpl
    def find_sites(self, reference: str) -> list[HostedSite]:
        return [self._site(reference, site) for site in self.found(reference)]

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        return [self._site(reference, site) for reference in dict.fromkeys(self.made) for site in self.found(reference)]

    @hookimpl
    def list_subscriptions(self, since: datetime) -> list[Subscription]:
        return []

    @hookimpl
    def list_charges(self, since: datetime) -> list[Charge]:
        return []

    @hookimpl
    def charge(self, reference: str, amount: Money, token: str, description: str, email: str) -> Charge:
        return self._charge(reference, self.make(reference))

    @hookimpl
    def find_charges(self, reference: str) -> list[Charge]:
        return [self._charge(reference, charge) for charge in self.found(reference)]

    def _site(self, reference: str, key: str) -> HostedSite:
        return HostedSite(
            id=key, reference=reference, url="http://x.localhost", state="live", made_at=datetime.now(UTC)
        )

    def _charge(self, reference: str, key: str) -> Charge:
        return Charge(id=key, reference=reference, amount=Money(minor=100), state="paid", made_at=datetime.now(UTC))


class Configured:
    """The configuration of these tests: the vendor serves everything, and `listeners` listen."""

    version = 1

    def __init__(self, vendor: object) -> None:
        self.vendor = vendor
        self.listeners: dict[str, object] = {}

    def newest_version(self) -> int:
        return self.version

    def first_provider(self, owner: Owner, capability: str) -> str:
        return "acme"

    def portal(self, reseller_id: uuid.UUID) -> Portal:
        return Portal(Brand(name="Acme", support_email="help@acme.example"), "https://hub.acme.example")

    def provider(self, owner: Owner, plugin: str, capability: str) -> Provider:
        served = self.listeners.get(plugin) if capability == "events" else self.vendor
        if served is None:
            raise HubError(f"{plugin} is not enabled")
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(CAPABILITIES[capability])
        manager.register(served)
        return Provider(plugin, capability, sandbox=True, served=manager)


@dataclass
class Bus:
    """Everything a bus test needs, on one database."""

    store: Store
    handlers: Registry
    configured: Configured
    vendor: Vendor
    database: Database
    owner: Owner
    rung: list[tuple[str, int]] = field(default_factory=list)

    def handle(
        self, run: Callable[[Any, Work], None], message: type[Message] = ThingOrdered, *, calls: str | None = None,
        refused: type[Refusal] | None = None, within: float = 90.0,
    ) -> None:  # fmt: skip
        self.handlers.add(Handler(run.__name__, message, run, calls, refused, within))

    def publish(self, message: Message, owner: Owner | None = None) -> list[int]:
        before = len(self.rung)
        with self.store.of(owner or self.owner) as rows:
            rows.publish(message)
        return [delivery for _, delivery in self.rung[before:]]

    def runner(self) -> Runner:
        """A worker of its own, alive until `bury`."""
        return Runner(self.store, self.handlers, self.configured, enrol(self.store))

    def bury(self, runner: Runner) -> None:
        """The worker's process is gone: its heartbeat grows old."""
        with self.store.hub() as session:
            session.execute(
                text("UPDATE workers SET seen_at = hub_now() - interval '7 s' WHERE id = :id"), {"id": runner.worker}
            )

    def one(self, query: str, **values: Any) -> Any:
        with self.store.hub() as session:
            return session.execute(text(query), values).one()

    def all(self, query: str, **values: Any) -> list[Any]:
        with self.store.hub() as session:
            return list(session.execute(text(query), values).all())

    def new_owner(self) -> Owner:
        owner = Owner(self.owner.reseller_id, new_id())
        with self.store.of(owner) as rows:
            rows.session.add(Account(id=owner.account_id, reseller_id=owner.reseller_id, name="another"))
        return owner


@pytest.fixture
def bus(database: Database) -> Iterator[Bus]:
    vendor = Vendor()
    configured = Configured(vendor)
    handlers = Registry()
    handlers.default_refusal = ThingFailed
    rung: list[tuple[str, int]] = []
    store = Store(
        connect(database.app_url),
        Keyring(["a secret of at least thirty-two characters"]),
        Outbox(handlers, lambda reseller: list(configured.listeners)).publish,
        rung.extend,
    )
    owner = Owner(new_id(), new_id())
    with store.hub() as session:
        session.add(Reseller(id=owner.reseller_id, slug="main"))
        session.flush()
        session.add(Account(id=owner.account_id, reseller_id=owner.reseller_id, name="one"))
    _add_member(store, owner)
    yield Bus(store, handlers, configured, vendor, database, owner, rung)
    store.close()


def _add_member(store: Store, owner: Owner) -> None:
    """Anna, whose account it is, and whose address is confirmed."""
    with store.of(owner) as rows:
        user = User(
            id=uuid.uuid4(), reseller_id=owner.reseller_id, email="anna@example.com", password_hash="-",
            confirmed_at=datetime.now(UTC),
        )  # fmt: skip
        rows.session.add(user)
        rows.session.flush()
        rows.add(Member(user_id=user.id))
