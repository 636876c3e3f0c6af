"""billing: plans, prices, subscriptions and invoices. Money itself is moved by payments."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from arumaldo.capabilities.kinds import Made, creates, puts, reads
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


class BillTo(Made, frozen=True):
    """The business as the books have it."""


class Invoice(BaseModel, frozen=True):
    """`number` is what people call it. It is paid when nothing is `due` any more."""

    id: str
    number: str
    total: Money
    due: Money


class Subscription(Made, frozen=True):
    """A plan that renews, with the invoice for its first period."""

    invoice: Invoice
    renews_at: datetime | None = None


class RecordedPayment(Made, frozen=True):
    """Money that payments moved, as the books have it."""

    invoice_id: str


class Billing:
    """Whoever keeps plans, periods and invoices."""

    @reads
    def quote(self, plan: Plan, address: Address) -> Quote:
        """What the first period costs at this address, tax included; equal to the first invoice to the cent."""
        raise NotImplementedError

    @creates(find="find_bill_tos", sure_after=60)
    def create_bill_to(self, reference: str, name: str, email: str, address: Address) -> BillTo:
        """Enter a business whose invoices go to `email`. Two businesses of one name are two."""
        raise NotImplementedError

    @reads
    def find_bill_tos(self, reference: str, email: str) -> list[BillTo]:
        """Whoever was entered under `reference`; empty when there is nobody."""
        raise NotImplementedError

    @creates(find="find_subscriptions", sure_after=60, listed="list_subscriptions", undo="remove_subscription")
    def create_subscription(
        self, reference: str, bill_to_id: str, plan: Plan, address: Address, quote: Quote
    ) -> Subscription:
        """Begin the plan today, and issue the invoice of its first period; no card is charged.

        Refused, and nothing made: the invoice would not be the `quote` to the cent.
        """
        raise NotImplementedError

    @reads
    def find_subscriptions(self, reference: str, bill_to_id: str) -> list[Subscription]:
        """Every subscription that was made for `reference` and not removed; empty when there is none."""
        raise NotImplementedError

    @reads
    def list_subscriptions(self, since: datetime) -> list[Subscription]:
        """Every subscription made since then that is not removed, also what others made in the same books.

        `reference` as the books keep it, whole, None where there is none; `made_at` where they tell.
        """
        raise NotImplementedError

    @creates(find="find_payments", sure_after=60)
    def record_payment(self, reference: str, invoice_id: str, amount: Money, charge_id: str) -> RecordedPayment:
        """Enter that `amount` was paid outside, as the gateway's `charge_id`. Refused: the invoice is void or paid."""
        raise NotImplementedError

    @reads
    def find_payments(self, reference: str, invoice_id: str) -> list[RecordedPayment]:
        """The payments on this invoice that were entered under `reference`; empty when there is none."""
        raise NotImplementedError

    @reads
    def get_invoice(self, invoice_id: str) -> Invoice:
        """The invoice as it stands now. NotFound when the books have none with this id."""
        raise NotImplementedError

    @puts
    def remove_subscription(self, subscription_id: str) -> None:
        """End it at once, as if it had never been: no further invoice comes, and its first one asks for nothing.

        A payment that was entered on that invoice is taken out with it: the money went back outside. Also when it is
        already ended or gone.
        """
        raise NotImplementedError
