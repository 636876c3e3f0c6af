"""The books at Zoho Billing: what is found, what is paid, and what is taken back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.client import ZohoClient
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings

from arumaldo import Denied, Money, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.capabilities.billing import BillTo
from arumaldo.sandbox import Fault
from arumaldo.testing.billing import new_reference

from .billing_desk import OPENING, TEXAS, balances, begin, cut, enter, find, pay, standing
from .conftest import Counted

MONTH = 32 * 24 * 3600.0


@pytest.fixture
def billing(settings: Settings) -> Iterator[ZohoBilling]:
    billing = ZohoBilling(settings.model_copy(update={"taxes": [TEXAS]}))
    yield billing
    billing.close()


@pytest.fixture
def vendor(settings: Settings) -> Iterator[ZohoClient]:
    """Somebody else with a key to the same books."""
    vendor = ZohoClient(settings)
    yield vendor
    vendor.close()


@pytest.fixture
def reference() -> str:
    return new_reference()


@pytest.fixture
def rossi(billing: ZohoBilling) -> BillTo:
    return enter(billing, new_reference())


# What is found and listed


def test_a_renewed_subscription_is_found_with_its_first_invoice(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    made = begin(billing, rossi, reference)
    pay(billing, made, new_reference())
    sandbox.shift = MONTH
    assert len(standing(sandbox, "invoices")) == 2
    (found,) = find(billing, rossi, reference)
    assert (found.invoice.id, found.invoice.due.minor) == (made.invoice.id, 0)
    (listed,) = billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))
    assert listed.invoice.id == made.invoice.id


def test_every_subscription_is_listed_with_its_own_invoice(billing: ZohoBilling, sandbox: ZohoSandbox) -> None:
    made = {}
    for _ in range(4):
        reference = new_reference()
        one = begin(billing, enter(billing, new_reference()), reference)
        made[one.id] = (reference, one.invoice)
    both = enter(billing, new_reference())
    for _ in range(2):
        reference = new_reference()
        one = begin(billing, both, reference)
        made[one.id] = (reference, one.invoice)
    listed = billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))
    assert {one.id: (one.reference, one.invoice) for one in listed} == made
    assert all(one.made_at is not None for one in listed)


@pytest.mark.parametrize(("sorting", "pages"), [("", 1), ("unheeded", 3), ("refused", 4)])
def test_a_comparison_reads_no_more_of_the_old_invoices_than_it_must(
    settings: Settings, sandbox: ZohoSandbox, counted: Counted, rossi: BillTo, sorting: str, pages: int
) -> None:
    """And the whole list where the vendor does not say that the newest come first."""
    sandbox.switches["sorting"] = sorting
    billing = ZohoBilling(settings, counted.http())
    sandbox.shift = -MONTH
    old = begin(billing, rossi, new_reference())
    row = sandbox.shelf.get("billing-invoices", old.invoice.id) or {}
    for number in range(450):
        sandbox.shelf.put("billing-invoices", f"9{number}", row | {"id": f"9{number}"}, row["created"])
    sandbox.shift = 0.0
    made = [begin(billing, enter(billing, new_reference()), new_reference()) for _ in range(2)]
    counted.sent.clear()
    listed = billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))
    assert {one.id: one.invoice for one in listed} == {one.id: one.invoice for one in made}
    assert counted.sent.count("GET /billing/v1/invoices") == pages
    billing.close()


def test_what_others_made_is_listed_without_a_reference(
    billing: ZohoBilling, vendor: ZohoClient, rossi: BillTo, reference: str
) -> None:
    begin(billing, rossi, reference)
    (plan,) = vendor.billing("GET", "/plans", repeatable=True)["plans"]
    order = {
        "customer_id": rossi.id,
        "plan": {"plan_code": plan["plan_code"]},
        "auto_collect": False,
        "reference_id": "bowmanfurniture",
    }
    theirs = vendor.billing("POST", "/subscriptions", repeatable=False, json=order)["subscription"]["subscription_id"]
    listed = billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))
    assert [one.reference for one in listed if one.id == theirs] == [None]
    assert [one.reference for one in listed if one.id != theirs] == [reference]


def test_what_was_made_before_is_not_listed(billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo) -> None:
    sandbox.shift = -7200.0
    begin(billing, rossi, new_reference())
    sandbox.shift = 0.0
    now = begin(billing, rossi, new_reference())
    assert [one.id for one in billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))] == [now.id]


# What is paid


def test_a_payment_shows_our_reference_and_the_charge(
    billing: ZohoBilling, vendor: ZohoClient, rossi: BillTo, reference: str
) -> None:
    made = begin(billing, rossi, new_reference())
    pay(billing, made, reference)
    (payment,) = vendor.billing("GET", f"/invoices/{made.invoice.id}", repeatable=True)["invoice"]["payments"]
    assert payment["reference_number"] == reference
    assert "60123456789" in payment["description"]


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_payment_whose_entry_was_not_heard_of_is_entered_once(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str, effect: str
) -> None:
    made = begin(billing, rossi, new_reference())
    cut(sandbox, OPENING.format("payments"), effect)
    with pytest.raises(OutcomeUnknown):
        pay(billing, made, reference)
    found = billing.find_payments(reference=reference, invoice_id=made.invoice.id)
    assert len(found) == (effect == "after")
    pay(billing, made, reference)
    assert (len(standing(sandbox, "payments")), balances(sandbox)) == (1, ["0.00 USD"])


@pytest.mark.parametrize(
    "amount", [Money(minor=3140), Money(minor=3138), Money(minor=3139, currency="EUR"), Money(minor=0)]
)
def test_an_amount_that_the_invoice_does_not_ask_for_is_refused(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str, amount: Money
) -> None:
    made = begin(billing, rossi, new_reference())
    with pytest.raises(Refused, match=r"asks for \$31\.39"):
        billing.record_payment(reference=reference, invoice_id=made.invoice.id, amount=amount, charge_id="1")
    assert standing(sandbox, "payments") == []


def test_an_invoice_that_began_as_a_draft_takes_the_payment(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.switches["invoices"] = "draft"
    made = begin(billing, rossi, new_reference())
    pay(billing, made, reference)
    assert billing.get_invoice(invoice_id=made.invoice.id).due.minor == 0


@pytest.mark.parametrize("style", ["", "long", "text"])
def test_amounts_are_read_to_the_cent_however_they_are_written(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, style: str
) -> None:
    sandbox.switches["invoice_style"] = style
    made = begin(billing, rossi, new_reference())
    assert (made.invoice.total, made.invoice.number) == (Money(minor=3139), "INV-000001")


# What is taken back


def test_a_removal_leaves_nothing_due_and_no_credit(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    made = begin(billing, rossi, reference)
    pay(billing, made, new_reference())
    billing.remove_subscription(subscription_id=made.id)
    kinds = ("subscriptions", "invoices", "payments")
    assert [standing(sandbox, kind) for kind in kinds] == [[], [], []]
    sandbox.shift = 3 * MONTH
    assert standing(sandbox, "invoices") == []


def test_a_void_invoice_asks_for_nothing_whatever_balance_the_vendor_shows(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.switches["invoice_style"] = "kept"
    made = begin(billing, rossi, reference)
    billing.remove_subscription(subscription_id=made.id)
    invoice = billing.get_invoice(invoice_id=made.invoice.id)
    assert (invoice.total.minor, invoice.due.minor) == (3139, 0)


def test_a_removal_that_broke_off_anywhere_is_finished_by_the_next(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo
) -> None:
    for match, effect in itertools.product(
        [
            "GET /billing/v1/subscriptions/", "POST /billing/v1/subscriptions/[0-9]+/cancel",
            "GET /billing/v1/invoices", "DELETE /billing/v1/payments/", "POST /billing/v1/invoices/[0-9]+/void",
        ],
        ["before", "after"],
    ):  # fmt: skip
        made = begin(billing, rossi, new_reference())
        pay(billing, made, new_reference())
        cut(sandbox, match, effect)
        with pytest.raises(Unavailable):
            billing.remove_subscription(subscription_id=made.id)
        billing.remove_subscription(subscription_id=made.id)
        left = [standing(sandbox, kind) for kind in ("subscriptions", "invoices", "payments")]
        assert left == [[], [], []], (match, effect)


def test_what_a_person_cancelled_at_the_vendor_is_taken_back_all_the_same(
    billing: ZohoBilling, vendor: ZohoClient, sandbox: ZohoSandbox, rossi: BillTo
) -> None:
    made = begin(billing, rossi, new_reference())
    vendor.billing("POST", f"/subscriptions/{made.id}/cancel", repeatable=False, params={"cancel_at_end": "true"})
    billing.remove_subscription(subscription_id=made.id)
    assert standing(sandbox, "subscriptions") == standing(sandbox, "invoices") == []


def test_a_draft_is_taken_back_too(billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo) -> None:
    sandbox.switches["invoices"] = "draft"
    made = begin(billing, rossi, new_reference())
    for _ in range(2):
        billing.remove_subscription(subscription_id=made.id)
    assert standing(sandbox, "subscriptions") == standing(sandbox, "invoices") == []


def test_a_payment_that_somebody_else_entered_is_not_deleted(
    billing: ZohoBilling, vendor: ZohoClient, sandbox: ZohoSandbox, rossi: BillTo
) -> None:
    made = begin(billing, rossi, new_reference())
    order = {
        "customer_id": rossi.id,
        "payment_mode": "cash",
        "amount": 31.39,
        "reference_number": "till 7",
        "invoices": [{"invoice_id": made.invoice.id, "amount_applied": 31.39}],
    }
    vendor.billing("POST", "/payments", repeatable=False, json=order)
    billing.remove_subscription(subscription_id=made.id)
    assert (len(standing(sandbox, "payments")), standing(sandbox, "invoices")) == (1, [])


def test_of_a_renewed_subscription_what_was_paid_later_stands_and_what_was_not_is_void(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo
) -> None:
    made = begin(billing, rossi, new_reference())
    pay(billing, made, new_reference())
    sandbox.shift = MONTH
    second = standing(sandbox, "invoices")[1]
    billing.record_payment(reference=new_reference(), invoice_id=second, amount=made.invoice.total, charge_id="2")
    sandbox.shift = 2 * MONTH
    assert len(standing(sandbox, "invoices")) == 3
    billing.remove_subscription(subscription_id=made.id)
    assert standing(sandbox, "invoices") == [second]
    assert len(standing(sandbox, "payments")) == 1


# What the vendor says


@pytest.mark.parametrize(("limit", "patience"), [("44", 3600.0), ("45", 86_400.0), ("1070", 3600.0)])
def test_too_many_calls_are_a_matter_of_waiting(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, limit: str, patience: float
) -> None:
    sandbox.switches["limit"] = limit
    with pytest.raises(Unavailable) as caught:
        begin(billing, rossi, new_reference())
    assert (caught.value.retry_after or 0.0) <= patience
    if limit == "45":
        assert (caught.value.retry_after or 0.0) >= 600


def test_a_customer_that_is_not_there_is_refused_and_nothing_is_made(
    billing: ZohoBilling, sandbox: ZohoSandbox
) -> None:
    with pytest.raises(Refused):
        begin(billing, BillTo(id="903000000099999"), new_reference())
    assert sandbox.ledger()["subscriptions"] == []


@pytest.mark.parametrize("answer", ["html", "malformed", "status"])
def test_an_answer_that_cannot_be_read_is_in_doubt_for_what_makes_something(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, answer: str
) -> None:
    begin(billing, rossi, new_reference())
    calls: list[Callable[[], Any]] = [
        lambda: enter(billing, new_reference()),
        lambda: begin(billing, rossi, new_reference()),
    ]
    for path, call in zip(("customers", "subscriptions"), calls, strict=True):
        order = {"match": OPENING.format(path), "effect": "after", "answer": answer, "status": 502}
        sandbox.faults.order(Fault.model_validate(order))
        with pytest.raises(OutcomeUnknown):
            call()


def test_no_error_names_a_secret(billing: ZohoBilling, settings: Settings, sandbox: ZohoSandbox, rossi: BillTo) -> None:
    secrets = [value.get_secret_value() for value in dict(settings).values() if hasattr(value, "get_secret_value")]
    sandbox.switches["limit"] = "44"
    with pytest.raises(ProviderError) as caught:
        begin(billing, rossi, new_reference())
    assert not [secret for secret in secrets if secret in f"{caught.value!r} {caught.value}"]
    assert not isinstance(caught.value, Denied)
