"""Zoho Billing, played: customers, plans, subscriptions whose terms pass with the clock, invoices and payments.

Switches:

    names          free: two customers may have one name (the vendor's 3062 is not certain for Billing)
    currency       the organisation's, instead of USD
    currencies     one: no other than that is set up
    taxes          "<tax_id>=<rate> …": taxes that are set up besides the two that always are
    extra_tax      a rate that is added whatever was ordered, as where the vendor knows a state's tax by itself
    sorting        unheeded: the oldest invoices come first, whatever was asked; refused: no order may be asked for
    invoices       draft: they begin as drafts; none: a subscription begins without one
    invoice_style  long: fields named as in the sister products; text: amounts as text; kept: void
                   ones still show a balance
    stranger       403: the status that goes with 6041, instead of 400; it has been seen with one and is described with
                   the other
    limit          44 (a minute's calls), 45 (a day's) or 1070 (calls at once): every call is refused with that code
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from arumaldo.sandbox import Entry
from arumaldo_zoho.sandbox.billing_book import CUSTOMERS, PLANS, PRODUCTS, Book, Row, rounded
from arumaldo_zoho.sandbox.billing_forms import (
    customer_form,
    customer_row,
    invoice_form,
    invoice_row,
    organization_form,
    payment_form,
    plan_form,
    product_form,
    subscription_form,
    subscription_row,
)
from arumaldo_zoho.sandbox.billing_models import (
    Cancellation,
    ChangedCustomer,
    CustomerList,
    InvoiceList,
    NewCustomer,
    NewPayment,
    NewPlan,
    NewProduct,
    NewSubscription,
    Page,
    ProductList,
    Query,
    SubscriptionList,
)
from arumaldo_zoho.sandbox.billing_payments import PAYMENTS, Payments
from arumaldo_zoho.sandbox.billing_terms import ENDED, INVOICES, SUBSCRIPTIONS, Terms, balance
from arumaldo_zoho.sandbox.billing_wire import INVALID, Call, Failure, day, paged, success

if TYPE_CHECKING:
    from arumaldo_zoho.sandbox import ZohoSandbox

OFFERS = {
    "names": "free",
    "currency": "[A-Z]{3}",
    "currencies": "one",
    "taxes": r"([^=\s]+=[0-9]+(\.[0-9]+)?( |$))*",
    "extra_tax": r"[0-9]+(\.[0-9]+)?",
    "sorting": "unheeded|refused",
    "invoices": "draft|none",
    "invoice_style": "long|text|kept",
    "stranger": "400|403",
    "limit": "44|45|1070",
}
"""The switches of the books, as `Sandbox.offers`."""
ORGANIZATION = "10234695"
ORGANIZATION_HEADER = "x-com-zoho-subscriptions-organizationid"
_LIMITS = {
    "44": "For security reasons you have been blocked for some time as you have exceeded the maximum number of"
    " requests per minute",
    "45": "You have exceeded the maximum call rate limit of 10000",
    "1070": "You have exceeded the maximum number of in process requests",
}
_OURS = re.compile(r".*\(([a-z2-7]{20})\)")

Handler = Callable[[Call], Response]


def routes(sandbox: ZohoSandbox) -> list[BaseRoute]:
    """Everything below `/billing/v1`."""
    billing = Billing(sandbox)
    return [Mount("/billing/v1", Router([*billing.routes(), Mount("/", _nothing_there)], redirect_slashes=False))]


def ledger(sandbox: ZohoSandbox) -> dict[str, list[Entry]]:
    """What exists, by kind."""
    shelf, billing = sandbox.shelf, Billing(sandbox)
    billing.terms.pass_time()
    return {
        "customers": [_customer_entry(row) for row in shelf.all(CUSTOMERS)],
        "subscriptions": [_subscription_entry(row) for row in shelf.all(SUBSCRIPTIONS)],
        "invoices": [
            _invoice_entry(row, shelf.get(SUBSCRIPTIONS, row["subscription_id"])) for row in shelf.all(INVOICES)
        ],
        "payments": [_payment_entry(row) for row in shelf.all(PAYMENTS)],
    }


class Billing:
    """Handlers by path and method; each one is synchronous and runs in a thread."""

    def __init__(self, sandbox: ZohoSandbox) -> None:
        self._sandbox = sandbox
        self._book = Book(sandbox)
        self.terms = Terms(self._book)
        self._payments = Payments(self._book, self.terms)

    def routes(self) -> list[BaseRoute]:
        paths: dict[str, dict[str, Handler]] = {
            "/organizations": {"GET": self.organizations},
            "/customers": {"GET": self.customers, "POST": self.add_customer},
            "/customers/{key}": {"GET": self.customer, "PUT": self.change_customer},
            "/products": {"GET": self.products, "POST": self.add_product},
            "/plans": {"GET": self.plans, "POST": self.add_plan},
            "/plans/{key}": {"GET": self.plan},
            "/subscriptions": {"GET": self.subscriptions, "POST": self.add_subscription},
            "/subscriptions/{key}": {"GET": self.subscription},
            "/subscriptions/{key}/cancel": {"POST": self.cancel},
            "/invoices": {"GET": self.invoices},
            "/invoices/{key}": {"GET": self.invoice, "DELETE": self.delete_invoice},
            "/invoices/{key}/void": {"POST": self.void},
            "/invoices/{key}/converttoopen": {"POST": self.open_invoice},
            "/payments": {"POST": self.add_payment},
            "/payments/{key}": {"GET": self.payment, "DELETE": self.delete_payment},
        }
        return [
            Route(path, self._endpoint(handler), methods=[method])
            for path, methods in paths.items()
            for method, handler in methods.items()
        ]

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            media = request.headers.get("content-type", "").partition(";")[0]
            key = str(request.path_params.get("key", ""))
            call = Call(key, dict(request.query_params), media, await request.body())
            return await run_in_threadpool(self._answer, handler, request, call)

        return endpoint

    def _answer(self, handler: Handler, request: Request, call: Call) -> Response:
        try:
            self._count_calls()
            self._admit(request, needs_organization=handler != self.organizations)
            self.terms.pass_time()
            return handler(call)
        except Failure as failure:
            return failure.answer()

    def _count_calls(self) -> None:
        if limit := self._sandbox.switches.get("limit"):
            raise Failure(429, int(limit), _LIMITS[limit])

    def _admit(self, request: Request, *, needs_organization: bool) -> None:
        header = request.headers.get("authorization", "")
        if not header.startswith("Zoho-oauthtoken "):
            raise Failure(401, 14, "The authentication value you entered is invalid.")
        if not self._sandbox.tokens.accepts(header) or self._sandbox.switches.get("scope") == "billing":
            raise Failure(401, 57, "You are not authorized to perform this operation")
        named = request.headers.get(ORGANIZATION_HEADER, "")
        if needs_organization and named != ORGANIZATION:
            status = int(self._sandbox.switches.get("stranger", "400"))
            raise Failure(status, 6041, f"This user is not associated with the CompanyID/CompanyName:{named}.")

    def organizations(self, call: Call) -> Response:
        call.asked(Query)
        form = organization_form(ORGANIZATION, self._book.currency(), self._sandbox.now())
        return success(organizations=[form])

    def customers(self, call: Call) -> Response:
        asked = call.asked(CustomerList)
        rows = self._book.listed(CUSTOMERS)
        if asked.email is not None:
            rows = [row for row in rows if row["email"].lower() == asked.email.lower()]
        return _page("customers", asked, rows, customer_row)

    def add_customer(self, call: Call) -> Response:
        call.asked(Query)
        row = self._book.add_customer(call.sent(NewCustomer))
        return success(
            "The customer has been created", 201, customer={**customer_form(row), "payment_terms": row["payment_terms"]}
        )

    def customer(self, call: Call) -> Response:
        call.asked(Query)
        return success(customer=customer_form(self._book.customer(call.key)))

    def change_customer(self, call: Call) -> Response:
        """Whoever has been billed stays in their currency."""
        call.asked(Query)
        kinds = (SUBSCRIPTIONS, INVOICES, PAYMENTS)
        was_billed = any(row["customer_id"] == call.key for kind in kinds for row in self._sandbox.shelf.all(kind))
        row = self._book.change_customer(call.key, call.sent(ChangedCustomer), was_billed=was_billed)
        return success("Customer information has been saved.", customer=customer_form(row))

    def products(self, call: Call) -> Response:
        return _page("products", call.asked(ProductList), self._book.listed(PRODUCTS), product_form)

    def add_product(self, call: Call) -> Response:
        call.asked(Query)
        row = self._book.add_product(call.sent(NewProduct))
        return success("The product has been created", 201, product=product_form(row))

    def plans(self, call: Call) -> Response:
        return _page("plans", call.asked(Page), self._book.listed(PLANS), plan_form)

    def add_plan(self, call: Call) -> Response:
        call.asked(Query)
        row = self._book.add_plan(call.sent(NewPlan))
        return success("The plan has been created.", 201, plan=plan_form(row))

    def plan(self, call: Call) -> Response:
        call.asked(Query)
        return success(plan=plan_form(self._book.plan(call.key)))

    def subscriptions(self, call: Call) -> Response:
        """Without a filter the vendor shows all."""
        asked = call.asked(SubscriptionList)
        wanted = _wanted_states(asked.filter_by)
        rows = [
            row
            for row in self._book.listed(SUBSCRIPTIONS)
            if asked.customer_id in (None, row["customer_id"])
            and (asked.reference_contains or "") in row["reference_id"]
            and (wanted is None or row["status"] in wanted)
        ]
        return _page("subscriptions", asked, rows, lambda row: subscription_row(row, self._customer_of(row)))

    def add_subscription(self, call: Call) -> Response:
        call.asked(Query)
        row = self.terms.begin(call.sent(NewSubscription))
        form = subscription_form(row, self._customer_of(row))
        return success("Subscription has been created successfully.", 201, subscription=form)

    def subscription(self, call: Call) -> Response:
        call.asked(Query)
        row = self.terms.subscription(call.key)
        return success(subscription=subscription_form(row, self._customer_of(row)))

    def cancel(self, call: Call) -> Response:
        """The body is ignored by the vendor, and so refused here."""
        call.nothing_sent()
        row = self.terms.cancel(call.key, at_end=call.asked(Cancellation).cancel_at_end == "true")
        return success(
            "The subscription has been cancelled.", subscription=subscription_form(row, self._customer_of(row))
        )

    def invoices(self, call: Call) -> Response:
        asked = call.asked(InvoiceList)
        state = (asked.filter_by or "Status.All").removeprefix("Status.").lower()
        rows = [
            row
            for row in self._book.listed(INVOICES)
            if asked.customer_id in (None, row["customer_id"])
            and asked.subscription_id in (None, row["subscription_id"])
            and row["status"] != "deleted"
            and (state == "all" or state == row["status"] or (state == "unpaid" and balance(row) > 0))
        ]
        order = self._order_of(asked)
        rows.sort(key=lambda row: row["created"], reverse=order["sort_order"] == "D")
        today = self._today()
        return _page("invoices", asked, rows, lambda row: invoice_row(row, self._customer_of(row), today), **order)

    def _order_of(self, asked: InvoiceList) -> dict[str, str]:
        sorting = self._sandbox.switches.get("sorting")
        if sorting == "refused" and asked.model_fields_set & {"sort_column", "sort_order"}:
            raise Failure(400, INVALID, "Nothing can be sorted here.")
        if sorting == "unheeded":
            return {"sort_column": "created_time", "sort_order": "A"}
        return {"sort_column": asked.sort_column, "sort_order": asked.sort_order}

    def invoice(self, call: Call) -> Response:
        call.asked(Query)
        row = self.terms.invoice(call.key)
        style = self._sandbox.switches.get("invoice_style", "")
        form = invoice_form(row, self._customer_of(row), self._payments.on(row), self._today(), style)
        return success(invoice=form)

    def void(self, call: Call) -> Response:
        call.nothing_sent()
        call.asked(Query)
        self.terms.void(call.key)
        return success("Invoice status has been changed to Void.")

    def open_invoice(self, call: Call) -> Response:
        call.nothing_sent()
        call.asked(Query)
        self.terms.open(call.key)
        return success("Invoice status has been changed to Open.")

    def delete_invoice(self, call: Call) -> Response:
        call.asked(Query)
        self.terms.delete_invoice(call.key)
        return success("The invoice has been deleted.")

    def add_payment(self, call: Call) -> Response:
        call.asked(Query)
        row = self._payments.enter(call.sent(NewPayment))
        return success("The payment has been created.", 201, payment=self._payment_form(row))

    def payment(self, call: Call) -> Response:
        call.asked(Query)
        return success(payment=self._payment_form(self._payments.one(call.key)))

    def delete_payment(self, call: Call) -> Response:
        call.asked(Query)
        self._payments.delete(call.key)
        return success("The payment has been deleted.")

    def _payment_form(self, row: Row) -> dict[str, object]:
        invoices = [(self.terms.invoice(key), Decimal(amount)) for key, amount in row["invoices"]]
        return payment_form(row, self._customer_of(row), invoices)

    def _customer_of(self, row: Row) -> Row:
        return self._book.customer(row["customer_id"])

    def _today(self) -> str:
        return day(self._sandbox.now())


def _page(
    name: str,
    asked: Page,
    rows: list[Row],
    form: Callable[[Row], dict[str, object]],
    **order: str,
) -> Response:
    shown, page = paged(rows, asked.page, asked.per_page)
    return success(parts={name: [form(row) for row in shown], "page_context": page | order})


def _wanted_states(filter_by: str | None) -> tuple[str, ...] | None:
    state = (filter_by or "SubscriptionStatus.All").removeprefix("SubscriptionStatus.").lower()
    return None if state == "all" else ("live", "non_renewing") if state == "active" else (state,)


def _customer_entry(row: Row) -> Entry:
    told = _OURS.fullmatch(row["display_name"])
    facts = {"name": row["display_name"], "email": row["email"]}
    return Entry(id=row["id"], reference=told[1] if told else None, facts=facts)


def _subscription_entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        reference=row["reference_id"] or None,
        state="undone" if row["status"] in ENDED else "live",
        facts={"status": row["status"], "plan": row["plan_code"], "customer": row["customer_id"]},
    )


def _invoice_entry(row: Row, subscription: Row | None) -> Entry:
    return Entry(
        id=row["id"],
        reference=(subscription or {}).get("reference_id") or None,
        state="undone" if row["status"] in ("void", "deleted") else "live",
        facts={
            "number": row["number"],
            "status": row["status"],
            "total": _told(Decimal(row["total"]), row),
            "balance": _told(balance(row), row),
        },
    )


def _payment_entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        reference=row["reference_number"] or None,
        state="undone" if row["deleted"] else "live",
        facts={"amount": _told(Decimal(row["amount"]), row), "description": row["description"]},
    )


def _told(amount: Decimal, row: Row) -> str:
    return f"{rounded(amount, row['currency_code'])} {row['currency_code']}"


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    await Failure(404, 5, "Invalid URL Passed").answer()(scope, receive, send)
