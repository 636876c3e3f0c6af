"""Whose matter a wrong setting is, and what no error ever tells."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx2
import pytest
from arumaldo_authorizenet.client import Gateway
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.said import Message
from arumaldo_authorizenet.settings import Settings
from pydantic import SecretStr, ValidationError

from arumaldo import Denied, Money, ProviderError, Refused

from .conftest import PRICE, Buy, HeardSandbox, Wish


def test_the_real_hosts_are_the_default() -> None:
    settings = Settings(login="shop", transaction_key=SecretStr("key"), client_key="public")
    assert settings.api_url == "https://api.authorize.net/xml/v1/request.api"
    assert settings.browser_origin == "https://js.authorize.net"


@pytest.mark.parametrize("url", ["http://api.authorize.net/xml/v1/request.api", "ftp://localhost/", "api"])
def test_credentials_never_travel_in_the_open(url: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        Settings(login="shop", transaction_key=SecretStr("key"), client_key="public", api_url=url)


def test_a_key_that_is_too_long_is_refused_without_being_shown() -> None:
    with pytest.raises(ValidationError) as mistake:
        Settings(login="shop", transaction_key=SecretStr("a-secret-far-too-long"), client_key="public")
    assert "a-secret-far" not in str(mistake.value)


def _wrong(key: str, value: object) -> Callable[[Settings], Settings]:
    return lambda settings: settings.model_copy(update={key: value})


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        (_wrong("transaction_key", SecretStr("wrong-key")), "transaction_key"),
        (_wrong("login", "nobody"), "login"),
        (_wrong("currency", "EUR"), "currency"),
    ],
)
def test_wrong_settings_are_a_matter_for_a_person_and_name_the_remedy(
    sandbox: HeardSandbox, settings: Settings, wish: Wish, change: Callable[[Settings], Settings], remedy: str
) -> None:
    payments = AuthorizenetPayments(change(settings))
    with pytest.raises(Denied, match=remedy):
        payments.charge(reference="order-1", amount=PRICE, token=wish(), description="", email="")
    payments.close()
    assert sandbox.ledger()["charges"] == []


def test_a_currency_that_the_account_does_not_take_is_a_matter_for_a_person(sandbox: HeardSandbox, buy: Buy) -> None:
    sandbox.switches["currency"] = "EUR"
    with pytest.raises(Denied, match="currency"):
        buy()


def test_an_account_in_test_mode_is_told_and_nothing_counts_as_paid(sandbox: HeardSandbox, buy: Buy) -> None:
    sandbox.switches["test_mode"] = "on"
    with pytest.raises(Denied, match="test mode"):
        buy()
    assert sandbox.ledger()["charges"] == []


def _foreign_token(sandbox: HeardSandbox, http: httpx2.Client) -> str:
    request = {
        "securePaymentContainerRequest": {
            "merchantAuthentication": {"name": "other-shop", "clientKey": "other-shop-public-client-key"},
            "data": {
                "type": "TOKEN",
                "id": "1",
                "token": {"cardNumber": "4111111111111111", "expirationDate": "122099"},
            },
        }
    }
    answer = http.post(f"{sandbox.address}/xml/v1/request.api", json=request)
    opaque = json.loads(answer.content.decode("utf-8-sig"))["opaqueData"]
    return f"{opaque['dataDescriptor']}:{opaque['dataValue']}"


def test_a_token_of_another_shop_is_refused_and_stops_nobody_else(
    sandbox: HeardSandbox, buy: Buy, http: httpx2.Client
) -> None:
    with pytest.raises(Refused, match="enter the card again"):
        buy(token=_foreign_token(sandbox, http))
    assert buy("order-2").state == "paid"


def test_a_client_key_of_another_shop_in_our_settings_is_a_matter_for_a_person(
    sandbox: HeardSandbox, buy: Buy, http: httpx2.Client
) -> None:
    sandbox.switches["client_key"] = "the-key-it-really-has"
    with pytest.raises(Denied, match="client_key"):
        buy(token=_foreign_token(sandbox, http))


def test_no_error_tells_a_secret(sandbox: HeardSandbox, settings: Settings, wish: Wish) -> None:
    """Every error of every hook, against a gateway that repeats what it was sent."""
    sandbox.switches["parrot"] = "on"
    token = wish()
    texts: list[str] = []
    for change in ({}, {"transaction_key": SecretStr("wrong-secret-key")}, {"login": "x" * 26}):
        payments = AuthorizenetPayments(settings.model_copy(update=change))
        for reference in ("order-1", "order-1", "order-2", "a-reference-that-is-longer-than-twenty"):
            texts += _errors(payments, reference, token)
        payments.close()
    assert len(texts) > 10
    for secret in ("sandbox-key-0001", "wrong-secret-key", token, token.split(":")[1], "4111111111111111"):
        assert not [text for text in texts if secret in text]


def _errors(payments: AuthorizenetPayments, reference: str, token: str) -> list[str]:
    calls: list[Callable[[], object]] = [
        lambda: payments.charge(reference=reference, amount=PRICE, token=token, description="", email=""),
        lambda: payments.find_charges(reference=reference),
        lambda: payments.get_charge(charge_id="99999999999"),
        lambda: payments.give_back(reference=reference, charge_id="99999999999", amount=Money(minor=1)),
        lambda: payments.find_returns(reference=reference, charge_id="99999999999"),
    ]
    texts = []
    for call in calls:
        try:
            call()
        except ProviderError as error:
            texts.append(f"{error} {error!r} {error.__cause__!r} {error.__context__!r}")
    return texts


def test_words_of_the_gateway_are_quoted_without_what_we_keep_to_ourselves(settings: Settings) -> None:
    gateway = Gateway(settings)
    own = {"transactionRequest": {"payment": {"opaqueData": {"dataValue": "the-token"}}}}
    said = str(gateway.denied(Message(code="E00007", text="sandbox-key-0001 the-token 4111 1111 1111 1111 stop"), own))
    assert "E00007 … … … stop" in said
    gateway.close()
