"""What every billing provider owes, and the quotes, which are computed from our own settings."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from importlib.metadata import entry_points

import pytest
from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.taxes import TaxRate, quote_of
from pydantic import ValidationError

from arumaldo import Money
from arumaldo.capabilities.billing import Address, Quote
from arumaldo.testing.billing import BillingConformance, QuoteConformance, plan_of

AUSTIN = Address(country="US", postal_code="78701")
BERLIN = Address(country="DE", postal_code="10115")
RATES = [
    {"country": "US", "postal_prefix": "787", "rate": "8.25", "label": "Sales tax", "tax_id": "903000000065300"},
    {"country": "US", "rate": "6", "label": "Sales tax"},
    {"country": "DE", "rate": "19.00", "label": "USt.", "tax_id": "903000000065319"},
    {"country": "JP", "rate": "10", "label": "消費税"},
    {"country": "GB", "postal_prefix": "sw-1", "rate": "20", "label": "VAT"},
]
NOWHERE = "http://localhost:9/zoho"


def with_taxes(settings: Settings, **changes: object) -> Settings:
    rates = [TaxRate.model_validate(rate) for rate in RATES]
    return settings.model_copy(update={"taxes": rates, **changes})


def quoting(**changes: object) -> ZohoBilling:
    """A provider whose vendor is not there at all."""
    return ZohoBilling(with_taxes(Settings.at_sandbox(NOWHERE), **changes))


def quoted(billing: ZohoBilling, minor: int, place: Address, currency: str = "USD") -> Quote:
    return billing.quote(plan=plan_of(Money(minor=minor, currency=currency)), address=place)


class TestQuotesAsTheyCome(QuoteConformance):
    """Without a tax rate."""

    @pytest.fixture(scope="class")
    @classmethod
    def billing(cls) -> ZohoBilling:
        return ZohoBilling(Settings.at_sandbox(NOWHERE))


class TestQuotesWithRates(QuoteConformance):
    """With tax rates."""

    @pytest.fixture(scope="class")
    @classmethod
    def billing(cls) -> ZohoBilling:
        return quoting()


class TestQuotesWithTaxIncluded(QuoteConformance):
    """With prices that hold the tax."""

    @pytest.fixture(scope="class")
    @classmethod
    def billing(cls) -> ZohoBilling:
        return quoting(prices_include_tax=True)


class TestBilling(BillingConformance):
    """As it comes."""

    @pytest.fixture
    def billing(self, settings: Settings) -> Iterator[ZohoBilling]:
        billing = ZohoBilling(settings)
        yield billing
        billing.close()


class TestBillingWithTheVendorsTax(BillingConformance):
    """With a tax that the vendor knows and computes itself."""

    @pytest.fixture
    def billing(self, settings: Settings) -> Iterator[ZohoBilling]:
        billing = ZohoBilling(with_taxes(settings))
        yield billing
        billing.close()


class TestBillingWithTaxInWords(BillingConformance):
    """With a tax that the vendor does not know."""

    place = Address(country="US", postal_code="10001")

    @pytest.fixture
    def billing(self, settings: Settings) -> Iterator[ZohoBilling]:
        billing = ZohoBilling(with_taxes(settings))
        yield billing
        billing.close()


class TestBillingWithLateLists(BillingConformance):
    """At a vendor whose lists show late what is there."""

    @pytest.fixture
    def billing(self, sandbox: ZohoSandbox, settings: Settings) -> Iterator[ZohoBilling]:
        sandbox.show_late = 0.4
        billing = ZohoBilling(settings)
        yield billing
        billing.close()


class TestBillingInYen(BillingConformance):
    """Kept in a currency without cents, with the vendor's other names for fields."""

    price = Money(minor=980, currency="JPY")

    @pytest.fixture
    def billing(self, sandbox: ZohoSandbox, settings: Settings) -> Iterator[ZohoBilling]:
        sandbox.switches |= {"currency": "JPY", "invoice_style": "long"}
        billing = ZohoBilling(with_taxes(settings))
        yield billing
        billing.close()


def test_the_hub_finds_the_books_by_their_entry_point() -> None:
    (entry,) = entry_points(group="arumaldo.plugins", name="zoho")
    assert entry.load().provides["billing"] == "arumaldo_zoho.billing:ZohoBilling"


def test_without_tax_rates_the_price_is_the_total() -> None:
    price = Money(minor=2900)
    quote = quoted(ZohoBilling(Settings.at_sandbox(NOWHERE)), 2900, AUSTIN)
    assert quote == Quote(net=price, tax=Money(minor=0), total=price, tax_label="")


def test_tax_is_added_and_named_with_its_rate() -> None:
    quote = quoted(quoting(), 2900, AUSTIN)
    assert (quote.net.minor, quote.tax.minor, quote.total.minor) == (2900, 239, 3139)
    assert quote.tax_label == "Sales tax 8.25 %"


@pytest.mark.parametrize(
    ("postal_code", "tax"), [("78701", 825), ("787", 825), ("10001", 600), ("", 600), ("78-701", 825)]
)
def test_the_longest_postal_prefix_that_fits_decides(postal_code: str, tax: int) -> None:
    assert quoted(quoting(), 10_000, Address(country="US", postal_code=postal_code)).tax.minor == tax


def test_postal_codes_are_compared_without_spaces_and_case() -> None:
    assert quoted(quoting(), 1000, Address(country="GB", postal_code="sw1a 1aa"), "GBP").tax.minor == 200
    assert quoted(quoting(), 1000, Address(country="GB", postal_code="E1 6AN"), "GBP").tax.minor == 0


def test_a_country_without_a_rate_has_no_tax_and_no_label() -> None:
    quote = quoted(quoting(), 2900, Address(country="CH", postal_code="8001"))
    assert (quote.tax.minor, quote.tax_label) == (0, "")


@pytest.mark.parametrize(("minor", "tax"), [(150, 29), (50, 10), (49, 9), (1, 0), (3, 1), (1050, 200)])
def test_half_a_cent_is_rounded_up(minor: int, tax: int) -> None:
    assert quoted(quoting(), minor, BERLIN, "EUR").tax.minor == tax


def test_the_yen_has_no_cents() -> None:
    quote = quoted(quoting(), 985, Address(country="JP", postal_code="100-0001"), "JPY")
    assert (str(quote.net), str(quote.tax), str(quote.total)) == ("¥985", "¥99", "¥1,084")


@pytest.mark.parametrize(("minor", "net", "tax"), [(11_900, 10_000, 1_900), (2900, 2437, 463), (1, 1, 0)])
def test_with_tax_included_the_customer_pays_exactly_the_price(minor: int, net: int, tax: int) -> None:
    quote = quoted(quoting(prices_include_tax=True), minor, BERLIN, "EUR")
    assert (quote.net.minor, quote.tax.minor, quote.total.minor) == (net, tax, minor)
    assert quote.tax_label == "USt. 19 %"


def test_tax_within_a_price_is_never_off_by_more_than_half_a_cent() -> None:
    rates = [TaxRate.model_validate(rate) for rate in RATES]
    for minor in range(1, 3000):
        tax = quote_of(Money(minor=minor, currency="EUR"), BERLIN, rates, included=True).tax.minor
        assert abs(Fraction(minor * 19, 119) - tax) <= Fraction(1, 2)


def test_a_rate_written_as_a_float_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValidationError, match=r'write the rate in quotes, as in "8\.9"'):
        TaxRate.model_validate({"country": "US", "rate": 8.9, "label": "Sales tax"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "us", "rate": "1", "label": "Tax"},
        {"country": "US", "rate": "-1", "label": "Tax"},
        {"country": "US", "rate": "101", "label": "Tax"},
        {"country": "US", "rate": "NaN", "label": "Tax"},
        {"country": "US", "rate": "1", "label": ""},
        {"country": "US", "rate": "1", "label": "Tax", "tax_id": ""},
        {"country": "US", "rate": "1", "label": "Tax", "extra": 1},
    ],
)
def test_a_wrong_rate_is_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TaxRate.model_validate(wrong)


def test_two_rates_for_one_place_are_refused_at_the_start() -> None:
    given = Settings.at_sandbox(NOWHERE).model_dump() | {"taxes": [*RATES, RATES[0]]}
    with pytest.raises(ValidationError, match="two rates for postal codes 787… in US: leave one"):
        Settings.model_validate(given)
