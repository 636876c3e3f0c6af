"""Invoices at Billing: which one belongs to a subscription's first period, what was paid on it, and taking it back."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote as escaped

from arumaldo import Money, NotFound, Refused
from arumaldo.capabilities.billing import RecordedPayment
from arumaldo_zoho.billing_answers import InvoiceRow, PaymentOn, SubscriptionRow, number, read
from arumaldo_zoho.billing_pages import each, pages
from arumaldo_zoho.client import NAME, ZohoClient

_OURS = re.compile("[a-z2-7]{20}")
_MADE_TOGETHER = timedelta(minutes=1)


class Invoices:
    """The invoices of one organisation."""

    def __init__(self, client: ZohoClient) -> None:
        self._client = client

    def get(self, invoice_id: str) -> InvoiceRow:
        """As it stands now. NotFound: there is none, as with the "" of a subscription without one."""
        if not invoice_id:
            raise NotFound(NAME, "has no invoice without an id")
        answer = self._client.billing("GET", _path(invoice_id), repeatable=True)
        return read(InvoiceRow, answer.get("invoice"))

    def first_of(self, row: SubscriptionRow) -> InvoiceRow | None:
        """The invoice of the first period; None while there is none, and when it was deleted."""
        if row.was_renewed and (listed := self._listed(row)):
            return listed[0]
        return self._get_or_none(row.child_invoice_id)

    def first_of_each(
        self, wanted: Sequence[SubscriptionRow], everybody: Sequence[SubscriptionRow]
    ) -> dict[str, InvoiceRow]:
        """The same for many, by the subscription's id, with few calls.

        The vendor's lists do not say which invoice is whose. But where a customer has one subscription, and one invoice
        that was made with it, these belong together; the others are asked for one by one.
        """
        invoices: dict[str, list[InvoiceRow]] = defaultdict(list)
        oldest = min((row.created_time for row in wanted if row.created_time), default=None)
        for one in self._made_since(oldest - _MADE_TOGETHER) if oldest and len(wanted) > 1 else ():
            invoices[one.customer_id].append(one)
        count = Counter(row.customer_id for row in everybody)
        found: dict[str, InvoiceRow] = {}
        for row in wanted:
            made_with_it = {one.invoice_id: one for one in invoices[row.customer_id] if _made_together(one, row)}
            if count[row.customer_id] == 1 and len(made_with_it) == 1:
                found[row.subscription_id] = made_with_it.popitem()[1]
            elif (invoice := self._asked_for(row)) is not None:
                found[row.subscription_id] = invoice
        return found

    def _made_since(self, since: datetime) -> Iterator[InvoiceRow]:
        """At least these. It is not certain that one may ask for an order here, as at the sister products."""
        try:
            yield from self._newest(since)
        except Refused:
            yield from each(self._client, "invoices", InvoiceRow)

    def _newest(self, since: datetime) -> Iterator[InvoiceRow]:
        """All of them where the vendor does not answer that the newest come first."""
        asked = {"sort_column": "created_time", "sort_order": "D"}
        for rows, context in pages(self._client, "invoices", InvoiceRow, **asked):
            yield from rows
            last = rows[-1].created_time if rows and asked.items() <= context.items() else None
            if last is not None and last < since:
                return

    def payments(self, invoice: InvoiceRow, reference: str) -> list[RecordedPayment]:
        """Those on this invoice that were entered under `reference`."""
        return [
            RecordedPayment(id=payment.payment_id, reference=reference, invoice_id=invoice.invoice_id)
            for payment in invoice.payments
            if payment.reference_number == reference
        ]

    def pay(self, reference: str, invoice_id: str, amount: Money, charge_id: str) -> RecordedPayment:
        """Enter a payment, unless it is there. Refused: the invoice is void, or asks for another amount."""
        invoice = self.get(invoice_id)
        if made_before := self.payments(invoice, reference):
            return made_before[0]
        _refuse_unless_due(invoice, amount)
        if invoice.status == "draft":
            # A draft takes no payment, and some organisations let invoices begin as drafts.
            self._client.billing("POST", f"{_path(invoice_id)}/converttoopen", repeatable=True)
        order = {
            "customer_id": invoice.customer_id,
            "payment_mode": "others",
            "amount": number(amount),
            "date": _today(invoice),
            "reference_number": reference,
            "description": f"Paid outside, charge {charge_id}",
            "invoices": [{"invoice_id": invoice.invoice_id, "amount_applied": number(amount)}],
        }
        # The vendor makes two of what is sent twice.
        answer = self._client.billing("POST", "/payments", repeatable=False, json=order)
        payment = read(PaymentOn, answer.get("payment"), changed=True)
        return RecordedPayment(id=payment.payment_id, reference=reference, invoice_id=invoice_id)

    def take_back(self, row: SubscriptionRow) -> None:
        """Make the subscription's invoices ask for nothing; a second call changes nothing.

        Of its first invoice the payments that we entered are taken out. A later invoice that is paid stands, for that
        money did not go back.
        """
        listed = [invoice.invoice_id for invoice in self._listed(row)]
        first_id = listed[0] if row.was_renewed and listed else row.child_invoice_id
        # A list does not tell an invoice's payments.
        if (first := self._get_or_none(first_id)) is not None:
            self._take_payments_out(first)
            self._void(first)
        for invoice_id in sorted({*listed, row.child_invoice_id} - {"", first_id}):
            later = self._get_or_none(invoice_id)
            if later is not None and not later.payments:
                self._void(later)

    def _void(self, invoice: InvoiceRow) -> None:
        """It may be void or gone by now. A draft cannot be voided, it is deleted."""
        if invoice.status == "void":
            return
        path = _path(invoice.invoice_id)
        try:
            if invoice.status == "draft":
                self._client.billing("DELETE", path, repeatable=True)
            else:
                self._client.billing("POST", f"{path}/void", repeatable=True)
        except NotFound:
            return
        except Refused:
            if self.get(invoice.invoice_id).status != "void":
                raise

    def _take_payments_out(self, invoice: InvoiceRow) -> None:
        for payment in invoice.payments:
            if _OURS.fullmatch(payment.reference_number):
                path = f"/payments/{escaped(payment.payment_id, safe='')}"
                with suppress(NotFound):
                    self._client.billing("DELETE", path, repeatable=True)

    def _get_or_none(self, invoice_id: str) -> InvoiceRow | None:
        with suppress(NotFound):
            return self.get(invoice_id)
        return None

    def _listed(self, row: SubscriptionRow) -> list[InvoiceRow]:
        """The subscription's invoices, oldest first. Lists may lag, and the newest be missing."""
        found = each(self._client, "invoices", InvoiceRow, subscription_id=row.subscription_id)
        once = {one.invoice_id: one for one in found if one.customer_id in ("", row.customer_id) or not row.customer_id}
        return sorted(once.values(), key=lambda one: (f"{one.day}", f"{one.created_time}", one.invoice_id))

    def _asked_for(self, row: SubscriptionRow) -> InvoiceRow | None:
        if listed := self._listed(row):
            return listed[0]
        with suppress(NotFound):
            answer = self._client.billing(
                "GET", f"/subscriptions/{escaped(row.subscription_id, safe='')}", repeatable=True
            )
            return self.first_of(read(SubscriptionRow, answer.get("subscription")))
        return None


def _refuse_unless_due(invoice: InvoiceRow, amount: Money) -> None:
    due = invoice.ours.due
    if invoice.status == "void":
        raise Refused(NAME, f"invoice {invoice.number} is void and takes no payment")
    if due.minor <= 0:
        raise Refused(NAME, f"invoice {invoice.number} is paid already")
    # Less than is due would leave a customer who has paid what was agreed with an open invoice.
    if due != amount:
        raise Refused(NAME, f"invoice {invoice.number} asks for {due}, and {amount} cannot be entered on it")


def _today(invoice: InvoiceRow) -> str:
    """The day it is in the organisation's time zone, whose offset the vendor's times show; never before the invoice."""
    zone = (invoice.created_time and invoice.created_time.tzinfo) or UTC
    today = datetime.now(zone).date()
    return max(today, invoice.day or today).isoformat()


def _made_together(invoice: InvoiceRow, row: SubscriptionRow) -> bool:
    if invoice.created_time is None or row.created_time is None:
        return False
    return abs(invoice.created_time - row.created_time) < _MADE_TOGETHER


def _path(invoice_id: str) -> str:
    return f"/invoices/{escaped(invoice_id, safe='')}"
