"""What `arumaldo check --live` learns from the vendor."""

from __future__ import annotations

import pytest
from arumaldo_cloudflare.check import check
from arumaldo_cloudflare.sandbox import CloudflareSandbox
from arumaldo_cloudflare.settings import Settings
from pydantic import SecretStr

from arumaldo import Denied, Unavailable

from .conftest import Seen


def test_a_token_in_order_is_found_so_and_nothing_is_made(settings: Settings, seen: Seen) -> None:
    assert check(settings) == "api_token is active and may list zones"
    assert seen.writes() == []


def test_a_token_that_belongs_to_the_account_is_found_in_order(sandbox: CloudflareSandbox, settings: Settings) -> None:
    sandbox.switches["token"] = "of-account"
    assert "active" in check(settings)


def test_a_token_that_has_run_out_is_a_matter_for_a_person(sandbox: CloudflareSandbox, settings: Settings) -> None:
    sandbox.switches["token"] = "expired"
    with pytest.raises(Denied, match="api_token is expired"):
        check(settings)


def test_a_token_that_is_not_accepted_is_a_matter_for_a_person(settings: Settings) -> None:
    with pytest.raises(Denied, match="api_token") as refusal:
        check(settings.model_copy(update={"api_token": SecretStr("of-somebody-else")}))
    assert "of-somebody-else" not in str(refusal.value)


def test_an_account_that_is_not_the_tokens_is_a_matter_for_a_person(settings: Settings) -> None:
    with pytest.raises(Denied):
        check(settings.model_copy(update={"account_id": "c" * 32}))


def test_a_vendor_who_is_away_is_not_taken_for_a_wrong_token(settings: Settings) -> None:
    with pytest.raises(Unavailable):
        check(settings.model_copy(update={"base_url": "http://127.0.0.1:1"}))


def test_settings_that_cannot_be_right_are_refused_and_the_token_is_not_shown() -> None:
    with pytest.raises(ValueError, match="account_id"):
        Settings(api_token=SecretStr("secret"), account_id="bakery.example")
    assert "sandbox-token" not in repr(Settings.at_sandbox("http://localhost:1/cloudflare"))
