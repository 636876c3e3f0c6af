"""The sandbox of Billing is at least as strict as its vendor, and time passes in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from arumaldo_zoho.client import ZohoClient
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings

from arumaldo import Denied, NotFound, Refused
from arumaldo.sandbox import Entry, Shelf

DAY = 24 * 3600.0
ROSSI = {"display_name": "Bottega Rossi", "email": "anna@example.com"}
PLAN = {"plan_code": "basic", "name": "Basic", "recurring_price": 29, "interval": 1, "interval_unit": "months"}


class Vendor:
    """Whoever has a key to the books."""

    def __init__(self, client: ZohoClient) -> None:
        self._client = client

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._client.billing("GET", path, repeatable=True, params=params)

    def post(self, path: str, body: Any = None, **params: Any) -> dict[str, Any]:
        options: dict[str, Any] = {} if body is None else {"json": body}
        return self._client.billing("POST", path, repeatable=False, params=params, **options)

    def delete(self, path: str) -> None:
        self._client.billing("DELETE", path, repeatable=True)

    def customer(self, **changes: Any) -> str:
        return str(self.post("/customers", ROSSI | changes)["customer"]["customer_id"])

    def product(self) -> str:
        return str(self.post("/products", {"name": "Website plans"})["product"]["product_id"])

    def subscription(self, **changes: Any) -> dict[str, Any]:
        """One of the plan at 29 a month."""
        self.post("/plans", PLAN | {"product_id": self.product()})
        return self.begin(self.customer(), **changes)

    def begin(self, customer_id: str, **changes: Any) -> dict[str, Any]:
        order = {"customer_id": customer_id, "plan": {"plan_code": "basic"}, "auto_collect": False} | changes
        made: dict[str, Any] = self.post("/subscriptions", order)["subscription"]
        return made

    def read(self, subscription: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = self.get(f"/subscriptions/{subscription['subscription_id']}")["subscription"]
        return row

    def pay(self, invoice_id: str, **changes: Any) -> str:
        invoice = self.get(f"/invoices/{invoice_id}")["invoice"]
        order = {
            "customer_id": invoice["customer_id"],
            "payment_mode": "others",
            "amount": 29,
            "invoices": [{"invoice_id": invoice_id, "amount_applied": 29}],
        }
        return str(self.post("/payments", order | changes)["payment"]["payment_id"])


@pytest.fixture
def vendor(settings: Settings) -> Iterator[Vendor]:
    client = ZohoClient(settings)
    yield Vendor(client)
    client.close()


def invoices(sandbox: ZohoSandbox) -> list[tuple[str, str]]:
    return [(entry.facts["status"], entry.facts["balance"]) for entry in sandbox.ledger()["invoices"]]


@pytest.mark.parametrize(
    ("path", "order", "word"),
    [
        ("/customers", {"email": "a@example.com"}, "display_name"),
        ("/customers", {"display_name": "Rossi"}, "email"),
        ("/customers", ROSSI | {"colour": "blue"}, "colour"),
        ("/customers", ROSSI | {"email": "nobody"}, "email"),
        ("/customers", ROSSI | {"billing_address": {"postcode": "78701"}}, "postcode"),
        ("/customers", ROSSI | {"custom_fields": [{"label": "our id", "value": "1"}]}, "custom_fields"),
        ("/products", {}, "name"),
        ("/plans", PLAN, "product_id"),
        ("/plans", PLAN | {"product_id": "1", "recurring_price": "29.00"}, "bare number"),
        ("/plans", PLAN | {"product_id": "1", "recurring_price": -1}, "recurring_price"),
        ("/plans", PLAN | {"product_id": "1", "interval_unit": "month"}, "interval_unit"),
        ("/subscriptions", {"plan": {"plan_code": "basic"}}, "customer_id"),
        ("/subscriptions", {"customer_id": "1", "plan": {}}, "plan_code"),
        ("/subscriptions", {"customer_id": "1", "plan": {"plan_code": "basic", "price": "29"}}, "bare number"),
        ("/payments", {"customer_id": "1", "payment_mode": "card", "amount": 1}, "payment_mode"),
        ("/payments", {"customer_id": "1", "payment_mode": "cash", "amount": 1, "date": "today"}, "date"),
        ("/payments", {"customer_id": "1", "payment_mode": "cash", "amount": 0}, "amount"),
        ("/customers", ["Rossi"], "body"),
    ],
)
def test_a_wrong_order_is_refused_and_nothing_is_made(
    vendor: Vendor, sandbox: ZohoSandbox, path: str, order: Any, word: str
) -> None:
    with pytest.raises(Refused, match=word):
        vendor.post(path, order)
    assert not any(sandbox.ledger().values())


@pytest.mark.parametrize("path", ["/customers", "/plans", "/products", "/subscriptions", "/invoices"])
def test_a_query_that_the_vendor_does_not_know_is_refused(vendor: Vendor, path: str) -> None:
    assert vendor.get(path, page=1, per_page=200)["page_context"]["has_more_page"] is False
    with pytest.raises(Refused, match="colour"):
        vendor.get(path, colour="blue")
    with pytest.raises(Refused, match="per_page"):
        vendor.get(path, per_page=201)


@pytest.mark.parametrize(
    "path", ["/customers/1", "/plans/none", "/subscriptions/1", "/invoices/1", "/payments/1", "/x"]
)
def test_what_is_not_there_is_not_found(vendor: Vendor, path: str) -> None:
    with pytest.raises(NotFound):
        vendor.get(path)


def test_another_organisation_is_told_so_whatever_the_token(settings: Settings) -> None:
    with closing(ZohoClient(settings.model_copy(update={"organization_id": "4711"}))) as client:
        with pytest.raises(Denied, match="CompanyID/CompanyName:4711"):
            client.billing("GET", "/customers", repeatable=True)
        (known,) = client.billing("GET", "/organizations", repeatable=True)["organizations"]
    assert known["organization_id"] == "10234695"


def test_a_call_without_a_good_token_is_answered_401(sandbox: ZohoSandbox) -> None:
    organization = {"X-com-zoho-subscriptions-organizationid": "10234695"}
    answers = [
        httpx2.get(f"{sandbox.address}/billing/v1/plans", headers=organization | {"authorization": given})
        for given in ("Bearer abc", "Zoho-oauthtoken abc")
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, 14), (401, 57)]


def test_a_token_without_the_right_is_denied(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    sandbox.switches["scope"] = "billing"
    with pytest.raises(Denied, match="not authorized"):
        vendor.get("/plans")


def test_names_of_customers_are_unique_and_the_switch_frees_them(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    vendor.customer()
    with pytest.raises(Refused, match="code 3062"):
        vendor.customer(display_name=" bottega ROSSI")
    sandbox.switches["names"] = "free"
    vendor.customer()
    assert len(sandbox.ledger()["customers"]) == 2


def test_plan_codes_and_names_of_products_are_unique(vendor: Vendor) -> None:
    product = vendor.product()
    vendor.post("/plans", PLAN | {"product_id": product})
    with pytest.raises(Refused, match="already exists"):
        vendor.post("/plans", PLAN | {"product_id": product, "recurring_price": 30})
    with pytest.raises(Refused, match="already exists"):
        vendor.product()


def test_customers_are_found_by_address_also_with_a_plus(vendor: Vendor) -> None:
    made = vendor.customer(email="a+b@example.com")
    vendor.customer(display_name="Another", email="ab@example.com")
    assert [row["customer_id"] for row in vendor.get("/customers", email="A+B@example.com")["customers"]] == [made]


def test_lists_come_in_pages(vendor: Vendor) -> None:
    for number in range(5):
        vendor.customer(display_name=f"Business {number}")
    pages = [vendor.get("/customers", page=page, per_page=2) for page in (1, 2, 3)]
    assert [len(page["customers"]) for page in pages] == [2, 2, 1]
    assert [page["page_context"]["has_more_page"] for page in pages] == [True, True, False]


def test_lists_are_late_and_single_answers_are_not(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    sandbox.show_late = 60
    made = vendor.subscription()
    assert vendor.read(made)["status"] == "live"
    for kind in ("customers", "plans", "products", "subscriptions", "invoices"):
        assert vendor.get(f"/{kind}")[kind] == []
    sandbox.shift = 61
    assert len(vendor.get("/subscriptions")["subscriptions"]) == 1


def test_a_subscription_begins_with_an_invoice_due_at_once(vendor: Vendor) -> None:
    made = vendor.subscription(reference_id="abc")
    invoice = vendor.get(f"/invoices/{made['child_invoice_id']}")["invoice"]
    assert (float(invoice["total"]), float(invoice["balance"]), invoice["status"]) == (29.0, 29.0, "sent")
    assert (made["status"], made["reference_id"]) == ("live", "abc")


@pytest.mark.parametrize(
    ("price", "tax_id", "total"), [(29, "903000000065300", 31.39), (10.02, "903000000065319", 11.92)]
)
def test_the_vendor_adds_a_tax_it_knows_half_a_cent_upwards(
    vendor: Vendor, price: float, tax_id: str, total: float
) -> None:
    made = vendor.subscription(plan={"plan_code": "basic", "price": price, "tax_id": tax_id})
    assert float(vendor.get(f"/invoices/{made['child_invoice_id']}")["invoice"]["total"]) == total


def test_a_tax_that_nobody_set_up_is_refused_until_it_is(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    plan = {"plan_code": "basic", "tax_id": "4711"}
    with pytest.raises(Refused, match="tax 4711"):
        vendor.subscription(plan=plan)
    sandbox.switches["taxes"] = "4711=10 4712=20"
    made = vendor.begin(sandbox.ledger()["customers"][0].id, plan=plan)
    assert float(vendor.get(f"/invoices/{made['child_invoice_id']}")["invoice"]["total"]) == 31.9


def test_a_card_is_needed_to_collect_automatically(vendor: Vendor) -> None:
    with pytest.raises(Refused, match="card"):
        vendor.subscription(auto_collect=True)


def test_amounts_finer_than_a_cent_are_refused(vendor: Vendor) -> None:
    with pytest.raises(Refused, match="too many places"):
        vendor.subscription(plan={"plan_code": "basic", "price": 29.001})


def test_each_term_that_begins_raises_an_invoice(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    made = vendor.subscription()
    first = made["child_invoice_id"]
    vendor.pay(first)
    sandbox.shift = 94 * DAY
    row = vendor.read(made)
    listed = vendor.get("/invoices", subscription_id=made["subscription_id"])["invoices"]
    assert [float(invoice["balance"]) for invoice in listed] == [29.0, 29.0, 29.0, 0.0]
    assert row["child_invoice_id"] == listed[0]["invoice_id"] != first
    assert row["current_term_starts_at"] > row["activated_at"]
    assert [invoice["status"] for invoice in listed[1:]] == ["overdue", "overdue", "paid"]


def test_terms_keep_to_the_day_they_began_on(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    """Also after a month that has no such day."""
    sandbox.shift = datetime(2027, 1, 31, 12, tzinfo=UTC).timestamp() - datetime.now(UTC).timestamp()
    made = vendor.subscription()
    ends = []
    for _ in range(3):
        ends.append(vendor.read(made)["current_term_ends_at"])
        sandbox.shift += 30 * DAY
    assert ends == ["2027-02-28", "2027-03-31", "2027-04-30"]


def test_a_cancelled_subscription_raises_nothing_more(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    made = vendor.subscription()
    vendor.post(f"/subscriptions/{made['subscription_id']}/cancel", cancel_at_end="false")
    sandbox.shift = 64 * DAY
    assert vendor.read(made)["status"] == "cancelled"
    assert len(invoices(sandbox)) == 1
    with pytest.raises(Refused):
        vendor.post(f"/subscriptions/{made['subscription_id']}/cancel", cancel_at_end="false")


def test_what_is_cancelled_at_the_end_runs_until_then(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    made = vendor.subscription()
    vendor.post(f"/subscriptions/{made['subscription_id']}/cancel", cancel_at_end="true")
    assert vendor.read(made)["status"] == "non_renewing"
    sandbox.shift = 32 * DAY
    assert vendor.read(made)["status"] == "cancelled"
    assert len(invoices(sandbox)) == 1


def test_a_cancellation_told_in_the_body_is_refused(vendor: Vendor) -> None:
    made = vendor.subscription()
    with pytest.raises(Refused, match="body"):
        vendor.post(f"/subscriptions/{made['subscription_id']}/cancel", {"cancel_at_end": True})


def test_a_limited_subscription_expires(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    made = vendor.subscription(plan={"plan_code": "basic", "billing_cycles": 2})
    sandbox.shift = 94 * DAY
    assert vendor.read(made)["status"] == "expired"
    assert len(invoices(sandbox)) == 2


def test_a_payment_settles_and_its_deletion_asks_again(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    made = vendor.subscription()
    payment = vendor.pay(made["child_invoice_id"])
    assert invoices(sandbox) == [("paid", "0.00 USD")]
    assert float(vendor.get(f"/payments/{payment}")["payment"]["invoices"][0]["balance_amount"]) == 0.0
    vendor.delete(f"/payments/{payment}")
    assert invoices(sandbox) == [("sent", "29.00 USD")]
    with pytest.raises(NotFound):
        vendor.delete(f"/payments/{payment}")


def test_the_same_payment_number_twice_makes_two_payments(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    invoice = vendor.subscription()["child_invoice_id"]
    part = {"amount": 10, "reference_number": "1", "invoices": [{"invoice_id": invoice, "amount_applied": 10}]}
    for _ in range(2):
        vendor.pay(invoice, **part)
    assert invoices(sandbox) == [("partially_paid", "9.00 USD")]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"amount": 30, "invoices": [{"invoice_id": "", "amount_applied": 30}]}, "balance"),
        ({"amount": 28}, "More is applied"),
        ({"customer_id": "other"}, "another customer"),
    ],
)
def test_a_payment_that_does_not_fit_its_invoice_is_refused(
    vendor: Vendor, sandbox: ZohoSandbox, changes: dict[str, Any], word: str
) -> None:
    invoice = vendor.subscription()["child_invoice_id"]
    for part in changes.get("invoices", []):
        part["invoice_id"] = invoice
    if "customer_id" in changes:
        changes["customer_id"] = vendor.customer(display_name="Another")
    with pytest.raises(Refused, match=word):
        vendor.pay(invoice, **changes)
    assert sandbox.ledger()["payments"] == []


def test_a_void_invoice_asks_for_nothing_and_its_payment_becomes_a_credit(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    invoice = vendor.subscription()["child_invoice_id"]
    payment = vendor.pay(invoice)
    vendor.post(f"/invoices/{invoice}/void")
    row = vendor.get(f"/invoices/{invoice}")["invoice"]
    assert (row["status"], row["balance"], row["payments"]) == ("void", 0, [])
    assert vendor.get(f"/payments/{payment}")["payment"]["status"] == "success"
    with pytest.raises(Refused, match="takes no payment"):
        vendor.pay(invoice)


def test_a_draft_takes_no_payment_until_it_is_opened(vendor: Vendor, sandbox: ZohoSandbox) -> None:
    sandbox.switches["invoices"] = "draft"
    invoice = vendor.subscription()["child_invoice_id"]
    with pytest.raises(Refused, match="draft"):
        vendor.pay(invoice)
    vendor.post(f"/invoices/{invoice}/converttoopen")
    vendor.pay(invoice)


def test_subscriptions_are_listed_by_customer_by_label_and_by_state(vendor: Vendor) -> None:
    first = vendor.subscription(reference_id="abcdef")["subscription_id"]
    other = vendor.customer(display_name="Another")
    second = vendor.begin(other, reference_id="xyz")["subscription_id"]
    vendor.post(f"/subscriptions/{second}/cancel", cancel_at_end="false")

    def listed(**params: str) -> list[str]:
        return [row["subscription_id"] for row in vendor.get("/subscriptions", **params)["subscriptions"]]

    assert listed() == [second, first]
    assert listed(customer_id=other) == [second]
    assert listed(reference_contains="cd") == [first]
    assert listed(filter_by="SubscriptionStatus.LIVE") == [first]
    assert listed(filter_by="SubscriptionStatus.CANCELLED") == [second]


def test_the_books_outlive_their_process(vendor: Vendor, sandbox: ZohoSandbox, tmp_path: Path) -> None:
    vendor.pay(vendor.subscription()["child_invoice_id"], reference_number="r")
    kept = Shelf(tmp_path / "zoho.sqlite")
    for kind in ("customers", "subscriptions", "invoices", "payments"):
        for row in sandbox.shelf.all(f"billing-{kind}"):
            kept.put(f"billing-{kind}", row["id"], row, row["created"])
    kept.close()
    again = ZohoSandbox(sandbox.address, Shelf(tmp_path / "zoho.sqlite"))
    assert again.ledger() == sandbox.ledger()
    (payment,) = again.ledger()["payments"]
    assert payment == Entry(
        id=payment.id, reference="r", state="live", facts={"amount": "29.00 USD", "description": ""}
    )
    again.shelf.close()
