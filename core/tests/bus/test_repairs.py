"""What an order made and a restored book does not know becomes that order's again: nothing twice, nothing forgotten."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from arumaldo.bus.bindings import bind
from arumaldo.bus.reconcile import Outcome, Reconciler
from arumaldo.bus.work import Reference
from arumaldo.errors import Refused
from arumaldo.flows.repairs import OrderRepairs
from arumaldo.store.journal import Effect
from arumaldo.store.orders import Order, Payment

from .conftest import Bus
from .shop import Shop


@pytest.fixture
def shop(bus: Bus) -> Shop:
    """A shop whose book was restored just now, from a copy in which the order is quoted."""
    made = Shop(bus)
    with bus.store.hub() as session:
        session.execute(
            text("INSERT INTO restorations (id, copied_at) VALUES (gen_random_uuid(), hub_now() - interval '1 h')")
        )
    with bus.store.of(bus.owner) as rows:
        for capability in ("hosting", "payments"):
            bind(rows.session, bus.owner, capability, "acme", 1)
    return made


def charged_in_the_lost_time(shop: Shop, generation: int = 1) -> None:
    reference = Reference(shop.order_id, generation).at("payments.charge")
    shop.books.charges[f"c-{reference}"] = reference


def compared(shop: Shop) -> Outcome:
    reconciler = Reconciler(shop.store, shop.bus.configured, OrderRepairs(shop.store))
    return reconciler.run(datetime.now(UTC) - timedelta(days=2))


def order_is(shop: Shop, state: str) -> None:
    with shop.store.of(shop.bus.owner) as rows:
        rows.session.execute(update(Order).where(Order.id == shop.order_id).values(state=state))


def tried(shop: Shop, state: str, *, before_restore: bool = True) -> None:
    """The book holds a first try to pay, whose outcome it does not know."""
    shop.pays()
    with shop.store.of(shop.bus.owner) as rows:
        rows.add(
            Effect(
                subject=shop.order_id, step="payments.charge", generation=1, provider="acme", state=state,
                reference=Reference(shop.order_id, 1).at("payments.charge"), before_restore=before_restore,
            )
        )  # fmt: skip


def test_an_order_that_was_paid_in_the_lost_time_is_built_without_another_payment(shop: Shop) -> None:
    charged_in_the_lost_time(shop)
    assert compared(shop).adopted == 1
    shop.reaches("live")
    assert (len(shop.books.charges), len(shop.books.sites), shop.books.returned) == (1, 1, [])
    assert compared(shop).adopted == 0


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_customer_who_pays_again_in_a_restored_book_is_not_charged_again(shop: Shop, generation: int) -> None:
    charged_in_the_lost_time(shop, generation)
    shop.pays()
    assert compared(shop).adopted == 1
    shop.reaches("live")
    assert (len(shop.books.charges), shop.books.returned) == (1, [])


@pytest.mark.parametrize("state", ["intended", "unknown"])
def test_a_try_that_the_copy_is_in_doubt_of_is_not_repeated_when_a_later_one_went_through(
    shop: Shop, state: str
) -> None:
    tried(shop, state)
    charged_in_the_lost_time(shop, generation=2)
    assert compared(shop).adopted == 1
    shop.reaches("live")
    assert (len(shop.books.charges), shop.books.returned) == (1, [])


def test_money_of_an_order_whose_price_the_copy_does_not_know_waits_for_the_price(shop: Shop) -> None:
    order_is(shop, "chosen")
    charged_in_the_lost_time(shop)
    assert compared(shop).adopted == 1
    shop.works(lambda: bool(shop.bus.all("SELECT 1 FROM deliveries WHERE waits_for LIKE 'the price%'")))
    order_is(shop, "quoted")
    shop.reaches("live")
    assert len(shop.books.charges) == 1


def test_money_of_an_order_that_was_dropped_before_it_was_found_goes_back(shop: Shop) -> None:
    charged_in_the_lost_time(shop)
    assert compared(shop).adopted == 1
    order_is(shop, "dropped")
    shop.works(lambda: bool(shop.books.returned))
    assert shop.books.returned == list(shop.books.charges)
    assert shop.books.sites == {}


def test_money_of_an_order_that_the_copy_has_as_dropped_is_told_to_the_operator(shop: Shop) -> None:
    order_is(shop, "dropped")
    charged_in_the_lost_time(shop)
    assert (compared(shop).adopted, compared(shop).surplus) == (0, 1)
    assert shop.bus.one("SELECT state FROM findings").state == "open"


def test_the_order_of_another_reseller_at_the_same_vendor_is_left_to_that_reseller(shop: Shop) -> None:
    stranger = uuid.uuid4()
    shop.bus.one("INSERT INTO resellers (id, slug) VALUES (:id, 'other') RETURNING id", id=stranger)
    charged_in_the_lost_time(shop)
    outcome = compared(shop)
    assert outcome.surplus == 0
    shop.reaches("live")
    assert (compared(shop).surplus, shop.bus.all("SELECT 1 FROM findings")) == (0, [])


def test_an_order_whose_money_went_back_in_the_lost_time_is_not_built(shop: Shop) -> None:
    shop.books.site_state = "preparing"
    shop.pays()
    shop.works(lambda: bool(shop.bus.all("SELECT 1 FROM sites")), step=70)
    shop.books.returned += shop.books.charges
    shop.books.charge_state = "returned"
    compared(shop)
    shop.reaches("returned")
    assert len(shop.books.returned) == 1
    shop.works(lambda: bool(shop.books.removed))
    assert shop.books.removed == list(shop.books.sites)


def test_a_late_charge_that_the_gateway_will_not_return_leaves_the_order_alone_that_was_paid_otherwise(
    shop: Shop,
) -> None:
    with shop.store.hub() as session:
        session.execute(text("DELETE FROM restorations"))
    tried(shop, "unknown", before_restore=False)
    shop.reaches("declined")
    shop.pays()
    shop.reaches("live")
    charged_in_the_lost_time(shop, generation=1)
    shop.books.trouble["give_back"] = [Refused("acme", "not today"), Refused("acme", "nor now")]
    shop.works(lambda: bool(shop.books.returned), step=600)
    assert shop.stands() == "live"
    assert shop.books.removed == []
    assert shop.books.returned == [f"c-{Reference(shop.order_id, 1).at('payments.charge')}"]
    with shop.store.of(shop.bus.owner) as rows:
        assert [payment.state for payment in rows.all(Payment)] == ["declined", "paid"]
