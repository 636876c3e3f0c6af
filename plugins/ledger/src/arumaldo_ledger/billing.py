"""billing from our own books."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from arumaldo import Money, hookimpl
from arumaldo.capabilities.billing import Address, Plan, Quote
from arumaldo_ledger.settings import Settings, TaxRate, plain_code


class LedgerBilling:
    """Computes; asks nobody."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @hookimpl
    def quote(self, plan: Plan, address: Address) -> Quote:
        rate = self._rate_at(address)
        if rate is None:
            return Quote(net=plan.price, tax=_money(0, plan), total=plan.price)
        tax = _tax(plan.price.minor, rate.rate, included=self._settings.prices_include_tax)
        net = plan.price.minor - tax if self._settings.prices_include_tax else plan.price.minor
        return Quote(
            net=_money(net, plan),
            tax=_money(tax, plan),
            total=_money(net + tax, plan),
            tax_label=f"{rate.label} {rate.rate.normalize():f} %",
        )

    def _rate_at(self, address: Address) -> TaxRate | None:
        """The rate whose postal prefix says most about this address."""
        code = plain_code(address.postal_code)
        fitting = [
            tax for tax in self._settings.taxes if tax.country == address.country and code.startswith(tax.postal_prefix)
        ]
        return max(fitting, key=lambda tax: len(tax.postal_prefix), default=None)


def _tax(minor: int, rate: Decimal, *, included: bool) -> int:
    """In minor units, half a unit upwards."""
    base = 100 + rate if included else Decimal(100)
    return int((minor * rate / base).quantize(Decimal(1), ROUND_HALF_UP))


def _money(minor: int, plan: Plan) -> Money:
    return Money(minor=minor, currency=plan.price.currency)
