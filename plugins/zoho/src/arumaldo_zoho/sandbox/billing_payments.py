"""Billing's books, third part: payments that were taken elsewhere, and what they settle."""

from __future__ import annotations

from decimal import Decimal

from arumaldo_zoho.sandbox.billing_book import Book, Row
from arumaldo_zoho.sandbox.billing_models import Applied, NewPayment
from arumaldo_zoho.sandbox.billing_terms import Terms, balance
from arumaldo_zoho.sandbox.billing_wire import INVALID, Failure, day, no_such

PAYMENTS = "billing-payments"


class Payments:
    """Each method is one whole change. The same reference number twice makes two payments, as at the vendor."""

    def __init__(self, book: Book, terms: Terms) -> None:
        self._book = book
        self._terms = terms
        self._shelf = book.shelf

    def enter(self, order: NewPayment) -> Row:
        with self._shelf.locked():
            customer = self._book.customer(order.customer_id)
            self._book.checked_amount(order.amount, customer["currency_code"])
            if sum((part.amount_applied for part in order.invoices), Decimal(0)) > order.amount:
                raise Failure(400, INVALID, "More is applied to invoices than was paid.")
            for part in order.invoices:
                self._check(part, customer)
            now = self._book.sandbox.now()
            row: Row = {
                "id": self._book.new_id(),
                "customer_id": customer["id"],
                "currency_code": customer["currency_code"],
                "payment_mode": order.payment_mode,
                "amount": str(order.amount),
                "date": order.date or day(now),
                "reference_number": order.reference_number,
                "description": order.description,
                "invoices": [[part.invoice_id, str(part.amount_applied)] for part in order.invoices],
                "deleted": False,
                "created": now,
            }
            for part in order.invoices:
                self._apply(row, part)
            return self._book.keep(PAYMENTS, row)

    def one(self, key: str) -> Row:
        row = self._shelf.get(PAYMENTS, key)
        if row is None or row["deleted"]:
            raise no_such("Payment")
        return row

    def delete(self, key: str) -> None:
        """The invoices ask for the money again."""
        with self._shelf.locked():
            row = self.one(key)
            for invoice_id, _ in row["invoices"]:
                invoice = self._terms.invoice(invoice_id)
                left = [part for part in invoice["payments"] if part["payment_id"] != key]
                if len(left) < len(invoice["payments"]):
                    self._settle({**invoice, "payments": left})
            self._book.keep(PAYMENTS, {**row, "deleted": True})

    def on(self, invoice: Row) -> list[tuple[Row, Decimal]]:
        """The payments of an invoice, and how much of each is for it."""
        return [(self.one(part["payment_id"]), Decimal(part["amount"])) for part in invoice["payments"]]

    def _check(self, part: Applied, customer: Row) -> None:
        invoice = self._terms.invoice(part.invoice_id)
        if invoice["customer_id"] != customer["id"]:
            raise Failure(400, INVALID, "The invoice is another customer's.")
        if invoice["status"] in ("draft", "void"):
            raise Failure(400, INVALID, f"An invoice that is {invoice['status']} takes no payment.")
        if part.amount_applied > balance(invoice):
            raise Failure(400, INVALID, "The amount applied is more than the balance of the invoice.")

    def _apply(self, row: Row, part: Applied) -> None:
        invoice = self._terms.invoice(part.invoice_id)
        applied = {"payment_id": row["id"], "amount": str(part.amount_applied)}
        self._settle({**invoice, "payments": [*invoice["payments"], applied]})

    def _settle(self, invoice: Row) -> None:
        left = balance(invoice)
        status = "sent" if not invoice["payments"] else "paid" if left == 0 else "partially_paid"
        self._terms.keep_invoice({**invoice, "status": status})
