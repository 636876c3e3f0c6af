"""The onboarding's own steps, with a vendor that fails where it hurts: money is taken once, or it comes back."""

from __future__ import annotations

import pytest

from arumaldo.errors import NotFound, OutcomeUnknown, Refused, Unavailable
from arumaldo.flows import ordering
from arumaldo.store.orders import Payment
from arumaldo.store.people import User

from .conftest import Bus
from .shop import DAY, Shop


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


def test_nobody_pays_before_the_address_is_confirmed(shop: Shop) -> None:
    with shop.store.hub() as session:
        session.query(User).one().confirmed_at = None
    with pytest.raises(ordering.NotConfirmed):
        shop.pays()
    assert shop.stands() == "confirm"
    with shop.store.of(shop.bus.owner) as rows:
        assert rows.all(Payment) == []
