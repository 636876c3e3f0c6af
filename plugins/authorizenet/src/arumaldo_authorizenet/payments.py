"""payments, served by one Authorize.Net account.

The gateway has no idempotency key. What stands between a customer and a second charge: our reference is the invoice
number, the gateway refuses a second equal charge of one invoice for eight hours, a card token works once, and whatever
is in doubt is looked up before it is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx2

from arumaldo import Denied, Money, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable, hookimpl
from arumaldo.capabilities.payments import Charge, MoneyBack, PaymentField
from arumaldo_authorizenet import asks, outcomes
from arumaldo_authorizenet.books import Books
from arumaldo_authorizenet.client import NAME, Gateway
from arumaldo_authorizenet.said import Details, Outcome, Result, card_in_words
from arumaldo_authorizenet.settings import Settings


class AuthorizenetPayments:
    """One gateway account. Safe for several threads."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._gateway = Gateway(settings, http)
        self._books = Books(self._gateway, settings.currency)

    @hookimpl
    def checkout(self, reference: str, amount: Money, description: str, return_url: str) -> PaymentField:
        """The gateway's own card form over our page; it is asked nothing for that."""
        origin, api = self._settings.browser_origin, self._settings.api_origin
        return PaymentField(
            module="field.js",
            facts={
                "login": self._settings.login,
                "client_key": self._settings.client_key,
                "script": f"{self._settings.browser_url.rstrip('/')}/v3/AcceptUI.js",
            },
            script_origins=[origin],
            # The form posts from its own frame; should the script ever post from our page, it goes to these two.
            connect_origins=list(dict.fromkeys([origin, api])),
            frame_origins=[origin],
        )

    @hookimpl
    def charge(self, reference: str, amount: Money, token: str, description: str, email: str) -> Charge:
        """Take the money at once, with a token of the card form ("descriptor:value").

        A second call meets the used token and the gateway's own search for doubles; where either says that there is
        a first charge, that one is looked up and returned.
        """
        self._check_currency(amount)
        payment = asks.opaque_data(token)
        if payment is None:
            raise Refused(NAME, outcomes.CARD_GONE)
        window = self._settings.duplicate_window
        result = self._gateway.transact(reference, asks.sale(reference, amount, payment, description, email, window))
        if result.outcome.response_code in {"1", "4"}:
            return _taken(reference, amount, result.outcome)
        return self._not_taken(reference, amount, result)

    @hookimpl
    def find_charges(self, reference: str) -> list[Charge]:
        """Every charge under this reference that is not settled, or was in the last 30 days."""
        return self._books.charges(reference)

    @hookimpl
    def list_charges(self, since: datetime) -> list[Charge]:
        """See the capability; one request for what is not settled, one for each settled batch since then."""
        return self._books.charges_since(since)

    @hookimpl
    def get_charge(self, charge_id: str) -> Charge:
        """The charge as it stands now, "returned" also when a refund was made for it."""
        return self._books.charge_now(charge_id)

    @hookimpl
    def give_back(self, reference: str, charge_id: str, amount: Money) -> MoneyBack:
        """Void or refund, whichever the gateway takes; a return that is there already is returned instead."""
        sale = self._books.find_sale(charge_id)
        if amount != self._books.amount(sale.transaction):
            raise Refused(NAME, f"the charge was of {self._books.amount(sale.transaction)}, not of {amount}")
        if sale.transaction.state == "declined":
            raise Refused(NAME, "nothing was charged, so there is nothing to give back")
        if made := self._books.money_back(reference, sale):
            return made
        ways = [self._void, self._refund]
        for way in reversed(ways) if sale.transaction.is_settled else ways:
            if made := way(reference, sale):
                return made
        return self._given_back_already(reference, charge_id)

    @hookimpl
    def find_returns(self, reference: str, charge_id: str) -> list[MoneyBack]:
        """The void, or the refund of the whole amount, of this charge, whoever made it."""
        try:
            made = self._books.money_back(reference, self._books.find_sale(charge_id))
        except NotFound:
            return []
        return [made] if made else []

    def close(self) -> None:
        """Give the connections back; the object is of no use afterwards."""
        self._gateway.close()

    def _check_currency(self, amount: Money) -> None:
        if amount.currency != self._settings.currency:
            said = f"takes {self._settings.currency} by its settings, and was asked for {amount.currency}"
            raise Denied(NAME, f"{said}; set `currency` in [plugins.authorizenet], or the plan's price, right")

    def _not_taken(self, reference: str, amount: Money, result: Result) -> Charge:
        outcome, code = result.outcome, result.message.code
        if outcome.error.error_code in outcomes.DUPLICATE:
            return self._the_first_one(reference, amount, outcome)
        if outcome.response_code:
            raise outcomes.refusal(outcome)
        if code in outcomes.TOKEN_GONE:
            return self._what_the_token_was_used_for(reference)
        if code == outcomes.FOREIGN_TOKEN:
            raise self._foreign_token()
        raise outcomes.request_refusal(result.message)

    def _the_first_one(self, reference: str, amount: Money, outcome: Outcome) -> Charge:
        """The charge that made the gateway refuse this one as its double."""
        with _in_doubt():
            named = self._books.details(outcome.trans_id) if outcome.stored else None
        if named and named.carries(reference) and self._books.amount(named.transaction) == amount:
            return self._adopted(named)
        with _in_doubt():
            found = [charge for charge in self._books.charges(reference) if charge.amount == amount]
        if not found:
            raise OutcomeUnknown(NAME, "has this charge already, but does not list it yet")
        return found[0]

    def _adopted(self, first: Details) -> Charge:
        if first.transaction.state == "declined":
            raise outcomes.declined()
        with _in_doubt():
            return self._books.charge_now(first.transaction.trans_id)

    def _what_the_token_was_used_for(self, reference: str) -> Charge:
        """The gateway says the same of a token that never was, is too old, or has paid for this very order."""
        with _in_doubt():
            found = self._books.charges(reference)
        if not found:
            raise Refused(NAME, outcomes.CARD_GONE)
        return found[0]

    def _foreign_token(self) -> ProviderError:
        """Whose mistake is a token of another account: our settings', or that of whoever sent it?"""
        with _in_doubt():
            ours = self._gateway.knows_client_key()
        if ours:
            return Refused(NAME, outcomes.CARD_GONE)
        return Denied(NAME, outcomes.FOREIGN_CLIENT_KEY)

    def _void(self, reference: str, sale: Details) -> MoneyBack | None:
        """None when the gateway says that there is nothing to void (any more)."""
        charge_id = sale.transaction.trans_id
        result = self._gateway.transact(reference, asks.void(charge_id))
        if result.outcome.response_code == "1":
            amount = self._books.amount(sale.transaction)
            return MoneyBack(id=charge_id, reference=reference, charge_id=charge_id, amount=amount)
        if result.outcome.error.error_code in outcomes.NOT_THERE:
            return None
        raise _not_given_back(result)

    def _refund(self, reference: str, sale: Details) -> MoneyBack | None:
        """None when the gateway says that this charge cannot be refunded (yet)."""
        transaction = sale.transaction
        amount = self._books.amount(transaction)
        ask = asks.refund(
            transaction.trans_id,
            amount,
            transaction.payment.credit_card.card_number[-4:],
            transaction.order.invoice_number,
            self._settings.duplicate_window,
        )
        result = self._gateway.transact(reference, ask)
        outcome, code = result.outcome, result.outcome.error.error_code
        if outcome.response_code in {"1", "4"} and outcome.stored:
            return MoneyBack(id=outcome.trans_id, reference=reference, charge_id=transaction.trans_id, amount=amount)
        if code in outcomes.DUPLICATE:
            return self._the_first_refund(transaction.trans_id, outcome)
        if code in outcomes.NOT_SETTLED | outcomes.NOT_THERE:
            return None
        raise _not_given_back(result)

    def _the_first_refund(self, charge_id: str, outcome: Outcome) -> MoneyBack:
        with _in_doubt():
            named = self._books.details(outcome.trans_id) if outcome.stored else None
        if named and named.transaction.returns(charge_id):
            return self._books.refunded(named, charge_id)
        raise OutcomeUnknown(NAME, "has this refund already, but does not list it yet")

    def _given_back_already(self, reference: str, charge_id: str) -> MoneyBack:
        """Neither way was open: either it has happened meanwhile, or the charge is just being settled."""
        sale = self._books.find_sale(charge_id)
        if made := self._books.money_back(reference, sale):
            return made
        if sale.transaction.is_settled or sale.transaction.state == "returned":
            raise Refused(NAME, "the gateway does not return this charge; look at it in the merchant interface")
        raise Unavailable(NAME, "is settling this charge just now; it can be returned afterwards")


def _taken(reference: str, amount: Money, outcome: Outcome) -> Charge:
    if not outcome.stored:
        # In test mode the gateway approves everything and books nothing.
        raise Denied(NAME, "the account is in test mode and charges nothing; set it live in the merchant interface")
    return Charge(
        id=outcome.trans_id,
        reference=reference,
        amount=amount,
        state="paid" if outcome.response_code == "1" else "held",
        card=card_in_words(outcome.account_type, outcome.account_number),
    )


def _not_given_back(result: Result) -> ProviderError:
    if not result.outcome.response_code:
        error = outcomes.request_refusal(result.message)
    else:
        error = outcomes.refusal(result.outcome)
    if isinstance(error, Refused):
        code = result.outcome.error.error_code or result.message.code
        return Refused(NAME, f"the gateway does not return this charge (code {code})")
    return error


@contextmanager
def _in_doubt() -> Iterator[None]:
    """Around a look-up that must tell whether money was taken: while it cannot, the outcome is unknown."""
    try:
        yield
    except ProviderError as error:
        raise OutcomeUnknown(NAME, f"a charge may exist, and the look-up failed: {error.what}") from error
