"""One customer with a quoted order, vendors that fail where they are told to, and a worker that runs what is due."""

from __future__ import annotations

import types
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from arumaldo import hookimpl
from arumaldo.bus import deliveries
from arumaldo.bus.handlers import HANDLERS, LANES
from arumaldo.bus.outbox import Outbox
from arumaldo.bus.run import Runner
from arumaldo.bus.worker import enrol
from arumaldo.capabilities.hosting import HostedSite, Publication, SitePage
from arumaldo.capabilities.payments import Charge, MoneyBack
from arumaldo.flows import onboarding, ordering
from arumaldo.flows.journey import journey
from arumaldo.flows.questions import QUESTIONS
from arumaldo.money import Money
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order
from arumaldo.store.scope import Store
from arumaldo.website.models import Website

from .clerk import Clerk
from .conftest import Bus, ProcessDied

assert onboarding  # its steps are registered by the import
PRICE = Money(minor=1900)
PLAN = {"name": "starter", "title": "Starter", "price": {"minor": 1900, "currency": "USD"}}
DAY = 86_400.0
WEBSITE = {
    "title": "Sunrise", "tagline": "Bread", "language": "en", "typeface": "serif", "shape": "arch",
    "palette": {"accent": "#aa5500", "background": "#ffffff", "text": "#111111"},
    "pages": [
        {"slug": slug, "title": slug or "Home",
         "sections": [{"key": "a", "kind": "text", "heading": "Hello", "text": "Bread.", "items": []}]}
        for slug in ("", "about", "contact")
    ],
}  # fmt: skip
ANSWERS = {question.name: "Sunrise" for page in QUESTIONS for question in page.questions}


class Books(Clerk):
    """Hosts and takes money, beside keeping the books."""

    def __init__(self) -> None:
        super().__init__()
        self.charges: dict[str, str] = {}
        self.sites: dict[str, str] = {}
        self.returned: list[str] = []
        self.removed: list[str] = []
        self.charge_state: str = "paid"
        self.site_state: str = "live"
        self.pages: str = "published"
        self.hidden = False

    @hookimpl
    def charge(self, reference: str, amount: Money, token: str, description: str, email: str) -> Charge:
        self.suffers("before charge")
        self.charges[f"c-{reference}"] = reference
        self.suffers("after charge")
        return self._charge(f"c-{reference}")

    @hookimpl
    def find_charges(self, reference: str) -> list[Charge]:
        self.suffers("find_charges")
        return [self._charge(key) for key, name in self.charges.items() if name == reference and not self.hidden]

    @hookimpl
    def list_charges(self, since: datetime) -> list[Charge]:
        return [self._charge(key) for key in self.charges]

    @hookimpl
    def get_charge(self, charge_id: str) -> Charge:
        self.suffers("get_charge")
        return self._charge(charge_id)

    @hookimpl
    def give_back(self, reference: str, charge_id: str, amount: Money) -> MoneyBack:
        self.suffers("give_back")
        self.returned.append(charge_id)
        return MoneyBack(id=f"r-{charge_id}", reference=reference, charge_id=charge_id, amount=amount)

    @hookimpl
    def find_returns(self, reference: str, charge_id: str) -> list[MoneyBack]:
        made = [key for key in self.returned if key == charge_id]
        return [MoneyBack(id=f"r-{key}", reference=reference, charge_id=key, amount=PRICE) for key in made]

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        self.suffers("before create_site")
        self.sites[f"s-{reference}"] = reference
        self.suffers("after create_site")
        return self.get_site(f"s-{reference}")

    @hookimpl
    def find_sites(self, reference: str) -> list[HostedSite]:
        self.suffers("find_sites")
        return [self.get_site(key) for key, name in self.sites.items() if name == reference]

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        return [self.get_site(key) for key in self.sites]

    @hookimpl
    def get_site(self, site_id: str) -> HostedSite:
        self.suffers("get_site")
        return HostedSite.model_validate(
            {"id": site_id, "reference": self.sites[site_id], "url": "http://x.localhost", "state": self.site_state}
        )

    @hookimpl
    def put_pages(self, site_id: str, title: str, pages: list[SitePage]) -> Publication:
        self.suffers("put_pages")
        return Publication.model_validate({"state": self.pages})

    @hookimpl
    def remove_site(self, site_id: str) -> None:
        self.suffers("remove_site")
        self.removed.append(site_id)

    def _charge(self, key: str) -> Charge:
        facts = {"id": key, "reference": self.charges[key], "amount": PRICE, "state": self.charge_state}
        return Charge.model_validate({**facts, "made_at": datetime.now(UTC)})


class Shop:
    """One customer with a quoted order, and a worker that runs what is due."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.books = bus, Books()
        bus.configured.vendor = self.books
        self.store = Store(bus.store.engine, bus.store.keys, Outbox(HANDLERS, lambda reseller: []).publish, len)
        self.runner = Runner(self.store, HANDLERS, bus.configured, enrol(self.store))
        self.order_id = self._order()

    def _order(self) -> uuid.UUID:
        website = Website.model_validate(WEBSITE)
        with self.store.of(self.bus.owner) as rows:
            brief = rows.add(Brief(answers=ANSWERS))
            preview = rows.add(
                Preview(
                    brief_id=brief.id, number=1, state="ready", show_key="k", digest=website.digest(),
                    content=website.model_dump(mode="json"),
                )
            )  # fmt: skip
            brief.approved_id = preview.id
            return rows.add(
                Order(
                    brief_id=brief.id, preview_id=preview.id, preview_digest=website.digest(), plan=PLAN,
                    address={"country": "US", "postal_code": "97205"}, state="quoted",
                    net=1900, tax=0, total=1900, currency="USD",
                )
            ).id  # fmt: skip

    def pays(self) -> None:
        inst = types.SimpleNamespace(keys=self.store.keys)
        with self.store.of(self.bus.owner) as rows:
            ordering.pay(inst, rows, self.order_id, "token", "anna@example.com")  # type: ignore[arg-type]

    def works(self, until: Callable[[], bool], step: float = 20.0, rounds: int = 400) -> None:
        """Run what is due and let `step` seconds pass, again and again, until it is so."""
        for _ in range(rounds):
            if until():
                return
            self.bus.one("UPDATE workers SET seen_at = hub_now() WHERE id = :id RETURNING 1", id=self.runner.worker)
            for _, delivery in deliveries.due(self.store, LANES):
                self.runner.run(delivery)
            self.bus.database.move_clock(step)
        raise AssertionError(f"the customer still stands at {self.stands()}")

    def is_killed(self) -> None:
        """Work until the worker dies of what the vendor does, and put a new one in its place."""
        with pytest.raises(ProcessDied):
            self.works(lambda: False)
        self.bus.bury(self.runner)
        self.runner = Runner(self.store, HANDLERS, self.bus.configured, enrol(self.store))

    def stands(self) -> str:
        with self.store.of(self.bus.owner) as rows:
            return journey(rows).step

    def reaches(self, step: str) -> None:
        self.works(lambda: self.stands() == step)
