'''What every billing provider owes, whatever is behind it.

@pytest.fixture
def billing(...): ...     # the provider

class TestAcmeBilling(BillingConformance):
    """Acme bills as everybody has to."""
'''

from __future__ import annotations

import pytest

from arumaldo.capabilities.billing import Address, Billing, Plan
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


def plan_of(price: Money) -> Plan:
    """A monthly plan at this price."""
    return Plan(name="starter", title="Starter", price=price, every="month", points=["One website"])


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.country)
@pytest.mark.parametrize("price", PRICES, ids=str)
class BillingConformance:
    """Inherit; the fixture `billing` is yours to give, in a conftest.py or in your class."""

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
