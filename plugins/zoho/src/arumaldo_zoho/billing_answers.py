"""What we read of Billing's answers, and how its amounts and times become ours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, ValidationError

from arumaldo import Money, OutcomeUnknown, Unavailable
from arumaldo.capabilities.billing import Invoice
from arumaldo_zoho.client import NAME


def _as_written(value: object) -> object:
    """A number in the vendor's own digits; some of its amounts are text."""
    return Decimal(str(value)) if isinstance(value, int | float) else value


def _or_none(value: object) -> object:
    """The vendor says "" where it has nothing."""
    return None if value == "" else value


Amount = Annotated[Decimal, BeforeValidator(_as_written)]
Moment = Annotated[datetime | None, BeforeValidator(_or_none)]
Day = Annotated[date | None, BeforeValidator(_or_none)]
Model = TypeVar("Model", bound=BaseModel)


class CustomerRow(BaseModel):
    customer_id: str
    display_name: str
    email: str = ""
    currency_code: str = ""
    created_time: Moment = None


class ProductRow(BaseModel):
    product_id: str
    name: str


class SubscriptionRow(BaseModel):
    """As lists and single answers have it; only the latter know `child_invoice_id`."""

    subscription_id: str
    customer_id: str = ""
    status: str
    reference_id: str = ""
    created_time: Moment = None
    activated_at: Day = None
    current_term_starts_at: Day = None
    next_billing_at: Day = None
    currency_code: str = ""
    child_invoice_id: str = ""

    @property
    def is_over(self) -> bool:
        """A state that is not known is not over."""
        return self.status in ("cancelled", "cancelled_from_dunning", "creation_failed", "expired", "trial_expired")

    @property
    def was_renewed(self) -> bool:
        """`child_invoice_id` is the latest invoice, so it is the first one only until then."""
        start, now = self.activated_at, self.current_term_starts_at
        return start is not None and now is not None and now > start

    @property
    def renews_at(self) -> datetime | None:
        """The vendor tells a date in its organisation's time zone, whose offset its other times show."""
        zone = (self.created_time and self.created_time.tzinfo) or UTC
        day = self.next_billing_at
        return datetime(day.year, day.month, day.day, tzinfo=zone) if day else None


class PaymentOn(BaseModel):
    payment_id: str
    reference_number: str = ""


class InvoiceRow(BaseModel):
    """As lists and single answers have it; only the latter know `payments`.

    The sister products say `invoice_number` and `date`, and so may live answers.
    """

    invoice_id: str
    number: str = Field(validation_alias=AliasChoices("number", "invoice_number"))
    status: str = ""
    day: Day = Field(default=None, validation_alias=AliasChoices("invoice_date", "date"))
    customer_id: str = ""
    total: Amount
    balance: Amount
    currency_code: str
    created_time: Moment = None
    payments: list[PaymentOn] = []

    @property
    def ours(self) -> Invoice:
        """A void invoice asks for nothing, whatever its balance says."""
        total = _money(self.total, self.currency_code)
        due = Money(minor=0, currency=total.currency) if self.status == "void" else None
        return Invoice(
            id=self.invoice_id, number=self.number, total=total, due=due or _money(self.balance, self.currency_code)
        )


def read(model: type[Model], data: Any, *, changed: bool = False) -> Model:
    """`data` as one of these. `changed`: the answer was about a change, which is in doubt when it cannot be read."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise (OutcomeUnknown if changed else Unavailable)(NAME, "answered in a shape that is not its own") from error


def number(money: Money) -> int | float:
    """The amount as the vendor wants it, a bare number; exact, for its digits are few."""
    amount = money.decimal
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _money(amount: Decimal, currency: str) -> Money:
    try:
        return Money.of(amount, currency)
    except (ValueError, ArithmeticError) as error:
        raise Unavailable(NAME, f"answered an amount of {amount} {currency}, which nobody can pay") from error
