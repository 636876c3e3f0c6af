"""Billing's books, first part: customers, products, plans and taxes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from arumaldo_zoho.sandbox.billing_models import ChangedCustomer, NewCustomer, NewPlan, NewProduct
from arumaldo_zoho.sandbox.billing_wire import INVALID, Failure, no_such

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

CURRENCY = "USD"
"""The organisation's own, which customers have unless they are given another."""
TAXES = {"903000000065300": ("Sales tax", "8.25"), "903000000065319": ("VAT", "19")}
"""The taxes that are set up: name and rate by `tax_id`."""
_PRECISION = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
CUSTOMERS = "billing-customers"
NAMES = "billing-customer-names"
PRODUCTS = "billing-products"
PLANS = "billing-plans"

Row = dict[str, Any]


class Book:
    """Who buys what at which price. Each method is one whole change."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.shelf = sandbox.shelf

    def new_id(self) -> str:
        return str(903_000_000_100_000 + self.shelf.next_number("billing"))

    def keep(self, kind: str, row: Row) -> Row:
        """Put a new or a changed row where it belongs."""
        self.shelf.put(kind, row["id"], row, row["created"])
        return row

    def listed(self, kind: str) -> list[Row]:
        """What searches and lists show, newest first."""
        return self.shelf.all(kind, self.sandbox.searchable_until())[::-1]

    def add_customer(self, order: NewCustomer) -> Row:
        """Failure 3062: somebody has that name, unless the switch `names` is `free`."""
        with self.shelf.locked():
            name = order.display_name.strip().lower()
            if self.shelf.get(NAMES, name) is not None and self.sandbox.switches.get("names") != "free":
                said = f'The customer "{order.display_name}" already exists. Please specify a different name.'
                raise Failure(400, 3062, said)
            self.shelf.put(NAMES, name, {}, self.sandbox.now())
            row = order.model_dump(exclude={"custom_fields", "currency_code"})
            return self.keep(
                CUSTOMERS,
                {
                    **row,
                    "id": self.new_id(),
                    "currency_code": self.checked_currency(order.currency_code or self.currency()),
                    "created": self.sandbox.now(),
                },
            )

    def change_customer(self, key: str, order: ChangedCustomer, *, was_billed: bool) -> Row:
        """Its currency alone. The names stay here, so that none is taken twice."""
        with self.shelf.locked():
            row = self.customer(key)
            if (order.display_name, order.email) != (row["display_name"], row["email"]):
                raise Failure(400, INVALID, "The customer is another one.")
            if was_billed and order.currency_code != row["currency_code"]:
                raise Failure(400, INVALID, "The currency of a customer with transactions cannot be changed.")
            return self.keep(CUSTOMERS, {**row, "currency_code": self.checked_currency(order.currency_code)})

    def customer(self, key: str) -> Row:
        return self._one(CUSTOMERS, key, "Customer")

    def add_product(self, order: NewProduct) -> Row:
        with self.shelf.locked():
            if any(row["name"].lower() == order.name.lower() for row in self.shelf.all(PRODUCTS)):
                raise Failure(400, INVALID, f'The product "{order.name}" already exists.')
            row = {**order.model_dump(), "id": self.new_id(), "status": "active", "created": self.sandbox.now()}
            return self.keep(PRODUCTS, row)

    def product(self, key: str) -> Row:
        return self._one(PRODUCTS, key, "Product")

    def add_plan(self, order: NewPlan) -> Row:
        with self.shelf.locked():
            if self.shelf.get(PLANS, order.plan_code) is not None:
                raise Failure(400, INVALID, f'The plan code "{order.plan_code}" already exists.')
            self.product(order.product_id)
            self.checked_tax(order.tax_id)
            self.checked_amount(order.recurring_price, self.currency())
            row = {
                **order.model_dump(exclude={"recurring_price", "setup_fee"}),
                "id": order.plan_code,
                "recurring_price": str(order.recurring_price),
                "status": "active",
                "created": self.sandbox.now(),
            }
            return self.keep(PLANS, row)

    def plan(self, code: str) -> Row:
        return self._one(PLANS, code, "Plan")

    def currency(self) -> str:
        """The organisation's: of the switch `currency`."""
        return self.sandbox.switches.get("currency", CURRENCY)

    def checked_currency(self, currency: str) -> str:
        if self.sandbox.switches.get("currencies") == "one" and currency != self.currency():
            raise Failure(400, INVALID, f"The currency {currency} does not exist.")
        return currency

    def tax_rate(self, tax_id: str | None) -> Decimal:
        """In per cent. The switch `extra_tax` adds the tax of a state that nobody told us about."""
        extra = Decimal(self.sandbox.switches.get("extra_tax", "0"))
        return extra + Decimal(self._taxes()[tax_id][1] if tax_id else 0)

    def tax_name(self, tax_id: str | None) -> str:
        return self._taxes()[tax_id][0] if tax_id else ""

    def checked_tax(self, tax_id: str | None) -> str | None:
        if tax_id is not None and tax_id not in self._taxes():
            raise Failure(400, INVALID, f"The tax {tax_id} does not exist.")
        return tax_id

    def checked_amount(self, amount: Decimal, currency: str) -> Decimal:
        if amount != rounded(amount, currency):
            raise Failure(400, INVALID, f"{amount} has too many places for {currency}.")
        return amount

    def _taxes(self) -> dict[str, tuple[str, str]]:
        """Those of the organisation, and those of the switch `taxes`: "<tax_id>=<rate> <tax_id>=<rate>"."""
        told = (one.partition("=") for one in self.sandbox.switches.get("taxes", "").split())
        return TAXES | {tax_id: ("Tax", rate) for tax_id, _, rate in told}

    def _one(self, kind: str, key: str, what: str) -> Row:
        row = self.shelf.get(kind, key)
        if row is None:
            raise no_such(what)
        return row


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the smallest unit, half of one upwards."""
    return amount.quantize(Decimal(1).scaleb(-precision(currency)), ROUND_HALF_UP)


def precision(currency: str) -> int:
    """The places after the point."""
    return _PRECISION.get(currency, 2)
