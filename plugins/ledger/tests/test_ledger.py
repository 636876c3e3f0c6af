"""Quotes from our own books."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import entry_points

import pytest
from arumaldo_ledger import Settings, plugin
from arumaldo_ledger.billing import LedgerBilling
from pydantic import ValidationError

from arumaldo import Money
from arumaldo.capabilities.billing import Address, Quote
from arumaldo.testing.billing import BillingConformance, plan_of

AUSTIN = Address(country="US", postal_code="78701")
BERLIN = Address(country="DE", postal_code="10115")
RATES = [
    {"country": "US", "postal_prefix": "787", "rate": "8.25", "label": "Sales tax"},
    {"country": "US", "rate": "6", "label": "Sales tax"},
    {"country": "DE", "rate": "19.00", "label": "USt."},
    {"country": "JP", "rate": "10", "label": "消費税"},
    {"country": "GB", "postal_prefix": "sw-1", "rate": "20", "label": "VAT"},
]


def ledger(**settings: object) -> LedgerBilling:
    return LedgerBilling(Settings.model_validate({"taxes": RATES, **settings}))


def quoted(billing: LedgerBilling, minor: int, place: Address, currency: str = "USD") -> Quote:
    return billing.quote(plan=plan_of(Money(minor=minor, currency=currency)), address=place)


class TestLedgerWithRates(BillingConformance):
    """With tax rates."""

    @pytest.fixture
    def billing(self) -> LedgerBilling:
        return ledger()


class TestLedgerWithTaxIncluded(BillingConformance):
    """With prices that hold the tax."""

    @pytest.fixture
    def billing(self) -> LedgerBilling:
        return ledger(prices_include_tax=True)


class TestEmptyLedger(BillingConformance):
    """As it comes."""

    @pytest.fixture
    def billing(self) -> LedgerBilling:
        return LedgerBilling(Settings())


def test_without_tax_rates_the_price_is_the_total() -> None:
    price = Money(minor=2900)
    assert quoted(LedgerBilling(Settings()), 2900, AUSTIN) == Quote(
        net=price, tax=Money(minor=0), total=price, tax_label=""
    )


def test_tax_is_added_and_named_with_its_rate() -> None:
    quote = quoted(ledger(), 2900, AUSTIN)
    assert (quote.net.minor, quote.tax.minor, quote.total.minor) == (2900, 239, 3139)
    assert quote.tax_label == "Sales tax 8.25 %"


@pytest.mark.parametrize(
    ("postal_code", "tax"), [("78701", 825), ("787", 825), ("10001", 600), ("", 600), ("78-701", 825)]
)
def test_the_longest_postal_prefix_that_fits_decides(postal_code: str, tax: int) -> None:
    assert quoted(ledger(), 10_000, Address(country="US", postal_code=postal_code)).tax.minor == tax


def test_postal_codes_are_compared_without_spaces_and_case() -> None:
    assert quoted(ledger(), 1000, Address(country="GB", postal_code="sw1a 1aa"), "GBP").tax.minor == 200
    assert quoted(ledger(), 1000, Address(country="GB", postal_code="E1 6AN"), "GBP").tax.minor == 0


def test_a_country_without_a_rate_has_no_tax_and_no_label() -> None:
    quote = quoted(ledger(), 2900, Address(country="CH", postal_code="8001"))
    assert (quote.tax.minor, quote.tax_label) == (0, "")


@pytest.mark.parametrize(("minor", "tax"), [(150, 29), (50, 10), (49, 9), (1, 0), (3, 1), (1050, 200)])
def test_half_a_cent_is_rounded_up(minor: int, tax: int) -> None:
    assert quoted(ledger(), minor, BERLIN, "EUR").tax.minor == tax


def test_the_yen_has_no_cents() -> None:
    quote = quoted(ledger(), 985, Address(country="JP", postal_code="100-0001"), "JPY")
    assert (str(quote.net), str(quote.tax), str(quote.total)) == ("¥985", "¥99", "¥1,084")


@pytest.mark.parametrize(("minor", "net", "tax"), [(11_900, 10_000, 1_900), (2900, 2437, 463), (1, 1, 0)])
def test_with_tax_included_the_customer_pays_exactly_the_price(minor: int, net: int, tax: int) -> None:
    quote = quoted(ledger(prices_include_tax=True), minor, BERLIN, "EUR")
    assert (quote.net.minor, quote.tax.minor, quote.total.minor) == (net, tax, minor)
    assert quote.tax_label == "USt. 19 %"


def test_a_rate_written_as_a_float_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValidationError, match=r'write the rate in quotes, as in "8\.9"'):
        Settings.model_validate({"taxes": [{"country": "US", "rate": 8.9, "label": "Sales tax"}]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "us", "rate": "1", "label": "Tax"},
        {"country": "US", "rate": "-1", "label": "Tax"},
        {"country": "US", "rate": "101", "label": "Tax"},
        {"country": "US", "rate": "NaN", "label": "Tax"},
        {"country": "US", "rate": "1", "label": ""},
        {"country": "US", "rate": "1", "label": "Tax", "extra": 1},
    ],
)
def test_a_wrong_rate_is_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"taxes": [wrong]})


def test_two_rates_for_one_place_are_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="two rates for postal codes 787… in US: leave one"):
        Settings.model_validate({"taxes": [*RATES, RATES[0]]})


def test_the_hub_finds_the_ledger_by_its_entry_point() -> None:
    (entry,) = entry_points(group="arumaldo.plugins", name="ledger")
    assert entry.load() is plugin
    assert plugin.provides == {"billing": "arumaldo_ledger.billing:LedgerBilling"}
    assert Settings.model_validate({"taxes": RATES}).taxes[0].rate == Decimal("8.25")
