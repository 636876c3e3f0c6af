"""An order's books and mails, with a vendor that fails where it hurts: one of each, or none and the money back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arumaldo import hookimpl
from arumaldo.capabilities.billing import RecordedPayment
from arumaldo.errors import OutcomeUnknown, Refused, Unavailable
from arumaldo.flows.repairs import OrderRepairs
from arumaldo.money import Money
from arumaldo.store.business import Brief

from .conftest import Bus, ProcessDied
from .shop import DAY, Books, Shop


@pytest.fixture
def shop(bus: Bus) -> Shop:
    return Shop(bus)


class Voiding(Books):
    """Books at which the charge is voided, by somebody at the gateway, just while its payment is entered."""

    voids: Callable[[], None]

    @hookimpl
    def record_payment(self, reference: str, invoice_id: str, amount: Money, charge_id: str) -> RecordedPayment:
        entered = super().record_payment(reference, invoice_id, amount, charge_id)
        self.voids()
        return entered


def test_books_that_refuse_the_subscription_end_in_the_whole_money_back_and_no_site(shop: Shop) -> None:
    shop.books.trouble["before create_subscription"] = [Refused("acme", "the plan is not for sale")]
    shop.pays()
    shop.reaches("returned")
    assert (len(shop.books.returned), shop.books.sites, shop.books.subscriptions) == (1, {}, {})
    shop.works(lambda: "money-back" in shop.books.mailed)


def test_a_subscription_that_was_in_doubt_is_found_and_is_one(shop: Shop) -> None:
    shop.books.trouble["after create_subscription"] = [OutcomeUnknown("acme", "the line broke")]
    shop.pays()
    shop.reaches("live")
    assert (len(shop.books.subscriptions), len(shop.books.recorded), len(shop.books.sites)) == (1, 1, 1)


def test_the_subscription_of_an_order_that_failed_ends_with_it_also_where_that_is_refused_at_first(shop: Shop) -> None:
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.books.trouble["remove_subscription"] = [Refused("acme", "not today")]
    shop.pays()
    shop.reaches("returned")
    shop.works(lambda: shop.books.subscriptions == {}, step=600)


def test_a_receipt_and_a_handover_are_mailed_once_each(shop: Shop) -> None:
    shop.books.trouble["send_mail"] = [Unavailable("acme", "503"), OutcomeUnknown("acme", "the line broke")]
    shop.pays()
    shop.reaches("live")
    shop.works(lambda: len(shop.books.mailed) > 1)
    shop.bus.database.move_clock(DAY)
    for _ in range(3):
        shop.works(lambda: True)
    assert sorted(shop.books.mailed) == ["handover", "receipt"]


def test_an_order_whose_money_went_back_while_its_subscription_was_opened_gets_no_receipt_and_no_site(
    shop: Shop,
) -> None:
    shop.books = shop.bus.configured.vendor = books = Voiding()
    books.voids = lambda: OrderRepairs(shop.store).returned(shop.bus.owner, shop.order_id)
    shop.pays()
    shop.works(lambda: "money-back" in books.mailed and books.subscriptions == {} and books.recorded != {})
    assert (books.mailed, books.sites) == (["money-back"], {})
    assert shop.bus.one("SELECT state FROM deliveries WHERE handler = 'open_the_subscription'").state == "done"
    shop.works(lambda: shop.bus.one("SELECT state FROM subscriptions").state == "removed")


@pytest.mark.parametrize("hook", ["create_subscription", "record_payment"])
def test_a_worker_that_is_killed_before_it_writes_down_what_the_books_made_leaves_one(shop: Shop, hook: str) -> None:
    shop.books.trouble[f"after {hook}"] = [ProcessDied()]
    shop.pays()
    shop.is_killed()
    shop.reaches("live")
    assert (len(shop.books.subscriptions), len(shop.books.recorded), len(shop.books.charges)) == (1, 1, 1)


def test_a_payment_whose_entry_was_in_doubt_is_entered_once_and_names_the_charge(shop: Shop) -> None:
    shop.books.trouble["after record_payment"] = [OutcomeUnknown("acme", "the line broke")]
    shop.pays()
    shop.reaches("live")
    assert list(shop.books.recorded.values()) == list(shop.books.charges)


def test_one_who_receives_the_bill_is_made_once_although_the_answer_was_lost(shop: Shop) -> None:
    shop.books.trouble["after create_bill_to"] = [OutcomeUnknown("acme", "the line broke")]
    shop.pays()
    shop.reaches("live")
    assert len(shop.books.bill_tos) == 1


def test_one_who_receives_the_bill_is_looked_for_without_long_pauses_while_it_is_in_doubt(shop: Shop) -> None:
    shop.books.trouble["after create_bill_to"] = [OutcomeUnknown("acme", "the line broke")]
    shop.books.trouble["find_bill_tos"] = [Unavailable("acme", "503")] * 8
    shop.pays()
    shop.works(lambda: not shop.books.trouble["find_bill_tos"], step=1)
    step = "SELECT due_at <= hub_now() AS is_due FROM deliveries WHERE handler = 'open_the_subscription'"
    assert shop.bus.one(step).is_due, "half a second after it failed, and a whole one has passed"
    shop.reaches("live")
    assert len(shop.books.bill_tos) == 1


@pytest.mark.parametrize("hook", ["before create_bill_to", "record_payment"])
def test_books_that_refuse_any_part_of_it_end_in_the_whole_money_back_and_nothing_left(shop: Shop, hook: str) -> None:
    shop.books.trouble[hook] = [Refused("acme", "not this one")]
    shop.pays()
    shop.reaches("returned")
    shop.works(lambda: shop.books.subscriptions == {})
    assert shop.books.returned == list(shop.books.charges)
    assert shop.books.sites == {}


def test_books_that_are_away_for_more_than_a_day_end_in_the_money_back_and_no_subscription(shop: Shop) -> None:
    shop.books.trouble["before create_subscription"] = [Unavailable("acme", "503")] * 10_000
    shop.pays()
    shop.works(lambda: shop.stands() == "returned", step=3600)
    assert shop.books.returned == list(shop.books.charges)
    assert shop.books.subscriptions == {}


def test_no_site_is_made_before_the_invoice_is_paid_in_the_books(shop: Shop) -> None:
    shop.books.trouble["record_payment"] = [Unavailable("acme", "503")] * 6
    shop.pays()
    shop.works(lambda: len(shop.books.trouble["record_payment"]) <= 1)
    assert (len(shop.books.subscriptions), shop.books.sites, shop.stands()) == (1, {}, "building")
    shop.reaches("live")


def test_a_worker_that_is_killed_while_it_ends_the_subscription_of_a_failed_order_is_followed_by_another(
    shop: Shop,
) -> None:
    shop.books.trouble["before create_site"] = [Refused("acme", "no room")]
    shop.books.trouble["remove_subscription"] = [ProcessDied()]
    shop.pays()
    shop.is_killed()
    shop.reaches("returned")
    shop.works(lambda: shop.books.subscriptions == {})


def test_the_subscription_of_an_order_that_is_live_is_never_ended(shop: Shop) -> None:
    shop.pays()
    shop.reaches("live")
    shop.bus.database.move_clock(40 * DAY)
    for _ in range(3):
        shop.works(lambda: True)
    assert len(shop.books.subscriptions) == 1


def test_a_mail_is_sent_once_although_the_worker_was_killed_after_it_was_taken(shop: Shop) -> None:
    shop.books.trouble["after send_mail"] = [ProcessDied()]
    shop.pays()
    shop.is_killed()
    shop.reaches("live")
    shop.works(lambda: "handover" in shop.books.mailed and "receipt" in shop.books.mailed)
    assert sorted(shop.books.mailed) == ["handover", "receipt"]


def test_mail_that_is_refused_holds_up_neither_the_site_nor_the_books(shop: Shop) -> None:
    shop.books.trouble["send_mail"] = [Refused("acme", "no such address")] * 2
    shop.pays()
    shop.reaches("live")
    shop.works(lambda: not shop.books.trouble["send_mail"])
    assert (shop.stands(), shop.books.returned) == ("live", [])


def test_a_line_break_in_the_name_of_a_business_does_not_reach_the_subject_of_a_mail(shop: Shop) -> None:
    with shop.store.of(shop.bus.owner) as rows:
        rows.all(Brief)[0].answers = {"business_name": "Sunrise\r\nBcc: everybody@example.com"}
    shop.pays()
    shop.works(lambda: "handover" in shop.books.mailed)
    [mail] = [mail for mail in shop.books.sent if mail.kind == "handover"]
    assert mail.subject == "Your website is open: Sunrise Bcc: everybody@example.com"
