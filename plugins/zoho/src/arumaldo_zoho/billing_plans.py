"""What is ordered at the vendor for one of our plans: its code, its price, its tax.

A plan at the vendor is known by a code of our choice. The code carries all that makes the invoice what it is, so that a
changed price or tax is another plan there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as escaped

from arumaldo import Money, NotFound, Refused, Unavailable
from arumaldo.capabilities.billing import Address, Plan, Quote
from arumaldo_zoho.billing_answers import ProductRow, number, read
from arumaldo_zoho.billing_pages import each
from arumaldo_zoho.client import NAME, ZohoClient
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.taxes import rate_at, tax_of

PRODUCT = "Website plans"


@dataclass(frozen=True)
class Line:
    """The one line of the invoice. Without `tax_id` the vendor adds no tax: `price` is then the whole."""

    plan: Plan
    price: Money
    total: Money
    tax_id: str | None
    tax_label: str
    description: str

    @property
    def code(self) -> str:
        parts = [self.plan.name, self.price.currency.lower(), str(self.price.minor), str(self.total.minor)]
        return "-".join([*parts, self.plan.every, *([self.tax_id] if self.tax_id else [])])

    @property
    def name(self) -> str:
        """What the customer reads on the invoice."""
        return f"{self.plan.title[:40]}, {self.price} a {self.plan.every}" + (
            f" and {self.tax_label[:30]}" if self.tax_id else ""
        )

    @property
    def ordered(self) -> dict[str, Any]:
        """As a part of a new subscription, its price told again: somebody may have changed the plan at the vendor."""
        described = {"plan_description": self.description} if self.description else {}
        return {"plan_code": self.code, "quantity": 1, "price": number(self.price), **described, **self._tax}

    def made_under(self, product_id: str, name: str) -> dict[str, Any]:
        """As a new plan."""
        return {
            "plan_code": self.code,
            "name": name,
            "recurring_price": number(self.price),
            "interval": 1,
            "interval_unit": f"{self.plan.every}s",
            "billing_cycles": -1,
            "product_id": product_id,
            **self._tax,
        }

    @property
    def _tax(self) -> dict[str, str]:
        return {"tax_id": self.tax_id} if self.tax_id else {}


def line_of(settings: Settings, plan: Plan, address: Address, quote: Quote) -> Line:
    """The line whose invoice is `quote.total` to the cent.

    The vendor computes the tax where it knows it and comes to the same total. Where it does not (no `tax_id`; a rate
    that changed after the quote; a price that holds the tax and that no net price leads to), the line is the whole
    amount, and says in words what of it is tax.
    """
    rate = rate_at(settings.taxes, address)
    if rate is not None and rate.tax_id and tax_of(quote.net.minor, rate.rate) == quote.tax.minor:
        return Line(plan, quote.net, quote.total, rate.tax_id, quote.tax_label, "")
    told = f"Includes {quote.tax_label}: {quote.tax}" if quote.tax.minor else ""
    return Line(plan, quote.total, quote.total, None, "", told)


class Plans:
    """The plans at the vendor. One that was seen once is not asked for again."""

    def __init__(self, client: ZohoClient) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._product_id: str | None = None

    def ensure(self, line: Line) -> bool:
        """Make the vendor have the plan of this line; a second call changes nothing.

        Answers whether that was only remembered.
        """
        if line.code in self._seen:
            return True
        if not self._exists(line.code):
            self._make(line)
        self._seen.add(line.code)
        return False

    def forget(self, line: Line) -> None:
        """Ask again at the next call: somebody may have deleted it."""
        self._seen.discard(line.code)

    def _exists(self, code: str) -> bool:
        try:
            self._client.billing("GET", f"/plans/{escaped(code, safe='')}", repeatable=True)
        except NotFound:
            return False
        return True

    def _make(self, line: Line) -> None:
        """Whatever the vendor calls it: where the code is there after a refusal, another worker was quicker.

        Nothing says whether two plans may have one name, so a refused one is tried under a name that is surely its own.
        """
        product_id = self._product()
        for name in (line.name, line.code):
            try:
                order = line.made_under(product_id, name)
                # Two of one code cannot be, so the call may be repeated.
                self._client.billing("POST", "/plans", repeatable=True, json=order)
            except Refused:
                if self._exists(line.code):
                    return
                if name == line.code:
                    self._product_id = None
                    raise
            else:
                return

    def _product(self) -> str:
        """The product that all plans belong to."""
        self._product_id = self._product_id or self._known_product() or self._new_product()
        return self._product_id

    def _new_product(self) -> str:
        try:
            made = self._client.billing("POST", "/products", repeatable=True, json={"name": PRODUCT})
        except Refused as refusal:
            if (known := self._known_product()) is not None:
                return known
            if not re.search("already|duplicate", refusal.what, re.IGNORECASE):
                raise
            raise Unavailable(NAME, f"has a product {PRODUCT!r} and does not list it yet") from refusal
        return read(ProductRow, made.get("product")).product_id

    def _known_product(self) -> str | None:
        rows = [row for row in each(self._client, "products", ProductRow) if row.name == PRODUCT]
        return min((row.product_id for row in rows), default=None)
