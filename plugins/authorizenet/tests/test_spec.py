"""Every request of the plugin and every answer of the sandbox, against the gateway's own schema.

With ARUMALDO_SPECS set the same check follows every other test of this folder.
"""

from __future__ import annotations

import contextlib

import pytest
import xmlschema
from arumaldo_authorizenet.client import Gateway
from arumaldo_authorizenet.payments import AuthorizenetPayments
from arumaldo_authorizenet.said import Said
from arumaldo_authorizenet.sandbox.till import DAY
from arumaldo_authorizenet.settings import Settings

from arumaldo import ProviderError

from . import wire_schema
from .conftest import PRICE, Buy, HeardSandbox, Wish
from .wire_schema import check, request_as_xml


@pytest.fixture
def schema() -> xmlschema.XMLSchema:
    schema = wire_schema.schema()
    if schema is None:
        pytest.skip("ARUMALDO_SPECS is not set: it names the folder with the vendors' own descriptions")
    return schema


def test_a_life_of_charges_and_returns_keeps_to_the_schema(
    schema: xmlschema.XMLSchema, sandbox: HeardSandbox, payments: AuthorizenetPayments, buy: Buy, wish: Wish
) -> None:
    first, second = buy("order-1"), buy("order-2")
    payments.give_back(reference="back-1", charge_id=first.id, amount=PRICE)
    sandbox.shift = DAY + 60
    payments.give_back(reference="back-2", charge_id=second.id, amount=PRICE)
    for reference in ("order-1", "order-2", "order-3"):
        payments.find_charges(reference=reference)
    payments.find_returns(reference="back-2", charge_id=second.id)
    assert check(schema, sandbox.heard) == {
        "createTransactionRequest",
        "getTransactionDetailsRequest",
        "getUnsettledTransactionListRequest",
        "getSettledBatchListRequest",
        "getTransactionListRequest",
    }


def test_every_way_to_fail_keeps_to_the_schema(
    schema: xmlschema.XMLSchema, sandbox: HeardSandbox, settings: Settings, buy: Buy, wish: Wish
) -> None:
    used = wish()
    buy("order-1", token=used)
    for reference, token in {
        "order-1": wish(),
        "order-2": used,
        "order-3": wish(card="4222222222222"),
        "order-4": wish(code="901"),
        "order-5": wish(expiry="012020"),
        "order-6": "COMMON.ACCEPT.INAPP.PAYMENT:nonsense",
    }.items():
        try:
            buy(reference, token=token)
        except ProviderError:
            continue
        assert reference == "order-1"
    for key, value in {"review": "hold", "processor": "down", "busy": "on"}.items():
        sandbox.switches[key] = value
        _try(AuthorizenetPayments(settings), wish())
    sandbox.switches.clear()
    _try(AuthorizenetPayments(settings.model_copy(update={"login": "nobody"})), wish())
    assert check(schema, sandbox.heard) >= {"createTransactionRequest", "getTransactionDetailsRequest"}


def _try(payments: AuthorizenetPayments, token: str) -> None:
    with contextlib.suppress(ProviderError):
        payments.charge(reference="order-9", amount=PRICE, token=token, description="x", email="ann@example.com")
    with contextlib.suppress(ProviderError):
        payments.get_charge(charge_id="99999999999")
    payments.close()


def test_what_the_account_says_of_itself_keeps_to_the_schema(
    schema: xmlschema.XMLSchema, sandbox: HeardSandbox, settings: Settings
) -> None:
    gateway = Gateway(settings)
    gateway.read("authenticateTestRequest", {}, Said)
    assert gateway.knows_client_key()
    gateway.close()
    assert check(schema, sandbox.heard) == {"authenticateTestRequest", "getMerchantDetailsRequest"}


def test_the_check_itself_sees_an_element_out_of_order(schema: xmlschema.XMLSchema) -> None:
    login = {"name": "shop", "transactionKey": "key"}
    good = {"getTransactionDetailsRequest": {"merchantAuthentication": login, "refId": "r", "transId": "1"}}
    bad = {"getTransactionDetailsRequest": {"merchantAuthentication": login, "transId": "1", "refId": "r"}}
    schema.validate(request_as_xml(good))
    with pytest.raises(xmlschema.XMLSchemaValidationError, match="refId"):
        schema.validate(request_as_xml(bad))
