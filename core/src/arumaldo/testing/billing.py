"""What every billing provider owes, whatever is behind it.

    class TestAcmeBilling(BillingConformance):
        @pytest.fixture
        def billing(self, acme): ...        # the provider

Books may show late what was just made in them; `patience` bounds how long that is waited for, in seconds.
"""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeVar

import pytest

from arumaldo.capabilities.billing import Address, Billing, BillTo, Plan, Quote, RecordedPayment, Subscription
from arumaldo.capabilities.kinds import kind_of
from arumaldo.errors import NotFound, OutcomeUnknown, Refused
from arumaldo.money import Money

PRICES = [
    Money(minor=2900, currency="USD"),
    Money(minor=1, currency="EUR"),
    Money(minor=9999, currency="GBP"),
    Money(minor=980, currency="JPY"),
    Money(minor=12_345, currency="KWD"),
]
PLACES = [
    Address(country="US", postal_code="78701"),
    Address(country="DE", postal_code="10115"),
    Address(country="GB", postal_code="SW1A 1AA"),
    Address(country="JP", postal_code="100-0001"),
    Address(country="AE", postal_code=""),
]
Seen = TypeVar("Seen")


def plan_of(price: Money) -> Plan:
    """A monthly plan at this price."""
    return Plan(name="starter", title="Starter", price=price, every="month", points=["One website"])


def new_reference() -> str:
    """A reference of the hub's own form: lower-case base32."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(20))


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.country)
@pytest.mark.parametrize("price", PRICES, ids=str)
class QuoteConformance:
    """The part that makes nothing. Inherit; the fixture `billing` is yours to give."""

    def test_price_and_tax_make_the_total_to_the_cent(self, billing: Billing, price: Money, place: Address) -> None:
        quote = billing.quote(plan=plan_of(price), address=place)
        assert quote.net + quote.tax == quote.total

    def test_the_customer_pays_in_the_currency_of_the_plan(
        self, billing: Billing, price: Money, place: Address
    ) -> None:
        quote = billing.quote(plan=plan_of(price), address=place)
        assert {quote.net.currency, quote.tax.currency, quote.total.currency} == {price.currency}

    def test_the_same_question_has_the_same_answer(self, billing: Billing, price: Money, place: Address) -> None:
        assert billing.quote(plan=plan_of(price), address=place) == billing.quote(plan=plan_of(price), address=place)

    def test_nobody_pays_less_than_the_price_and_no_tax_is_below_zero(
        self, billing: Billing, price: Money, place: Address
    ) -> None:
        quote = billing.quote(plan=plan_of(price), address=place)
        assert quote.total.minor >= price.minor
        assert quote.tax.minor >= 0

    def test_a_tax_that_is_charged_has_a_name(self, billing: Billing, price: Money, place: Address) -> None:
        quote = billing.quote(plan=plan_of(price), address=place)
        assert quote.tax.minor == 0 or quote.tax_label.strip()

    def test_a_free_plan_costs_nothing_anywhere(self, billing: Billing, price: Money, place: Address) -> None:
        free = plan_of(Money(minor=0, currency=price.currency))
        assert billing.quote(plan=free, address=place).total == Money(minor=0, currency=price.currency)

    def test_a_year_is_quoted_as_a_month_is(self, billing: Billing, price: Money, place: Address) -> None:
        yearly = plan_of(price).model_copy(update={"every": "year"})
        assert billing.quote(plan=yearly, address=place).total.minor >= price.minor


class BillingConformance:
    """The part that keeps books. Inherit, supply `billing`, and inherit `QuoteConformance` in a class beside it."""

    patience: ClassVar[float] = 60.0
    price: ClassVar[Money] = Money(minor=2900)
    """What the plan costs, in a currency that the books are kept in."""
    place: ClassVar[Address] = Address(country="US", postal_code="78701")
    absent_id: ClassVar[str] = "999999999999999"
    """An id in the books' own form under which they have nothing."""

    @pytest.fixture
    def billing(self) -> Billing:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def reference(self) -> str:
        return new_reference()

    @pytest.fixture
    def bill_to(self, billing: Billing) -> BillTo:
        return self.enter(billing, new_reference())

    def test_every_hook_is_there_with_every_parameter(self, billing: Billing) -> None:
        hooks = {name: hook for name, hook in vars(Billing).items() if kind_of(hook)}
        assert hooks
        for name, hook in hooks.items():
            given = inspect.signature(getattr(billing, name)).parameters
            assert ["self", *given] == list(inspect.signature(hook).parameters), name

    def test_a_business_is_entered_and_found_by_its_reference(self, billing: Billing, reference: str) -> None:
        made = self.enter(billing, reference)
        assert made.id
        found = self.eventually(lambda: billing.find_bill_tos(reference=reference, email=email_of(reference)))
        assert [one.id for one in found] == [made.id]
        assert found[0].reference in (None, reference)

    def test_a_business_that_was_never_entered_is_not_found(self, billing: Billing, reference: str) -> None:
        self.enter(billing, reference)
        other = new_reference()
        assert billing.find_bill_tos(reference=other, email=email_of(other)) == []
        assert billing.find_bill_tos(reference=other, email=email_of(reference)) == []

    def test_the_same_business_again_leaves_one(self, billing: Billing, reference: str) -> None:
        made = self.enter(billing, reference)
        self.eventually(lambda: billing.find_bill_tos(reference=reference, email=email_of(reference)))
        with suppress(OutcomeUnknown, Refused):
            assert self.enter(billing, reference).id == made.id
        assert len(billing.find_bill_tos(reference=reference, email=email_of(reference))) == 1

    def test_two_businesses_of_one_name_are_two(self, billing: Billing) -> None:
        first, second = new_reference(), new_reference()
        assert self.enter(billing, first).id != self.enter(billing, second).id

        def is_there_once(reference: str) -> bool:
            return len(billing.find_bill_tos(reference=reference, email=email_of(reference))) == 1

        self.eventually(lambda: is_there_once(first) and is_there_once(second))

    @pytest.mark.parametrize("name", ["مخبز السعادة", "🥐🥖", "<b>Rossi & Co.</b>", "", "-- x --", "Bäckerei " * 40])
    def test_a_business_name_in_any_script_is_entered(self, billing: Billing, reference: str, name: str) -> None:
        email = email_of(reference)
        made = billing.create_bill_to(reference=reference, name=name, email=email, address=self.place)
        self.eventually(
            lambda: [one.id for one in billing.find_bill_tos(reference=reference, email=email)] == [made.id]
        )

    @pytest.mark.parametrize("every", ["month", "year"])
    def test_a_subscription_begins_with_an_invoice_of_what_was_quoted(
        self, billing: Billing, bill_to: BillTo, reference: str, every: str
    ) -> None:
        plan = self.plan().model_copy(update={"every": every})
        quote = billing.quote(plan=plan, address=self.place)
        made = billing.create_subscription(
            reference=reference, bill_to_id=bill_to.id, plan=plan, address=self.place, quote=quote
        )
        assert (made.invoice.total, made.invoice.due) == (quote.total, quote.total)
        assert made.invoice.number
        assert billing.get_invoice(invoice_id=made.invoice.id) == made.invoice
        if made.renews_at is not None:
            days = (made.renews_at - datetime.now(UTC)).days
            assert (26 <= days <= 32) if every == "month" else (363 <= days <= 367)

    def test_an_invoice_is_the_quote_to_the_cent_or_nothing_is_made(
        self, billing: Billing, bill_to: BillTo, reference: str
    ) -> None:
        quote = billing.quote(plan=self.plan(), address=self.place)
        cent = Money(minor=1, currency=quote.total.currency)
        odd = quote.model_copy(update={"tax": quote.tax + cent, "total": quote.total + cent, "tax_label": "Odd tax"})
        try:
            assert self.begin(billing, bill_to, reference, odd).invoice.total == odd.total
        except Refused:
            assert billing.find_subscriptions(reference=reference, bill_to_id=bill_to.id) == []

    def test_a_subscription_is_found_by_its_reference_and_by_no_other(
        self, billing: Billing, bill_to: BillTo, reference: str
    ) -> None:
        made = self.begin(billing, bill_to, reference)
        (found,) = self.found(billing, bill_to, reference)
        assert (found.id, found.invoice) == (made.id, made.invoice)
        assert found.reference in (None, reference)
        for other in (new_reference(), reference[:-1], f"{reference}a"):
            assert billing.find_subscriptions(reference=other, bill_to_id=bill_to.id) == []

    def test_the_same_subscription_again_leaves_one(self, billing: Billing, bill_to: BillTo, reference: str) -> None:
        made = self.begin(billing, bill_to, reference)
        self.found(billing, bill_to, reference)
        with suppress(OutcomeUnknown, Refused):
            assert self.begin(billing, bill_to, reference).id == made.id
        assert [one.id for one in self.found(billing, bill_to, reference)] == [made.id]

    def test_every_subscription_is_listed_until_it_is_removed(
        self, billing: Billing, bill_to: BillTo, reference: str
    ) -> None:
        before = datetime.now(UTC) - timedelta(minutes=5)
        made = self.begin(billing, bill_to, reference)
        other = self.begin(billing, bill_to, new_reference())
        listed = self.eventually(lambda: self.listed(billing, before, made.id))
        self.eventually(lambda: self.listed(billing, before, other.id))
        assert (listed[0].reference or reference).startswith(reference[:10])
        assert listed[0].invoice == made.invoice
        assert self.listed(billing, datetime.now(UTC) + timedelta(days=1), made.id) == []
        billing.remove_subscription(subscription_id=made.id)
        self.eventually(lambda: not self.listed(billing, before, made.id))
        assert self.listed(billing, before, other.id)

    def test_a_payment_that_is_entered_settles_the_invoice(
        self, billing: Billing, bill_to: BillTo, reference: str
    ) -> None:
        invoice = self.begin(billing, bill_to, new_reference()).invoice
        payment = self.pay(billing, invoice.id, reference, invoice.total)
        assert payment.invoice_id == invoice.id
        settled = billing.get_invoice(invoice_id=invoice.id)
        assert (settled.total, settled.due.minor) == (invoice.total, 0)

    def test_a_payment_is_found_by_its_reference_and_by_no_other(
        self, billing: Billing, bill_to: BillTo, reference: str
    ) -> None:
        invoice = self.begin(billing, bill_to, new_reference()).invoice
        assert billing.find_payments(reference=reference, invoice_id=invoice.id) == []
        made = self.pay(billing, invoice.id, reference, invoice.total)
        found = self.eventually(lambda: billing.find_payments(reference=reference, invoice_id=invoice.id))
        assert [(one.id, one.invoice_id) for one in found] == [(made.id, invoice.id)]
        assert billing.find_payments(reference=new_reference(), invoice_id=invoice.id) == []

    def test_the_same_payment_again_leaves_one(self, billing: Billing, bill_to: BillTo, reference: str) -> None:
        invoice = self.begin(billing, bill_to, new_reference()).invoice
        self.pay(billing, invoice.id, reference, invoice.total)
        with suppress(OutcomeUnknown, Refused):
            self.pay(billing, invoice.id, reference, invoice.total)
        assert len(billing.find_payments(reference=reference, invoice_id=invoice.id)) == 1
        assert billing.get_invoice(invoice_id=invoice.id).due.minor == 0

    def test_what_is_paid_takes_no_other_payment(self, billing: Billing, bill_to: BillTo, reference: str) -> None:
        invoice = self.begin(billing, bill_to, new_reference()).invoice
        self.pay(billing, invoice.id, new_reference(), invoice.total)
        with pytest.raises(Refused):
            self.pay(billing, invoice.id, reference, invoice.total)
        assert billing.find_payments(reference=reference, invoice_id=invoice.id) == []

    @pytest.mark.parametrize("paid", [False, True], ids=["unpaid", "paid"])
    def test_what_is_removed_asks_for_nothing(
        self, billing: Billing, bill_to: BillTo, reference: str, *, paid: bool
    ) -> None:
        made = self.begin(billing, bill_to, reference)
        if paid:
            self.pay(billing, made.invoice.id, reference, made.invoice.total)
        for _ in range(2):
            billing.remove_subscription(subscription_id=made.id)
            with suppress(NotFound):
                assert billing.get_invoice(invoice_id=made.invoice.id).due.minor == 0
            assert billing.find_payments(reference=reference, invoice_id=made.invoice.id) == []
        self.eventually(lambda: billing.find_subscriptions(reference=reference, bill_to_id=bill_to.id) == [])
        with pytest.raises(Refused):
            self.pay(billing, made.invoice.id, new_reference(), made.invoice.total)

    def test_removing_one_leaves_the_other_as_it_was(self, billing: Billing, bill_to: BillTo, reference: str) -> None:
        stays = self.begin(billing, bill_to, reference)
        self.pay(billing, stays.invoice.id, reference, stays.invoice.total)
        goes = self.begin(billing, bill_to, new_reference())
        billing.remove_subscription(subscription_id=goes.id)
        assert [one.id for one in self.found(billing, bill_to, reference)] == [stays.id]
        assert len(billing.find_payments(reference=reference, invoice_id=stays.invoice.id)) == 1

    def test_what_is_not_there_is_removed_already(self, billing: Billing) -> None:
        billing.remove_subscription(subscription_id=self.absent_id)

    def test_an_invoice_that_is_not_there_is_not_found(self, billing: Billing, reference: str) -> None:
        with pytest.raises(NotFound):
            billing.get_invoice(invoice_id=self.absent_id)
        with pytest.raises(Refused):
            self.pay(billing, self.absent_id, reference, self.price)
        assert billing.find_payments(reference=reference, invoice_id=self.absent_id) == []

    def plan(self) -> Plan:
        return plan_of(self.price)

    def enter(self, billing: Billing, reference: str) -> BillTo:
        return billing.create_bill_to(
            reference=reference, name="Bottega Rossi", email=email_of(reference), address=self.place
        )

    def begin(self, billing: Billing, bill_to: BillTo, reference: str, quote: Quote | None = None) -> Subscription:
        quote = quote or billing.quote(plan=self.plan(), address=self.place)
        return billing.create_subscription(
            reference=reference, bill_to_id=bill_to.id, plan=self.plan(), address=self.place, quote=quote
        )

    def found(self, billing: Billing, bill_to: BillTo, reference: str) -> list[Subscription]:
        return self.eventually(lambda: billing.find_subscriptions(reference=reference, bill_to_id=bill_to.id))

    def listed(self, billing: Billing, since: datetime, subscription_id: str) -> list[Subscription]:
        return [one for one in billing.list_subscriptions(since=since) if one.id == subscription_id]

    def pay(self, billing: Billing, invoice_id: str, reference: str, amount: Money) -> RecordedPayment:
        return billing.record_payment(
            reference=reference, invoice_id=invoice_id, amount=amount, charge_id="60123456789"
        )

    def eventually(self, seen: Callable[[], Seen]) -> Seen:
        """What `seen` returns as soon as that is true; fails when `patience` ends."""
        give_up_at = time.monotonic() + self.patience
        while not (found := seen()):
            assert time.monotonic() < give_up_at, f"did not happen within {self.patience:g} seconds"
            time.sleep(0.05)
        return found


def email_of(reference: str) -> str:
    """Where the invoices of this business go."""
    return f"{reference}@example.com"
