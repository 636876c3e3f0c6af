"""What every payments provider owes."""

from __future__ import annotations

import pytest
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.sandbox.cards import DECLINED_CARD

from arumaldo.testing.payments import Ledger, PaymentsConformance, TokenMaker

from .conftest import HeardSandbox, Wish


class TestAuthorizenetPayments(PaymentsConformance):
    @pytest.fixture
    def payments(self, payments: AuthorizenetPayments) -> AuthorizenetPayments:
        return payments

    @pytest.fixture
    def token(self, wish: Wish) -> TokenMaker:
        return wish

    @pytest.fixture
    def declined_token(self, wish: Wish) -> TokenMaker:
        return lambda: wish(card=DECLINED_CARD)

    @pytest.fixture
    def ledger(self, sandbox: HeardSandbox) -> Ledger:
        return sandbox.standing


class TestAuthorizenetPaymentsAfterSettlement(TestAuthorizenetPayments):
    """The same promises where everything is settled at once, so that money goes back by refund."""

    @pytest.fixture(autouse=True)
    def _settled(self, sandbox: HeardSandbox) -> None:
        sandbox.switches["settle"] = "now"
