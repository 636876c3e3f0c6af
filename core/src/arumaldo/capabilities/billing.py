"""billing: plans, prices and, later, subscriptions and invoices. Money itself is moved by payments."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from arumaldo.capabilities.kinds import reads
from arumaldo.money import Money


class Plan(BaseModel, frozen=True):
    """One plan of `[plans.<name>]`. `price` is net of tax, per `every`."""

    name: str
    title: str
    price: Money
    every: Literal["month", "year"] = "month"
    points: list[str] = []
    """What the customer gets, a short line each."""


class Address(BaseModel, frozen=True):
    """Where the customer is, as far as tax needs it."""

    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")
    postal_code: str = Field(max_length=20)


class Quote(BaseModel, frozen=True):
    """The price to the cent: `net` + `tax` = `total`. `tax_label` is for the customer ("Sales tax 8.9 %")."""

    net: Money
    tax: Money
    total: Money
    tax_label: str = ""


class Billing:
    """Whoever keeps plans, periods and invoices."""

    @reads
    def quote(self, plan: Plan, address: Address) -> Quote:
        """What the first period costs at this address, tax included; equal to the first invoice to the cent."""
        raise NotImplementedError
