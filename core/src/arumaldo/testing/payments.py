"""What every payments provider owes, whoever it is.

    class TestAcme(PaymentsConformance):
        @pytest.fixture
        def payments(self): ...

A subclass supplies the fixtures below; the tests know nothing but the capability and them.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from arumaldo.capabilities.kinds import kind_of
from arumaldo.capabilities.payments import Charge, PaymentField, PaymentPage, Payments
from arumaldo.errors import NotFound, OutcomeUnknown, Refused
from arumaldo.money import Money

TokenMaker = Callable[[], str]
Ledger = Callable[[str], int]

_PRICE = Money(minor=2900)
_DESCRIPTION = "Website, first month"
_EMAIL = "ann@example.com"
_references = itertools.count(1)


class PaymentsConformance:
    """Inherit, supply the four fixtures, and every promise of the capability is tested against your provider."""

    absent_id: ClassVar[str] = "99999999999"
    """An id in the vendor's form under which it has nothing."""
    price: ClassVar[Money] = _PRICE
    """What is charged; in a currency that the account takes."""

    @pytest.fixture
    def payments(self) -> Payments:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def token(self) -> TokenMaker:
        """Makes tokens as the payment page receives them: each call a fresh one, of the same good card."""
        raise NotImplementedError

    @pytest.fixture
    def declined_token(self) -> TokenMaker:
        """The same for a card that the bank declines."""
        raise NotImplementedError

    @pytest.fixture
    def ledger(self) -> Ledger:
        """Counts the charges that stand at the vendor under a reference: approved, neither voided nor refunded."""
        raise NotImplementedError

    @pytest.fixture
    def reference(self) -> str:
        """One that was never used, at most 20 characters, as the hub makes them."""
        return f"test-{next(_references):06d}"

    def test_every_hook_is_there_with_every_parameter(self, payments: Payments) -> None:
        hooks = {name: hook for name, hook in vars(Payments).items() if kind_of(hook)}
        assert hooks
        for name, hook in hooks.items():
            given = inspect.signature(getattr(payments, name)).parameters
            assert ["self", *given] == list(inspect.signature(hook).parameters), name

    def test_the_checkout_says_what_the_page_needs_and_charges_nothing(
        self, payments: Payments, ledger: Ledger, reference: str
    ) -> None:
        checkout = payments.checkout(
            reference=reference, amount=self.price, description=_DESCRIPTION, return_url="http://localhost/back"
        )
        assert isinstance(checkout, PaymentField | PaymentPage)
        if isinstance(checkout, PaymentField):
            assert checkout.module.endswith(".js")
            origins = [*checkout.script_origins, *checkout.connect_origins, *checkout.frame_origins]
            assert all(re.fullmatch(r"https?://[^/ ;,]+", origin) for origin in origins)
        assert ledger(reference) == 0

    def test_a_charge_is_taken_once_and_to_the_cent(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        amount = Money(minor=self.price.minor + 1, currency=self.price.currency)
        charge = self._charge(payments, reference, token(), amount)
        assert (charge.state, charge.amount, charge.reference) == ("paid", amount, reference)
        assert charge.id
        assert payments.get_charge(charge_id=charge.id).amount == amount
        assert ledger(reference) == 1

    def test_a_charge_is_found_by_its_reference_and_by_its_id(
        self, payments: Payments, token: TokenMaker, reference: str
    ) -> None:
        charge = self._charge(payments, reference, token())
        found = payments.find_charges(reference=reference)
        assert [(one.id, one.reference, one.amount, one.state) for one in found] == [
            (charge.id, reference, self.price, "paid")
        ]
        assert payments.get_charge(charge_id=charge.id) == found[0]

    def test_what_was_never_charged_is_not_found(self, payments: Payments, reference: str) -> None:
        assert payments.find_charges(reference=reference) == []
        with pytest.raises(NotFound):
            payments.get_charge(charge_id=self.absent_id)

    def test_charges_of_other_orders_are_left_out(self, payments: Payments, token: TokenMaker, reference: str) -> None:
        self._charge(payments, reference, token())
        assert payments.find_charges(reference=reference[:-1]) == []
        assert payments.find_charges(reference=f"{reference}0") == []

    def test_every_charge_is_listed_from_the_moment_it_was_made(
        self, payments: Payments, token: TokenMaker, reference: str
    ) -> None:
        before = datetime.now(UTC) - timedelta(minutes=5)
        charge = self._charge(payments, reference, token())
        listed = [one for one in payments.list_charges(since=before) if one.id == charge.id]
        assert [(one.reference, one.amount, one.state) for one in listed] == [(reference, self.price, "paid")]
        assert listed[0].made_at is not None
        assert payments.list_charges(since=datetime.now(UTC) + timedelta(days=1)) == []

    def test_the_same_call_again_charges_nothing_more(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        card = token()
        first = self._charge(payments, reference, card)
        self._again(payments, reference, card, first)
        assert ledger(reference) == 1

    def test_the_same_card_typed_again_for_the_same_order_charges_nothing_more(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        first = self._charge(payments, reference, token())
        self._again(payments, reference, token(), first)
        assert ledger(reference) == 1

    def test_a_used_token_pays_for_nothing_else(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        card = token()
        self._charge(payments, reference, card)
        with pytest.raises(Refused) as refused:
            self._charge(payments, f"{reference}-b", card)
        _is_for_the_customer(refused.value, card)
        assert ledger(f"{reference}-b") == 0

    def test_a_token_that_nobody_made_charges_nothing(self, payments: Payments, ledger: Ledger, reference: str) -> None:
        for made_up in ("", "nonsense", "' OR 1=1 --", "x" * 100_000, "\x00\u202e"):
            with pytest.raises(Refused) as refused:
                self._charge(payments, reference, made_up)
            _is_for_the_customer(refused.value, made_up)
        assert ledger(reference) == 0

    def test_a_declined_card_is_told_in_words_and_another_one_works(
        self, payments: Payments, token: TokenMaker, declined_token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        card = declined_token()
        with pytest.raises(Refused) as refused:
            self._charge(payments, reference, card)
        _is_for_the_customer(refused.value, card)
        assert "Nothing was charged" in refused.value.what
        assert payments.find_charges(reference=reference) == []
        assert ledger(reference) == 0
        assert self._charge(payments, f"{reference}-b", token()).state == "paid"
        assert ledger(f"{reference}-b") == 1

    def test_words_of_any_language_do_not_stop_a_payment(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        charge = payments.charge(
            reference=reference,
            amount=self.price,
            token=token(),
            description="مخبز \u202e <script>alert(1)</script> 🥖\x07" * 40,
            email="näh@example.com",
        )
        assert charge.state == "paid"
        assert ledger(reference) == 1

    def test_nothing_is_known_of_the_card_but_its_last_digits(
        self, payments: Payments, token: TokenMaker, reference: str
    ) -> None:
        charge = self._charge(payments, reference, token())
        for one in (charge, payments.get_charge(charge_id=charge.id)):
            assert not re.search(r"\d{5}", one.card)

    def test_money_given_back_is_back_whole(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        charge = self._charge(payments, reference, token())
        back = f"{reference}-r"
        assert payments.find_returns(reference=back, charge_id=charge.id) == []
        made = payments.give_back(reference=back, charge_id=charge.id, amount=self.price)
        assert (made.charge_id, made.amount) == (charge.id, self.price)
        found = payments.find_returns(reference=back, charge_id=charge.id)
        assert [(one.id, one.reference, one.charge_id, one.amount) for one in found] == [
            (made.id, back, charge.id, self.price)
        ]
        assert payments.get_charge(charge_id=charge.id).state == "returned"
        assert [one.state for one in payments.find_charges(reference=reference)] == ["returned"]
        assert ledger(reference) == 0

    def test_money_is_given_back_once(self, payments: Payments, token: TokenMaker, reference: str) -> None:
        charge = self._charge(payments, reference, token())
        back = f"{reference}-r"
        first = payments.give_back(reference=back, charge_id=charge.id, amount=self.price)
        again = payments.give_back(reference=back, charge_id=charge.id, amount=self.price)
        assert again.id == first.id
        assert len(payments.find_returns(reference=back, charge_id=charge.id)) == 1

    def test_only_the_whole_charge_is_given_back(
        self, payments: Payments, token: TokenMaker, ledger: Ledger, reference: str
    ) -> None:
        charge = self._charge(payments, reference, token())
        more = Money(minor=2 * self.price.minor, currency=self.price.currency)
        with pytest.raises(Refused):
            payments.give_back(reference=f"{reference}-r", charge_id=charge.id, amount=more)
        assert ledger(reference) == 1

    def test_what_was_never_charged_is_never_given_back(self, payments: Payments, reference: str) -> None:
        assert payments.find_returns(reference=reference, charge_id=self.absent_id) == []
        with pytest.raises(NotFound):
            payments.give_back(reference=reference, charge_id=self.absent_id, amount=self.price)

    def _charge(self, payments: Payments, reference: str, token: str, amount: Money | None = None) -> Charge:
        return payments.charge(
            reference=reference, amount=amount or self.price, token=token, description=_DESCRIPTION, email=_EMAIL
        )

    def _again(self, payments: Payments, reference: str, token: str, first: Charge) -> None:
        """A second call finds the first charge, or is refused, or sends the hub to look: never a second charge."""
        try:
            again = self._charge(payments, reference, token)
        except (Refused, OutcomeUnknown):
            return
        assert again.id == first.id


def _is_for_the_customer(refusal: Refused, token: str) -> None:
    assert re.fullmatch(r"[A-Z].*\.", refusal.what), refusal.what
    assert not token or token not in refusal.what
