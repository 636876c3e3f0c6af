"""The onboarding's own steps, with a vendor that fails where it hurts: money is taken once, or it comes back."""

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
from arumaldo.errors import NotFound, OutcomeUnknown, Refused, Unavailable
from arumaldo.flows import onboarding, ordering
from arumaldo.money import Money
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order
from arumaldo.store.scope import Store
from arumaldo.website.models import Website

from .conftest import Bus

assert onboarding  # its steps are registered by the import
PRICE = Money(minor=1900)
DAY = 86_400.0


class Books:
    """Hosts and takes money; what `trouble` holds for a hook happens once each time it is called, in order."""

    def __init__(self) -> None:
        self.charges: dict[str, str] = {}
        self.sites: dict[str, str] = {}
        self.returned: list[str] = []
        self.removed: list[str] = []
        self.trouble: dict[str, list[Exception]] = {}
        self.charge_state: str = "paid"
        self.site_state: str = "live"
        self.pages: str = "published"
        self.hidden = False

    def suffers(self, hook: str) -> None:
        if waiting := self.trouble.get(hook):
            raise waiting.pop(0)

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
            brief = rows.add(Brief(answers={"business_name": "Sunrise"}))
            preview = rows.add(
                Preview(
                    brief_id=brief.id, number=1, state="ready", show_key="k", digest=website.digest(),
                    content=website.model_dump(mode="json"),
                )
            )  # fmt: skip
            brief.approved_id = preview.id
            return rows.add(
                Order(
                    brief_id=brief.id, preview_id=preview.id, preview_digest=website.digest(), plan={"title": "P"},
                    address={}, state="quoted", net=1900, tax=0, total=1900, currency="USD",
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
            self.bus.one("UPDATE workers SET seen_at = hub_now() RETURNING 1")
            for _, delivery in deliveries.due(self.store, LANES):
                self.runner.run(delivery)
            self.bus.database.move_clock(step)
        raise AssertionError(f"the customer still stands at {self.stands()}")

    def stands(self) -> str:
        with self.store.of(self.bus.owner) as rows:
            return ordering.journey(rows).step

    def reaches(self, step: str) -> None:
        self.works(lambda: self.stands() == step)


@pytest.fixture
def shop(bus: Bus) -> Shop:
    return Shop(bus)


def test_a_paid_order_ends_in_one_charge_and_one_site(shop: Shop) -> None:
    shop.pays()
    shop.reaches("live")
    assert (len(shop.books.charges), len(shop.books.sites), shop.books.returned) == (1, 1, [])


def test_a_host_that_says_no_ends_in_the_money_back(shop: Shop) -> None:
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.pays()
    shop.reaches("returned")
    assert shop.books.returned == list(shop.books.charges)


def test_a_return_that_broke_off_is_made_once_it_is_sure_that_it_was_not(shop: Shop) -> None:
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.books.trouble["give_back"] = [OutcomeUnknown("acme", "the line broke")]
    shop.pays()
    shop.reaches("returned")
    assert shop.books.returned == list(shop.books.charges)


def test_a_gateway_that_refuses_to_return_the_money_is_asked_again_until_it_does(shop: Shop) -> None:
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.books.trouble["give_back"] = [Refused("acme", "not yet settled"), Refused("acme", "not yet settled")]
    shop.pays()
    shop.works(lambda: shop.stands() == "returned", step=300)
    assert shop.books.returned == list(shop.books.charges)


def test_a_charge_in_doubt_is_never_called_declined_while_the_gateway_is_away(shop: Shop) -> None:
    shop.books.trouble["after charge"] = [OutcomeUnknown("acme", "the line broke")]
    shop.books.trouble["find_charges"] = [Unavailable("acme", "503")] * 40
    shop.pays()
    shop.works(lambda: not shop.books.trouble["find_charges"], step=DAY / 4)
    shop.reaches("live")
    assert len(shop.books.charges) == 1


def test_a_payment_under_review_for_days_survives_one_failure_of_the_gateway(shop: Shop) -> None:
    shop.books.charge_state = "held"
    shop.pays()
    shop.reaches("held")
    shop.bus.database.move_clock(2 * DAY)
    shop.books.trouble["get_charge"] = [Unavailable("acme", "503"), NotFound("acme", "not in this list yet")]
    shop.books.charge_state = "paid"
    shop.reaches("live")
    assert len(shop.books.charges) == 1


def test_a_payment_that_the_review_turned_down_can_be_made_again_with_another_card(shop: Shop) -> None:
    shop.books.charge_state = "held"
    shop.pays()
    shop.reaches("held")
    shop.books.charge_state = "declined"
    shop.reaches("declined")
    shop.books.charge_state = "paid"
    shop.pays()
    shop.reaches("live")
    assert len(shop.books.charges) == 2, "one turned down, one paid"


def test_a_charge_that_is_booked_after_we_gave_it_up_is_given_back(shop: Shop) -> None:
    shop.books.trouble["after charge"] = [OutcomeUnknown("acme", "the line broke")]
    shop.books.hidden = True
    shop.pays()
    shop.reaches("declined")
    shop.pays()
    shop.reaches("live")
    assert len(shop.books.charges) == 2
    shop.books.hidden = False
    shop.works(lambda: bool(shop.books.returned), step=120)
    assert len(shop.books.returned) == 1
    assert shop.bus.one("SELECT count(*) AS n FROM messages WHERE type = 'LateChargeReturned'").n == 1


def test_a_finished_site_is_kept_although_nobody_looked_for_hours(shop: Shop) -> None:
    shop.books.site_state = "preparing"
    shop.pays()
    shop.works(lambda: bool(shop.books.sites))
    shop.bus.database.move_clock(3 * 3600)
    shop.books.site_state = "live"
    shop.reaches("live")
    assert shop.books.removed == []


def test_a_host_that_never_takes_the_pages_in_ends_in_the_money_back_and_no_site(shop: Shop) -> None:
    shop.books.pages = "pending"
    shop.pays()
    shop.works(lambda: shop.stands() == "returned" and bool(shop.books.removed), step=120)
    assert (shop.books.removed, shop.books.returned) == (list(shop.books.sites), list(shop.books.charges))


def test_a_host_that_is_away_for_more_than_a_day_ends_in_the_money_back(shop: Shop) -> None:
    shop.books.trouble["before create_site"] = [Unavailable("acme", "503")] * 10_000
    shop.pays()
    shop.works(lambda: shop.stands() == "returned", step=3600)
    assert shop.books.returned == list(shop.books.charges)


def test_a_site_in_doubt_is_asked_for_as_long_as_the_look_is_refused(shop: Shop) -> None:
    shop.books.trouble["after create_site"] = [OutcomeUnknown("acme", "the line broke")]
    shop.books.trouble["find_sites"] = [Refused("acme", "too many filters")] * 5
    shop.pays()
    shop.reaches("live")
    assert (len(shop.books.sites), shop.books.removed) == (1, [])


WEBSITE = {
    "title": "Sunrise", "tagline": "Bread", "language": "en", "typeface": "serif", "shape": "arch",
    "palette": {"accent": "#aa5500", "background": "#ffffff", "text": "#111111"},
    "pages": [
        {"slug": slug, "title": slug or "Home",
         "sections": [{"key": "a", "kind": "text", "heading": "Hello", "text": "Bread.", "items": []}]}
        for slug in ("", "about", "contact")
    ],
}  # fmt: skip
