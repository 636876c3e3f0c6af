"""What the tests of the books do again and again."""

from __future__ import annotations

from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.taxes import TaxRate

from arumaldo import Money
from arumaldo.capabilities.billing import Address, BillTo, Quote, Subscription
from arumaldo.sandbox import Fault
from arumaldo.testing.billing import plan_of

AUSTIN = Address(country="US", postal_code="78701")
PLAN = plan_of(Money(minor=2900))
TEXAS = TaxRate.model_validate({"country": "US", "rate": "8.25", "label": "Sales tax", "tax_id": "903000000065300"})
GERMANY = TaxRate.model_validate({"country": "DE", "rate": "19", "label": "USt.", "tax_id": "903000000065319"})
OPENING = "(?s)^POST /billing/v1/{}\n"
"""For a fault: the call that makes one of these."""


def enter(billing: ZohoBilling, reference: str, name: str = "Bottega Rossi", email: str = "a+b@example.com") -> BillTo:
    return billing.create_bill_to(reference=reference, name=name, email=email, address=AUSTIN)


def begin(billing: ZohoBilling, bill_to: BillTo, reference: str, quote: Quote | None = None) -> Subscription:
    quote = quote or billing.quote(plan=PLAN, address=AUSTIN)
    return billing.create_subscription(
        reference=reference, bill_to_id=bill_to.id, plan=PLAN, address=AUSTIN, quote=quote
    )


def find(billing: ZohoBilling, bill_to: BillTo, reference: str) -> list[Subscription]:
    return billing.find_subscriptions(reference=reference, bill_to_id=bill_to.id)


def pay(billing: ZohoBilling, made: Subscription, reference: str) -> None:
    billing.record_payment(
        reference=reference, invoice_id=made.invoice.id, amount=made.invoice.total, charge_id="60123456789"
    )


def standing(sandbox: ZohoSandbox, kind: str) -> list[str]:
    """The ids of what exists and was not undone."""
    return [entry.id for entry in sandbox.ledger()[kind] if entry.state == "live"]


def balances(sandbox: ZohoSandbox) -> list[str]:
    return [entry.facts["balance"] for entry in sandbox.ledger()["invoices"] if entry.state == "live"]


def cut(sandbox: ZohoSandbox, match: str, effect: str = "after", times: int = 1) -> None:
    sandbox.faults.order(Fault.model_validate({"match": match, "effect": effect, "answer": "cut", "times": times}))
