"""What `arumaldo check --live` learns from the gateway."""

from __future__ import annotations

import pytest
from arumaldo_authorizenet.check import check
from arumaldo_authorizenet.settings import Settings
from pydantic import SecretStr

from arumaldo import Denied, Unavailable

from .conftest import HeardSandbox


def test_an_account_in_order_is_asked_one_thing_that_changes_nothing(sandbox: HeardSandbox, settings: Settings) -> None:
    assert check(settings) == "sandbox-shop is let in, may charge cards"
    assert len(sandbox.heard) == len(sandbox.asked("getMerchantDetailsRequest")) == 1
    assert not any(sandbox.ledger().values())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("login", "nobody", "check login and transaction_key"),
        ("transaction_key", SecretStr("not-the-key"), "check login and transaction_key"),
        ("client_key", "of another account", "client_key in .* is not that of login"),
        ("currency", "EUR", "the account takes USD"),
    ],
)
def test_a_setting_that_is_not_the_accounts_is_named(settings: Settings, key: str, value: object, said: str) -> None:
    with pytest.raises(Denied, match=said):
        check(settings.model_copy(update={key: value}))


def test_an_account_in_test_mode_is_said_to_move_no_money(sandbox: HeardSandbox, settings: Settings) -> None:
    sandbox.switches["test_mode"] = "on"
    assert "no money moves" in check(settings)


def test_a_gateway_that_is_away_is_not_taken_for_a_wrong_key(sandbox: HeardSandbox, settings: Settings) -> None:
    with pytest.raises(Unavailable):
        check(settings.model_copy(update={"api_url": f"{sandbox.address}/nowhere"}))
