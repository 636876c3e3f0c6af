"""What Billing accepts in a request, field by field; anything else is an error."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DAY = r"^\d{4}-\d{2}-\d{2}$"


def _bare_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("an amount is a bare number")  # noqa: TRY004 - pydantic collects ValueErrors
    return Decimal(value)


Amount = Annotated[Decimal, BeforeValidator(_bare_number), Field(ge=0, max_digits=15)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PostalAddress(Strict):
    attention: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    state_code: str = ""
    fax: str = ""


class CustomField(Strict):
    label: str
    value: str


class NewCustomer(Strict):
    display_name: str = Field(min_length=1, max_length=100, pattern="^[^<>]+$")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    salutation: str = ""
    first_name: str = ""
    last_name: str = ""
    company_name: str = Field(default="", max_length=200, pattern="^[^<>]*$")
    phone: str = ""
    mobile: str = ""
    website: str = ""
    notes: str = ""
    currency_code: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    payment_terms: int = 0
    payment_terms_label: str = ""
    is_portal_enabled: bool = False
    billing_address: PostalAddress = PostalAddress()
    shipping_address: PostalAddress = PostalAddress()
    custom_fields: list[CustomField] = Field(default=[], max_length=0)
    """A label has to be set up in the account first, and in this one none is."""


class ChangedCustomer(Strict):
    """No more than the plugin has reason to change."""

    display_name: str = Field(min_length=1, max_length=100, pattern="^[^<>]+$")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    currency_code: str = Field(pattern="^[A-Z]{3}$")


class NewProduct(Strict):
    name: str = Field(min_length=1, max_length=100)
    description: str = ""
    email_ids: str = ""
    redirect_url: str = ""


class NewPlan(Strict):
    plan_code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")
    name: str = Field(min_length=1, max_length=100)
    recurring_price: Amount
    interval: int = Field(ge=1)
    interval_unit: Literal["months", "years"] = "months"
    product_id: str
    billing_cycles: int = -1
    trial_period: int = Field(default=0, ge=0, le=0)
    """Trials are not played here."""
    setup_fee: Amount = Field(default=Decimal(0), le=0)
    description: str = Field(default="", max_length=2000)
    tax_id: str | None = None


class OrderedPlan(Strict):
    plan_code: str
    plan_description: str = Field(default="", max_length=2000)
    price: Amount | None = None
    quantity: int = Field(default=1, ge=1)
    tax_id: str | None = None
    billing_cycles: int | None = None


class NewSubscription(Strict):
    customer_id: str
    plan: OrderedPlan
    auto_collect: bool = True
    reference_id: str = Field(default="", max_length=100)
    payment_terms: int = Field(default=0, ge=0)
    payment_terms_label: str = ""


class Applied(Strict):
    invoice_id: str
    amount_applied: Amount = Field(gt=0)


class NewPayment(Strict):
    customer_id: str
    payment_mode: Literal["check", "cash", "creditcard", "banktransfer", "bankremittance", "autotransaction", "others"]
    amount: Amount = Field(gt=0)
    date: str | None = Field(default=None, pattern=DAY)
    reference_number: str = Field(default="", max_length=100)
    description: str = Field(default="", max_length=2000)
    invoices: list[Applied] = []


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Page(Query):
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=200, ge=1, le=200)


class CustomerList(Page):
    email: str | None = None
    filter_by: str | None = Field(default=None, pattern="^Status\\.")


class ProductList(Page):
    filter_by: str | None = Field(default=None, pattern="^ProductStatus\\.")


class SubscriptionList(Page):
    customer_id: str | None = None
    reference_contains: str | None = Field(default=None, min_length=1)
    filter_by: (
        Literal[
            "SubscriptionStatus.All",
            "SubscriptionStatus.ACTIVE",
            "SubscriptionStatus.LIVE",
            "SubscriptionStatus.NON_RENEWING",
            "SubscriptionStatus.CANCELLED",
            "SubscriptionStatus.EXPIRED",
        ]
        | None
    ) = None


class InvoiceList(Page):
    sort_column: Literal["created_time"] = "created_time"
    sort_order: Literal["A", "D"] = "D"
    customer_id: str | None = None
    subscription_id: str | None = None
    filter_by: (
        Literal["Status.All", "Status.Sent", "Status.Draft", "Status.Paid", "Status.Void", "Status.Unpaid"] | None
    ) = None


class Cancellation(Query):
    cancel_at_end: Literal["true", "false"] | None = None
