"""The books at Zoho Billing: who is billed, and that the invoice is what was agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.client import ZohoClient
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.taxes import TaxRate

from arumaldo import Money, OutcomeUnknown, Refused, Unavailable
from arumaldo.capabilities.billing import Address, BillTo
from arumaldo.sandbox import Fault
from arumaldo.testing.billing import new_reference, plan_of

from .billing_desk import AUSTIN, GERMANY, OPENING, PLAN, TEXAS, begin, cut, enter, find, pay, standing
from .conftest import Script

NewBilling = Callable[..., ZohoBilling]


@pytest.fixture
def new_billing(settings: Settings) -> Iterator[NewBilling]:
    """Makes one more provider, as another worker process or a changed configuration would have it."""
    made: list[ZohoBilling] = []

    def make(**changes: object) -> ZohoBilling:
        made.append(ZohoBilling(settings.model_copy(update={"taxes": [TEXAS], **changes})))
        return made[-1]

    yield make
    for billing in made:
        billing.close()


@pytest.fixture
def billing(new_billing: NewBilling) -> ZohoBilling:
    return new_billing()


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


# Who is billed


def test_a_customer_can_be_read_by_people_and_carries_the_reference_whole(
    billing: ZohoBilling, sandbox: ZohoSandbox, reference: str
) -> None:
    enter(billing, reference)
    (entry,) = sandbox.ledger()["customers"]
    assert entry.facts["name"] == f"Bottega Rossi ({reference})"
    assert entry.reference == reference


def test_two_businesses_of_one_name_and_one_address_are_two(billing: ZohoBilling, sandbox: ZohoSandbox) -> None:
    first, second = new_reference(), new_reference()
    assert enter(billing, first).id != enter(billing, second).id
    found = [billing.find_bill_tos(reference=one, email="a+b@example.com") for one in (first, second)]
    assert [len(rows) for rows in found] == [1, 1]


@pytest.mark.parametrize("names", ["", "free"])
def test_a_customer_whose_making_was_not_heard_of_is_not_made_twice(
    billing: ZohoBilling, sandbox: ZohoSandbox, reference: str, names: str
) -> None:
    sandbox.switches["names"] = names
    cut(sandbox, OPENING.format("customers"))
    with pytest.raises(OutcomeUnknown):
        enter(billing, reference)
    assert enter(billing, reference).id == sandbox.ledger()["customers"][0].id
    assert len(standing(sandbox, "customers")) == 1


def test_a_customer_that_no_list_shows_yet_leaves_the_outcome_unknown(
    billing: ZohoBilling, sandbox: ZohoSandbox, reference: str
) -> None:
    made = enter(billing, reference)
    sandbox.show_late = 3600
    with pytest.raises(OutcomeUnknown, match="no list shows it yet"):
        enter(billing, reference)
    sandbox.show_late = 0
    assert enter(billing, reference).id == made.id


def test_a_customer_whose_address_was_changed_at_the_vendor_is_still_ours(billing: ZohoBilling, reference: str) -> None:
    made = enter(billing, reference, email="old@example.com")
    assert enter(billing, reference, email="new@example.com").id == made.id


def test_a_namesake_that_is_not_ours_is_never_taken_for_ours(
    billing: ZohoBilling, vendor: ZohoClient, reference: str
) -> None:
    order = {"display_name": "Bottega Rossi", "email": "a+b@example.com"}
    theirs = vendor.billing("POST", "/customers", repeatable=False, json=order)["customer"]["customer_id"]
    assert enter(billing, reference).id != theirs


def test_customers_are_found_on_every_page_of_the_list(billing: ZohoBilling, vendor: ZohoClient) -> None:
    first = new_reference()
    enter(billing, first)
    for number in range(201):
        order = {"display_name": f"Somebody {number}", "email": "a+b@example.com"}
        vendor.billing("POST", "/customers", repeatable=False, json=order)
    assert len(billing.find_bill_tos(reference=first, email="a+b@example.com")) == 1


# What is agreed


def test_the_vendor_computes_the_tax_it_knows(
    billing: ZohoBilling, vendor: ZohoClient, rossi: BillTo, reference: str
) -> None:
    made = begin(billing, rossi, reference)
    (item,) = vendor.billing("GET", f"/invoices/{made.invoice.id}", repeatable=True)["invoice"]["invoice_items"]
    assert (float(item["item_total"]), item["tax_id"]) == (29.0, "903000000065300")
    assert str(made.invoice.total) == "$31.39"


def test_a_tax_that_the_vendor_does_not_know_is_told_in_words(
    new_billing: NewBilling, vendor: ZohoClient, rossi: BillTo, reference: str
) -> None:
    rate = TEXAS.model_copy(update={"tax_id": None})
    made = begin(new_billing(taxes=[rate]), rossi, reference)
    (item,) = vendor.billing("GET", f"/invoices/{made.invoice.id}", repeatable=True)["invoice"]["invoice_items"]
    assert (float(item["item_total"]), item["tax_id"]) == (31.39, "")
    assert item["description"] == "Includes Sales tax 8.25 %: $2.39"


@pytest.mark.parametrize("minor", [2900, 2899, 999, 1001, 1, 7, 11_900])
def test_a_price_that_holds_the_tax_is_invoiced_to_the_cent(
    new_billing: NewBilling, rossi: BillTo, reference: str, minor: int
) -> None:
    german = new_billing(taxes=[GERMANY], prices_include_tax=True)
    plan, berlin = plan_of(Money(minor=minor)), Address(country="DE", postal_code="10115")
    quote = german.quote(plan=plan, address=berlin)
    made = german.create_subscription(reference=reference, bill_to_id=rossi.id, plan=plan, address=berlin, quote=quote)
    assert made.invoice.total.minor == minor


def test_a_quote_holds_although_the_rate_has_changed_since(
    new_billing: NewBilling, billing: ZohoBilling, rossi: BillTo, reference: str
) -> None:
    agreed = billing.quote(plan=PLAN, address=AUSTIN)
    dearer = TaxRate.model_validate(TEXAS.model_dump(mode="json") | {"rate": "9.5"})
    assert begin(new_billing(taxes=[dearer]), rossi, reference, agreed).invoice.total == agreed.total


def test_an_invoice_that_is_not_the_quote_is_taken_back_and_both_amounts_are_told(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.switches["extra_tax"] = "1.5"
    with pytest.raises(Refused, match=r"invoice of \$31\.83 where \$31\.39 was agreed"):
        begin(billing, rossi, reference)
    assert standing(sandbox, "subscriptions") == standing(sandbox, "invoices") == []


def test_a_plan_in_another_currency_than_the_books_is_billed_in_its_own(
    billing: ZohoBilling, sandbox: ZohoSandbox, reference: str
) -> None:
    sandbox.switches["currency"] = "EUR"
    made = begin(billing, enter(billing, new_reference()), reference)
    assert str(made.invoice.total) == "$31.39"


def test_a_customer_who_has_been_billed_in_another_currency_is_refused_before_anything_is_made(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    begin(billing, rossi, new_reference())
    plan = plan_of(Money(minor=2900, currency="EUR"))
    quote = billing.quote(plan=plan, address=AUSTIN)
    with pytest.raises(Refused, match=r"bills this customer in USD and will not in EUR"):
        billing.create_subscription(reference=reference, bill_to_id=rossi.id, plan=plan, address=AUSTIN, quote=quote)
    assert len(sandbox.ledger()["subscriptions"]) == 1


def test_a_currency_that_the_books_do_not_know_is_refused_with_the_remedy(
    billing: ZohoBilling, sandbox: ZohoSandbox, reference: str
) -> None:
    sandbox.switches |= {"currency": "EUR", "currencies": "one"}
    with pytest.raises(Refused, match="add that currency in its settings"):
        begin(billing, enter(billing, new_reference()), reference)
    assert sandbox.ledger()["subscriptions"] == []


def test_a_wrong_invoice_that_a_crash_left_goes_with_the_next_call(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.switches["extra_tax"] = "1.5"
    cut(sandbox, OPENING.format("subscriptions"))
    with pytest.raises(OutcomeUnknown):
        begin(billing, rossi, reference)
    assert len(standing(sandbox, "subscriptions")) == 1
    assert len(billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))) == 1
    with pytest.raises(Refused, match="was agreed"):
        begin(billing, rossi, reference)
    assert standing(sandbox, "subscriptions") == standing(sandbox, "invoices") == []


def test_a_wrong_invoice_that_a_crash_left_is_found_to_be_taken_back_and_takes_no_payment(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    """An order that fails meanwhile is undone by what is found."""
    sandbox.switches["extra_tax"] = "1.5"
    cut(sandbox, OPENING.format("subscriptions"))
    with pytest.raises(OutcomeUnknown):
        begin(billing, rossi, reference)
    (found,) = find(billing, rossi, reference)
    agreed = billing.quote(plan=PLAN, address=AUSTIN).total
    with pytest.raises(Refused, match=r"asks for \$31\.83, and \$31\.39 cannot be entered"):
        billing.record_payment(reference=reference, invoice_id=found.invoice.id, amount=agreed, charge_id="1")
    billing.remove_subscription(subscription_id=found.id)
    assert standing(sandbox, "subscriptions") == standing(sandbox, "invoices") == []


@pytest.mark.parametrize("invoices", ["", "draft"])
@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("call", [r"POST .*/cancel", r"POST .*/void|DELETE .*/invoices/"])
def test_taking_a_wrong_invoice_back_that_broke_off_is_finished_before_anything_is_made(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str, call: str, effect: str, invoices: str
) -> None:
    sandbox.switches |= {"extra_tax": "1.5", "invoices": invoices}
    sandbox.shift = -3600.0
    cut(sandbox, call, effect)
    with pytest.raises(OutcomeUnknown):
        begin(billing, rossi, reference)
    with pytest.raises(Refused, match=r"was agreed|without an invoice"):
        begin(billing, rossi, reference)
    assert standing(sandbox, "subscriptions") == standing(sandbox, "invoices") == []
    assert len(sandbox.ledger()["subscriptions"]) == 1


def test_a_subscription_without_an_invoice_is_waited_for_and_then_taken_back(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.switches["invoices"] = "none"
    sandbox.shift = -3600.0 * 24
    for _ in range(2):
        with pytest.raises(Refused, match="without an invoice"):
            begin(billing, rossi, reference)
    assert len(sandbox.ledger()["subscriptions"]) == 1
    sandbox.shift, young = 0.0, new_reference()
    with pytest.raises(OutcomeUnknown, match="has not made the invoice"):
        begin(billing, rossi, young)
    with pytest.raises(Unavailable, match="has not made the invoice"):
        find(billing, rossi, young)


def test_a_subscription_that_never_had_an_invoice_is_found_to_be_taken_back_and_takes_no_payment(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.switches["invoices"] = "none"
    sandbox.shift = -3600.0 * 24
    cut(sandbox, OPENING.format("subscriptions"))
    with pytest.raises(OutcomeUnknown):
        begin(billing, rossi, reference)
    (found,) = find(billing, rossi, reference)
    with pytest.raises(Refused, match="no invoice"):
        pay(billing, found, new_reference())
    billing.remove_subscription(subscription_id=found.id)
    assert find(billing, rossi, reference) == []


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_subscription_whose_making_was_not_heard_of_is_made_once(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str, effect: str
) -> None:
    cut(sandbox, OPENING.format("subscriptions"), effect)
    with pytest.raises(OutcomeUnknown):
        begin(billing, rossi, reference)
    assert len(find(billing, rossi, reference)) == (effect == "after")
    begin(billing, rossi, reference)
    assert len(standing(sandbox, "subscriptions")) == len(standing(sandbox, "invoices")) == 1


def test_an_invoice_that_cannot_be_read_leaves_the_outcome_unknown(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    sandbox.faults.order(Fault(match="GET /billing/v1/invoices/", status=503))
    with pytest.raises(OutcomeUnknown, match="could not be looked at"):
        begin(billing, rossi, reference)
    assert begin(billing, rossi, reference).id == standing(sandbox, "subscriptions")[0]


def test_a_right_that_is_lost_after_the_making_leaves_the_outcome_unknown(script: Script, scripted: Settings) -> None:
    """The subscription exists, so nobody may take this for a call that made nothing."""
    made = {"subscription_id": "1", "status": "live", "child_invoice_id": "2"}
    customer = {"customer_id": "3", "display_name": "Bottega Rossi", "currency_code": "USD"}
    script.says("/billing/v1/customers/3", {"code": 0, "customer": customer})
    script.says("/billing/v1/subscriptions", {"code": 0, "subscriptions": []}, {"code": 0, "subscription": made})
    script.says(f"/billing/v1/plans/{PLAN.name}-usd-2900-2900-month", {"code": 0})
    script.says("/billing/v1/invoices/2", {"code": 9, "message": "no"}, status=403)
    billing = ZohoBilling(scripted)
    with pytest.raises(OutcomeUnknown, match="made subscription 1"):
        begin(billing, BillTo(id="3"), new_reference())
    billing.close()


def test_a_changed_price_is_another_plan_and_the_old_one_stays(
    billing: ZohoBilling, vendor: ZohoClient, rossi: BillTo
) -> None:
    codes = []
    for minor in (2900, 3500, 2900):
        plan = plan_of(Money(minor=minor))
        quote = billing.quote(plan=plan, address=AUSTIN)
        billing.create_subscription(
            reference=new_reference(), bill_to_id=rossi.id, plan=plan, address=AUSTIN, quote=quote
        )
        rows = vendor.billing("GET", "/plans", repeatable=True)["plans"]
        codes.append(sorted(row["plan_code"] for row in rows))
    assert codes[0] == ["starter-usd-2900-3139-month-903000000065300"]
    assert codes[1] == codes[2] == [*codes[0], "starter-usd-3500-3789-month-903000000065300"]
    assert len(vendor.billing("GET", "/products", repeatable=True)["products"]) == 1


def test_a_plan_that_another_worker_made_first_is_used(
    new_billing: NewBilling, billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    begin(billing, rossi, new_reference())
    slow = new_billing()
    sandbox.faults.order(Fault(match="GET /billing/v1/plans/", status=404))
    assert begin(slow, rossi, reference).invoice.total.minor == 3139


def test_a_plan_whose_price_somebody_changed_still_costs_what_was_agreed(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    begin(billing, rossi, new_reference())
    (plan,) = sandbox.shelf.all("billing-plans")
    sandbox.shelf.put("billing-plans", plan["id"], plan | {"recurring_price": "99"}, sandbox.now())
    assert begin(billing, rossi, reference).invoice.total.minor == 3139


def test_a_plan_that_somebody_deleted_is_made_anew(
    billing: ZohoBilling, sandbox: ZohoSandbox, rossi: BillTo, reference: str
) -> None:
    begin(billing, rossi, new_reference())
    (plan,) = sandbox.shelf.all("billing-plans")
    sandbox.shelf.remove("billing-plans", plan["id"])
    assert begin(billing, rossi, reference).invoice.total.minor == 3139
