"""Billing's books, second part: subscriptions, whose terms pass with the clock, and the invoices they raise."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from arumaldo_zoho.sandbox.billing_book import Book, Row, rounded
from arumaldo_zoho.sandbox.billing_models import NewSubscription, OrderedPlan
from arumaldo_zoho.sandbox.billing_wire import INVALID, Failure, day, no_such

SUBSCRIPTIONS = "billing-subscriptions"
INVOICES = "billing-invoices"
ENDED = ("cancelled", "expired")


class Terms:
    """What runs. Everything that reads calls `pass_time` first, and each change is whole."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sandbox = book.sandbox
        self._shelf = book.shelf
        self._passed = ""

    def begin(self, order: NewSubscription) -> Row:
        """A subscription from today, with its first invoice; the switch `invoices` may be `draft` or `none`."""
        with self._shelf.locked():
            customer = self._book.customer(order.customer_id)
            if order.auto_collect:
                raise Failure(400, INVALID, "A card is needed to collect automatically.")
            row = self._keep(self._new(order, order.plan, customer))
            if self._sandbox.switches.get("invoices") != "none":
                self._bill(row, row["current_start"])
            return row

    def _new(self, order: NewSubscription, ordered: OrderedPlan, customer: Row) -> Row:
        plan = self._book.plan(ordered.plan_code)
        price = ordered.price if ordered.price is not None else Decimal(plan["recurring_price"])
        now = self._sandbox.now()
        row = {
            "id": self._book.new_id(),
            "customer_id": customer["id"],
            "currency_code": customer["currency_code"],
            "plan_code": plan["id"],
            "plan_name": plan["name"],
            "plan_description": ordered.plan_description or plan["description"],
            "price": str(self._book.checked_amount(price, customer["currency_code"])),
            "quantity": ordered.quantity,
            "tax_id": self._book.checked_tax(ordered.tax_id or plan["tax_id"]),
            "interval": plan["interval"],
            "interval_unit": plan["interval_unit"],
            "cycles": plan["billing_cycles"] if ordered.billing_cycles is None else ordered.billing_cycles,
            "product_id": plan["product_id"],
            "product_name": self._book.product(plan["product_id"])["name"],
            "reference_id": order.reference_id,
            "payment_terms": order.payment_terms,
            "status": "live",
            "began": day(now),
            "term": 0,
            "invoice_id": "",
            "created": now,
            "updated": now,
        }
        return self._in_term(row, 0)

    def subscription(self, key: str) -> Row:
        row = self._shelf.get(SUBSCRIPTIONS, key)
        if row is None:
            raise no_such("Subscription")
        return row

    def invoice(self, key: str) -> Row:
        row = self._shelf.get(INVOICES, key)
        if row is None or row["status"] == "deleted":
            raise no_such("Invoice")
        return row

    def cancel(self, key: str, *, at_end: bool) -> Row:
        with self._shelf.locked():
            row = self.subscription(key)
            if row["status"] in ENDED:
                raise Failure(400, INVALID, "The subscription is not in a state in which it can be cancelled.")
            row["status"] = "non_renewing" if at_end else "cancelled"
            return self._keep(row)

    def void(self, key: str) -> Row:
        """Payments go back to the customer as a credit. A draft cannot be voided, nor anything twice."""
        with self._shelf.locked():
            row = self.invoice(key)
            if row["status"] in ("draft", "void"):
                raise Failure(400, INVALID, f"An invoice that is {row['status']} cannot be voided.")
            return self.keep_invoice({**row, "status": "void", "payments": []})

    def open(self, key: str) -> Row:
        with self._shelf.locked():
            row = self.invoice(key)
            if row["status"] == "void":
                raise Failure(400, INVALID, "A void invoice cannot be opened.")
            return self.keep_invoice({**row, "status": "sent"})

    def delete_invoice(self, key: str) -> None:
        with self._shelf.locked():
            row = self.invoice(key)
            if row["payments"]:
                raise Failure(400, INVALID, "Invoices which have payments applied cannot be deleted.")
            self.keep_invoice({**row, "status": "deleted"})

    def keep_invoice(self, row: Row) -> Row:
        return self._book.keep(INVOICES, {**row, "updated": self._sandbox.now()})

    def pass_time(self) -> None:
        """Renew, expire and end what is due by the vendor's clock, each term in its turn; once for each day."""
        today = day(self._sandbox.now())
        with self._shelf.locked():
            if today == self._passed:
                return
            self._passed = today
            for row in self._shelf.all(SUBSCRIPTIONS):
                while row["status"] not in ENDED and row["current_end"] <= today:
                    self._next_term(row)

    def _next_term(self, row: Row) -> None:
        over = row["cycles"] > 0 and row["term"] + 1 >= row["cycles"]
        if over or row["status"] == "non_renewing":
            row["status"] = "expired" if over else "cancelled"
            self._keep(row)
            return
        self._bill(self._in_term(row, row["term"] + 1), row["current_start"])

    def _in_term(self, row: Row, number: int) -> Row:
        began = date.fromisoformat(row["began"])
        months = row["interval"] * (12 if row["interval_unit"] == "years" else 1)
        row["term"] = number
        row["current_start"] = _months_later(began, months * number).isoformat()
        row["current_end"] = _months_later(began, months * (number + 1)).isoformat()
        return row

    def _bill(self, row: Row, at: str) -> None:
        """Raise the invoice of the term that begins on that day."""
        amount = Decimal(row["price"]) * row["quantity"]
        tax = rounded(amount * self._book.tax_rate(row["tax_id"]) / 100, row["currency_code"])
        now = self._sandbox.now()
        midnight = datetime.combine(date.fromisoformat(at), datetime.min.time(), UTC).timestamp()
        invoice: Row = {
            "id": self._book.new_id(),
            "number": f"INV-{self._shelf.next_number('billing-invoices'):06d}",
            "status": "draft" if self._sandbox.switches.get("invoices") == "draft" else "sent",
            "day": at,
            "subscription_id": row["id"],
            "customer_id": row["customer_id"],
            "currency_code": row["currency_code"],
            "kind": "renewal" if row["term"] else "new",
            "line": _line(row, amount, tax, self._book.tax_name(row["tax_id"])),
            "total": str(amount + tax),
            "payments": [],
            "created": max(midnight, row["created"]) if row["term"] else now,
            "updated": now,
        }
        self._book.keep(INVOICES, invoice)
        row["invoice_id"] = invoice["id"]
        self._keep(row)

    def _keep(self, row: Row) -> Row:
        return self._book.keep(SUBSCRIPTIONS, {**row, "updated": self._sandbox.now()})


def balance(invoice: Row) -> Decimal:
    """What is still asked for; nothing when it is void."""
    if invoice["status"] in ("void", "deleted"):
        return Decimal(0)
    return Decimal(invoice["total"]) - paid(invoice)


def paid(invoice: Row) -> Decimal:
    return sum((Decimal(part["amount"]) for part in invoice["payments"]), Decimal(0))


def _line(row: Row, amount: Decimal, tax: Decimal, tax_name: str) -> dict[str, Any]:
    return {
        "name": row["plan_name"],
        "description": row["plan_description"],
        "code": row["plan_code"],
        "product_id": row["product_id"],
        "price": row["price"],
        "quantity": row["quantity"],
        "item_total": str(amount),
        "tax_id": row["tax_id"] or "",
        "tax_name": tax_name,
        "tax": str(tax),
    }


def _months_later(begin: date, months: int) -> date:
    """The same day of that month, or its last one."""
    year, month = divmod(begin.month - 1 + months, 12)
    last = calendar.monthrange(begin.year + year, month + 1)[1]
    return date(begin.year + year, month + 1, min(begin.day, last))
