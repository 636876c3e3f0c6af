"""payments: take money from a customer's card once, and give it back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from arumaldo.capabilities.kinds import Made, creates, reads
from arumaldo.money import Money


class PaymentField(BaseModel, frozen=True):
    """The provider's own field on our page. The card goes from the browser to the provider; we receive a token.

    `module` is a file in the plugin's `browser` folder, an ES module the portal serves and loads. It exports
    `mount(place, facts, done)`: draw into the element `place`, and call `done({token})` or `done({problem})`.
    The origins go into the page's Content-Security-Policy.
    """

    shape: Literal["field"] = "field"
    module: str
    facts: dict[str, str] = {}
    script_origins: list[str] = []
    connect_origins: list[str] = []
    frame_origins: list[str] = []


class PaymentPage(BaseModel, frozen=True):
    """A page of the provider's to go to. It sends the customer back to `return_url` with `token` in the query."""

    shape: Literal["page"] = "page"
    url: str


class Charge(Made, frozen=True):
    """Money taken, or held by the gateway for review (not paid yet)."""

    amount: Money
    state: Literal["paid", "held", "declined", "returned"]
    card: str = ""
    """As people write it: "Visa ending in 1111". Never more than the last four digits."""


class MoneyBack(Made, frozen=True):
    """A full return of one charge, by void or refund as the gateway's state demands."""

    charge_id: str
    amount: Money


class Payments:
    """Whoever holds the cards and moves the money."""

    @reads
    def checkout(self, reference: str, amount: Money, description: str, return_url: str) -> PaymentField | PaymentPage:
        """What the payment page needs; nothing is charged. Called by a page, so it answers without asking the vendor
        wherever it can, and within two seconds where it cannot."""
        raise NotImplementedError

    @creates(find="find_charges", sure_after=60, money=True, listed="list_charges")
    def charge(self, reference: str, amount: Money, token: str, description: str, email: str) -> Charge:
        """Take `amount` with the single-use `token` of this provider's checkout.

        Refused: the bank or the gateway said no, in words for the customer; surely nothing was charged.
        A second call with the same `reference` and arguments must meet the vendor's own guard against doubles.
        """
        raise NotImplementedError

    @reads
    def find_charges(self, reference: str) -> list[Charge]:
        """Every charge that carries `reference`, settled or not, declined ones left out."""
        raise NotImplementedError

    @reads
    def list_charges(self, since: datetime) -> list[Charge]:
        """Every charge made since then, paid, held or returned, declined ones left out; also what others made through
        the same account. `reference` as the vendor keeps it, whole; `made_at` always. Newer ones may be missing for as
        long as the vendor's list lags behind, which is less than `sure_after`."""
        raise NotImplementedError

    @reads
    def get_charge(self, charge_id: str) -> Charge:
        """The charge as it stands now. NotFound when the vendor has none with this id."""
        raise NotImplementedError

    @creates(find="find_returns", sure_after=60)
    def give_back(self, reference: str, charge_id: str, amount: Money) -> MoneyBack:
        """Return the whole charge: void it while it is unsettled, refund it afterwards."""
        raise NotImplementedError

    @reads
    def find_returns(self, reference: str, charge_id: str) -> list[MoneyBack]:
        """The return of this charge, if there is one; at most one exists."""
        raise NotImplementedError
