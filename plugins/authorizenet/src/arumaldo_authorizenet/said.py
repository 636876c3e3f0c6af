"""What the gateway says, as models. Unknown keys are ignored; numbers and strings are taken for each other."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

State = Literal["paid", "held", "declined", "returned"]

# The gateway's transactionStatus → ours. What is in neither table is taken as held: not delivered for, not retried.
_STATES: dict[str, State] = {
    "approvedReview": "paid",
    "capturedPendingSettlement": "paid",
    "chargebackReversal": "paid",
    "couldNotVoid": "paid",
    "pendingFinalSettlement": "paid",
    "pendingSettlement": "paid",
    "settledSuccessfully": "paid",
    "updatingSettlement": "paid",
    "communicationError": "declined",
    "declined": "declined",
    "expired": "declined",
    "failedReview": "declined",
    "generalError": "declined",
    "returnedItem": "declined",
    "settlementError": "declined",
    "chargeback": "returned",
    "voided": "returned",
}
_REFUNDS = {"refundPendingSettlement", "refundSettledSuccessfully"}
_SALES = {"authCaptureTransaction", "authOnlyTransaction", "captureOnlyTransaction", "priorAuthCaptureTransaction"}
_BRANDS = {"MasterCard": "Mastercard", "AmericanExpress": "American Express", "DinersClub": "Diners Club"}


def card_in_words(brand: str, number: str) -> str:
    """ "Visa ending in 1111", whatever the gateway sends around the last four digits."""
    last_four = "".join(sign for sign in number if sign.isdigit())[-4:]
    return f"{_BRANDS.get(brand, brand or 'Card')} ending in {last_four}" if last_four else ""


class Said(BaseModel):
    """The base of all that the gateway says."""

    model_config = ConfigDict(
        alias_generator=to_camel, coerce_numbers_to_str=True, populate_by_name=True, extra="ignore", frozen=True
    )


class Message(Said):
    code: str = ""
    text: str = ""


class Messages(Said):
    result_code: str
    message: list[Message] = []


class TransactionError(Said):
    error_code: str = ""
    error_text: str = ""


class Outcome(Said):
    """`transactionResponse`: how a charge, a void or a refund ended. Empty when the request itself failed."""

    response_code: str = ""
    """1 approved, 2 declined, 3 error, 4 held for review."""
    trans_id: str = "0"
    account_number: str = ""
    account_type: str = ""
    errors: list[TransactionError] | None = None

    @property
    def error(self) -> TransactionError:
        """The first error; an empty one where there is none."""
        return self.errors[0] if self.errors else TransactionError()

    @property
    def stored(self) -> bool:
        """Whether the gateway keeps a transaction under `trans_id`."""
        return self.trans_id.strip("0") != ""


class Row(Said):
    """One line of a list of transactions."""

    trans_id: str
    submitted_at: datetime = Field(alias="submitTimeUTC")
    transaction_status: str = ""
    invoice_number: str = ""
    settle_amount: Decimal = Decimal()
    account_type: str = ""
    account_number: str = ""

    @property
    def state(self) -> State:
        """Ours; a refund that was made separately does not show in it."""
        return _STATES.get(self.transaction_status, "held")

    @property
    def is_refund(self) -> bool:
        return self.transaction_status in _REFUNDS


class Batch(Said):
    batch_id: str = ""
    settled_at: datetime | None = Field(default=None, alias="settlementTimeUTC")


class _Order(Said):
    invoice_number: str = ""


class _Card(Said):
    card_number: str = ""
    card_type: str = ""


class _Payment(Said):
    credit_card: _Card = _Card()


class Transaction(Said):
    """`transaction` of getTransactionDetails: a charge or a refund as it stands now."""

    trans_id: str
    ref_trans_id: str | None = None
    """Of a refund: the charge it returns."""
    submitted_at: datetime = Field(alias="submitTimeUTC")
    transaction_type: str
    transaction_status: str
    response_reason_code: str = ""
    auth_amount: Decimal
    order: _Order = _Order()
    payment: _Payment = _Payment()
    batch: Batch | None = None

    @property
    def state(self) -> State:
        """Ours; a refund that was made separately does not show in it."""
        return _STATES.get(self.transaction_status, "held")

    @property
    def is_sale(self) -> bool:
        return self.transaction_type in _SALES

    @property
    def is_settled(self) -> bool:
        return self.transaction_status in {"settledSuccessfully", "chargebackReversal"}

    def returns(self, trans_id: str) -> bool:
        """Whether this is a refund of `trans_id` that stands."""
        return self.ref_trans_id == trans_id and self.transaction_status in _REFUNDS


class Details(Said):
    """The answer to getTransactionDetails."""

    transaction: Transaction
    transref_id: str | None = None
    """The refId of the request that made it."""

    def carries(self, reference: str) -> bool:
        """Whether it was made under our `reference`: as its invoice number, and as its refId where that is kept."""
        return self.transaction.order.invoice_number == reference and self.transref_id in {None, "", reference}


class Account(Said):
    """The part of getMerchantDetails that we read."""

    public_client_key: str = ""
    currencies: list[str] | None = None
    is_test_mode: bool = False


class Rows(Said):
    transactions: list[Row] | None = None


class Batches(Said):
    batch_list: list[Batch] | None = None


class Result(Said):
    """The answer to createTransaction."""

    messages: Messages
    transaction_response: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        return self.transaction_response or Outcome()

    @property
    def message(self) -> Message:
        """The first message about the request as a whole."""
        return self.messages.message[0] if self.messages.message else Message()
