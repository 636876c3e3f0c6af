"""billing, by Zoho Billing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote as escaped

import httpx2

from arumaldo import Denied, Money, NotFound, OutcomeUnknown, Refused, Unavailable, hookimpl
from arumaldo.capabilities.billing import Address, BillTo, Invoice, Plan, Quote, RecordedPayment, Subscription
from arumaldo_zoho.billing_answers import CustomerRow, InvoiceRow, SubscriptionRow, read
from arumaldo_zoho.billing_invoices import Invoices
from arumaldo_zoho.billing_pages import each
from arumaldo_zoho.billing_plans import Line, Plans, line_of
from arumaldo_zoho.client import NAME, ZohoClient
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.taxes import quote_of

_OURS = re.compile("[a-z2-7]{20}")
_ALL = {"filter_by": "SubscriptionStatus.All"}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_INVOICE_COMES_WITHIN = timedelta(minutes=1)
_NAME_MARKS = 70


class ZohoBilling:
    """One organisation of Zoho Billing.

    A customer's display name ends in the reference it was made for, "Bottega Rossi (abc…)": names are unique there, it
    needs no set-up, and people can read it. A subscription carries its reference as `reference_id`, a payment as
    `reference_number`.
    """

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._client = ZohoClient(settings, http)
        self._plans = Plans(self._client)
        self._invoices = Invoices(self._client)

    @hookimpl
    def quote(self, plan: Plan, address: Address) -> Quote:
        """See the capability. Computed from `taxes` and `prices_include_tax`; the vendor is not asked."""
        return quote_of(plan.price, address, self._settings.taxes, included=self._settings.prices_include_tax)

    @hookimpl
    def create_bill_to(self, reference: str, name: str, email: str, address: Address) -> BillTo:
        """See the capability; a second call answers the first one's customer.

        A name that is taken carries the reference, so it is ours: it is looked for among all customers, should its
        address for invoices have been changed. While no list shows it yet, the outcome is unknown.
        """
        if made_before := self.find_bill_tos(reference=reference, email=email):
            return made_before[0]
        shown = _shown(name) or _shown(email)
        order = {
            "display_name": f"{shown} ({reference})",
            "company_name": shown,
            "email": email,
            "payment_terms": 0,
            "billing_address": {"zip": address.postal_code, "country": address.country},
        }
        try:
            answer = self._client.billing("POST", "/customers", repeatable=False, json=order)
        except Refused as refusal:
            return self._entered_before(reference, refusal)
        return _bill_to(read(CustomerRow, answer.get("customer"), changed=True), reference)

    @hookimpl
    def find_bill_tos(self, reference: str, email: str) -> list[BillTo]:
        """See the capability."""
        return [_bill_to(row, reference) for row in self._customers(reference, email=email)]

    @hookimpl
    def create_subscription(
        self, reference: str, bill_to_id: str, plan: Plan, address: Address, quote: Quote
    ) -> Subscription:
        """See the capability; a second call answers the first one's subscription.

        The vendor makes the invoice as it makes the subscription. One that is not the quote to the cent is taken away
        again together with its subscription, also when an earlier call left it there, or left it half taken away.
        """
        made_before = self._made(reference, bill_to_id)
        if standing := [row for row in made_before if not row.is_over]:
            return self._checked(self._get(standing[0].subscription_id), quote)
        for over in made_before:
            self._checked(self._get(over.subscription_id), quote)
        self._bill_in(plan.price.currency, bill_to_id)
        line = line_of(self._settings, plan, address, quote)
        is_remembered = self._plans.ensure(line)
        try:
            made = self._begin(reference, bill_to_id, line)
        except Refused:
            self._plans.forget(line)
            if not is_remembered:
                raise
            # Nothing was made; and somebody may have deleted the plan since it was seen.
            self._plans.ensure(line)
            made = self._begin(reference, bill_to_id, line)
        return self._checked(made, quote)

    @hookimpl
    def find_subscriptions(self, reference: str, bill_to_id: str) -> list[Subscription]:
        """See the capability.

        Also one whose invoice is not the quote, which a crash left of a call that would have been refused: whoever
        undoes has to see it, and its invoice takes no payment of what was agreed. Unavailable: an invoice is awaited.
        """
        standing = [row for row in self._made(reference, bill_to_id) if not row.is_over]
        found = [self._get(row.subscription_id) for row in standing]
        return [_subscription(row, self._first_invoice(row), reference) for row in found]

    @hookimpl
    def list_subscriptions(self, since: datetime) -> list[Subscription]:
        """See the capability. Where there is no invoice (another's trial), it has no id and asks for nothing."""
        rows = {row.subscription_id: row for row in each(self._client, "subscriptions", SubscriptionRow, **_ALL)}
        wanted = [row for row in rows.values() if not row.is_over and _is_since(row, since)]
        invoices = self._invoices.first_of_each(wanted, list(rows.values()))
        return [_subscription(row, invoices.get(row.subscription_id), _reference_in(row)) for row in wanted]

    @hookimpl
    def record_payment(self, reference: str, invoice_id: str, amount: Money, charge_id: str) -> RecordedPayment:
        """See the capability; a second call answers the first one's payment.

        `reference` becomes the payment's reference number, and its description names the charge.
        """
        return self._invoices.pay(reference, invoice_id, amount, charge_id)

    @hookimpl
    def find_payments(self, reference: str, invoice_id: str) -> list[RecordedPayment]:
        """See the capability."""
        try:
            invoice = self._invoices.get(invoice_id)
        except NotFound:
            return []
        return self._invoices.payments(invoice, reference)

    @hookimpl
    def get_invoice(self, invoice_id: str) -> Invoice:
        """See the capability."""
        return self._invoices.get(invoice_id).ours

    @hookimpl
    def remove_subscription(self, subscription_id: str) -> None:
        """See the capability.

        Cancelled first, so that nothing more comes; then its invoices, each one's payments before the invoice itself: a
        void one does not show them any more. A second call finishes what a crash left, wherever that was.
        """
        try:
            row = self._get(subscription_id)
        except NotFound:
            return
        if not row.is_over:
            self._cancel(row)
        self._invoices.take_back(row)

    def close(self) -> None:
        self._client.close()

    def _customers(self, reference: str, **params: str) -> list[CustomerRow]:
        """Those whose name ends in the reference, each once."""
        ending = f"({reference})"
        rows = each(self._client, "customers", CustomerRow, **params)
        return list({row.customer_id: row for row in rows if row.display_name.endswith(ending)}.values())

    def _entered_before(self, reference: str, refusal: Refused) -> BillTo:
        if made_before := self._customers(reference):
            return _bill_to(made_before[0], reference)
        if "code 3062" not in refusal.what:
            raise refusal
        raise OutcomeUnknown(NAME, "has this customer, and no list shows it yet") from refusal

    def _bill_in(self, currency: str, bill_to_id: str) -> None:
        """A customer is entered in the organisation's currency, and the vendor lets it change until it was billed."""
        path = f"/customers/{escaped(bill_to_id, safe='')}"
        customer = read(CustomerRow, self._client.billing("GET", path, repeatable=True).get("customer"))
        if customer.currency_code == currency:
            return
        order = {"display_name": customer.display_name, "email": customer.email, "currency_code": currency}
        try:
            self._client.billing("PUT", path, repeatable=True, json=order)
        except Refused as refusal:
            said = f"bills this customer in {customer.currency_code} and will not in {currency}: {refusal.what}"
            raise Refused(
                NAME, f"{said}; add that currency in its settings, or price the plans in its own"
            ) from refusal

    def _begin(self, reference: str, bill_to_id: str, line: Line) -> SubscriptionRow:
        order = {
            "customer_id": bill_to_id,
            "plan": line.ordered,
            "auto_collect": False,
            "reference_id": reference,
            "payment_terms": 0,
        }
        answer = self._client.billing("POST", "/subscriptions", repeatable=False, json=order)
        return read(SubscriptionRow, answer.get("subscription"), changed=True)

    def _made(self, reference: str, bill_to_id: str) -> list[SubscriptionRow]:
        """What was made for `reference`, also what is over. `reference_id` is a free label there: compare it whole."""
        rows = each(self._client, "subscriptions", SubscriptionRow, **_ALL, customer_id=bill_to_id)
        found = {row.subscription_id: row for row in rows if row.reference_id == reference}
        return sorted(found.values(), key=lambda row: (row.created_time or _LONG_AGO, row.subscription_id))

    def _get(self, subscription_id: str) -> SubscriptionRow:
        answer = self._client.billing("GET", f"/subscriptions/{subscription_id}", repeatable=True)
        return read(SubscriptionRow, answer.get("subscription"))

    def _first_invoice(self, row: SubscriptionRow) -> InvoiceRow | None:
        """None when it has none, and none will come."""
        invoice = self._invoices.first_of(row)
        if invoice is None and _is_young(row):
            raise Unavailable(NAME, f"has not made the invoice of subscription {row.subscription_id} yet")
        return invoice

    def _checked(self, row: SubscriptionRow, quote: Quote) -> Subscription:
        """The subscription, when its invoice is the quote. It exists: what goes wrong here leaves it in doubt."""
        try:
            invoice = self._first_invoice(row)
            if invoice is not None and invoice.ours.total == quote.total:
                return _subscription(row, invoice, row.reference_id)
            self.remove_subscription(row.subscription_id)
        except (Unavailable, Denied, Refused) as error:
            said = f"made subscription {row.subscription_id}, which could not be looked at to the end: {error.what}"
            raise OutcomeUnknown(NAME, said) from error
        raise Refused(NAME, _why_not(invoice, quote))

    def _cancel(self, row: SubscriptionRow) -> None:
        """At once. It may be over by now, which the vendor refuses in words we do not know."""
        path = f"/subscriptions/{row.subscription_id}/cancel"
        try:
            # Only as a query parameter is it heeded, and the vendor's default is not certain.
            self._client.billing("POST", path, repeatable=True, params={"cancel_at_end": "false"})
        except Refused:
            try:
                is_over = self._get(row.subscription_id).is_over
            except NotFound:
                is_over = True
            if not is_over:
                raise


def _shown(name: str) -> str:
    """As it may stand in the vendor's pages, and short enough to leave room for the reference."""
    return " ".join(re.sub(r"[<>]", " ", name).split())[:_NAME_MARKS].strip()


def _bill_to(row: CustomerRow, reference: str) -> BillTo:
    return BillTo(id=row.customer_id, reference=reference, made_at=row.created_time)


def _reference_in(row: SubscriptionRow) -> str | None:
    """The label is free, so another's may say anything."""
    return row.reference_id if _OURS.fullmatch(row.reference_id) else None


def _subscription(row: SubscriptionRow, invoice: InvoiceRow | None, reference: str | None) -> Subscription:
    nothing = Money(minor=0, currency=row.currency_code or "USD")
    return Subscription(
        id=row.subscription_id,
        reference=reference,
        made_at=row.created_time,
        invoice=invoice.ours if invoice else Invoice(id="", number="", total=nothing, due=nothing),
        renews_at=row.renews_at,
    )


def _is_since(row: SubscriptionRow, since: datetime) -> bool:
    """The vendor tells whole seconds."""
    return row.created_time is None or row.created_time >= since.replace(microsecond=0)


def _is_young(row: SubscriptionRow) -> bool:
    return row.created_time is None or datetime.now(UTC) - row.created_time < _INVOICE_COMES_WITHIN


def _why_not(invoice: InvoiceRow | None, quote: Quote) -> str:
    if invoice is None:
        return (
            "made a subscription without an invoice, so it was taken back: switch off trials and unbilled charges in"
            " its settings"
        )
    return (
        f"made an invoice of {invoice.ours.total} where {quote.total} was agreed, so the subscription was taken back:"
        " compare the taxes and the currency there with [[plugins.zoho.taxes]] and the plans"
    )
