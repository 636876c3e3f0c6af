"""What `arumaldo check --live` learns from the vendor."""

from __future__ import annotations

import pytest
from arumaldo_brevo.check import check
from arumaldo_brevo.sandbox import BrevoSandbox
from arumaldo_brevo.settings import Settings
from pydantic import SecretStr

from arumaldo import ConfigError, Denied, Unavailable


def test_an_account_in_order_is_found_so(settings: Settings) -> None:
    assert check(settings) == "may send as hello@sandbox.example, with 5000 credits left"


def test_a_sender_is_good_also_when_only_its_domain_is_confirmed(settings: Settings, sandbox: BrevoSandbox) -> None:
    sandbox.switches["sender"] = "by-domain"
    assert "may send" in check(settings)


def test_everything_that_is_wrong_is_said_at_once_and_how_to_put_it_right(
    settings: Settings, sandbox: BrevoSandbox
) -> None:
    sandbox.switches |= {"sender": "inactive", "credits": "none", "relay": "off"}
    with pytest.raises(ConfigError) as told:
        check(settings.model_copy(update={"list_id": 7}))
    relay, bought, sender, contacts = told.value.mistakes
    assert "support" in relay
    assert "buy some" in bought
    assert "hello@sandbox.example" in sender
    assert "list_id 7" in contacts


def test_where_business_names_would_get_lost_the_operator_is_told(settings: Settings, sandbox: BrevoSandbox) -> None:
    sandbox.switches["attributes"] = "few"
    assert "COMPANY" in check(settings)


def test_a_key_that_is_not_accepted_is_a_matter_for_a_person(settings: Settings) -> None:
    with pytest.raises(Denied, match="api_key") as told:
        check(settings.model_copy(update={"api_key": SecretStr("of-somebody-else")}))
    assert "of-somebody-else" not in str(told.value)


def test_a_vendor_who_is_away_is_not_taken_for_a_wrong_key(settings: Settings) -> None:
    with pytest.raises(Unavailable):
        check(settings.model_copy(update={"base_url": "http://127.0.0.1:1"}))


def test_nothing_is_made_by_asking(settings: Settings, sandbox: BrevoSandbox) -> None:
    check(settings)
    assert sandbox.ledger() == {"emails": [], "contacts": []}
