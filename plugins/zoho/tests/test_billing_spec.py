"""Requests and answers of Billing against the vendor's own description, where ARUMALDO_SPECS names its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.taxes import TaxRate

from arumaldo import Money
from arumaldo.capabilities.billing import Address
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.billing import new_reference, plan_of
from arumaldo.testing.wire import Recorder, described

from .billing_spec import BillingSpec

_FOLDER = "zoho/billing"
_ROOT = "/zoho/billing/v1"
_AUSTIN = Address(country="US", postal_code="78701")
_TEXAS = {"country": "US", "rate": "8.25", "label": "Sales tax", "tax_id": "903000000065300"}


@pytest.fixture(scope="session")
def spec() -> BillingSpec:
    return described(_FOLDER, BillingSpec)


@pytest.fixture
def recorded() -> Iterator[tuple[Recorder, ZohoBilling]]:
    with LocalServer() as server:
        sandbox = ZohoSandbox(f"{server.address}/zoho")
        recorder = Recorder(create_app([sandbox]), _ROOT)
        server.serve(recorder)
        settings = Settings.at_sandbox(sandbox.address)
        billing = ZohoBilling(settings.model_copy(update={"taxes": [TaxRate.model_validate(_TEXAS)]}))
        yield recorder, billing
        billing.close()
        sandbox.shelf.close()


def journey(billing: ZohoBilling) -> None:
    """Everything the plugin ever asks of its vendor when all is well, and the calls again."""
    reference, plan = new_reference(), plan_of(Money(minor=2900))
    quote = billing.quote(plan=plan, address=_AUSTIN)
    for _ in range(2):
        bill_to = billing.create_bill_to(reference=reference, name="Rossi", email="a+b@example.com", address=_AUSTIN)
        made = billing.create_subscription(
            reference=reference, bill_to_id=bill_to.id, plan=plan, address=_AUSTIN, quote=quote
        )
        billing.record_payment(
            reference=reference, invoice_id=made.invoice.id, amount=quote.total, charge_id="60123456789"
        )
    billing.find_subscriptions(reference=reference, bill_to_id=bill_to.id)
    billing.find_payments(reference=reference, invoice_id=made.invoice.id)
    billing.create_subscription(
        reference=new_reference(), bill_to_id=bill_to.id, plan=plan, address=_AUSTIN, quote=quote
    )
    billing.list_subscriptions(since=datetime.now(UTC) - timedelta(hours=1))
    abroad, euros = new_reference(), plan_of(Money(minor=2900, currency="EUR"))
    bill_to = billing.create_bill_to(reference=abroad, name="Rossi", email="a+b@example.com", address=_AUSTIN)
    quote = billing.quote(plan=euros, address=_AUSTIN)
    billing.create_subscription(reference=abroad, bill_to_id=bill_to.id, plan=euros, address=_AUSTIN, quote=quote)
    for _ in range(2):
        billing.remove_subscription(subscription_id=made.id)


def test_the_plugin_asks_and_the_sandbox_answers_as_the_vendor_describes(
    spec: BillingSpec, recorded: tuple[Recorder, ZohoBilling]
) -> None:
    recorder, billing = recorded
    journey(billing)
    seen = {(exchange.method, exchange.path.split("/")[1], exchange.status) for exchange in recorder.exchanges}
    assert len(seen) >= 12
    assert [mistake for exchange in recorder.exchanges for mistake in spec.mistakes(exchange)] == []


def test_a_departure_from_the_description_is_noticed(spec: BillingSpec, recorded: tuple[Recorder, ZohoBilling]) -> None:
    recorder, billing = recorded
    journey(billing)
    made = next(one for one in recorder.exchanges if (one.method, one.path) == ("POST", "/subscriptions"))
    assert spec.mistakes(made) == []
    order, answer = json.loads(made.sent), json.loads(made.answer)
    changed = answer["subscription"]
    departures = [
        replace(made, path="/subscription"),
        replace(made, query="colour=blue"),
        replace(made, headers={}),
        replace(made, status=200),
        replace(made, sent=json.dumps(order | {"colour": "blue"}).encode()),
        replace(made, sent=json.dumps(order | {"auto_collect": "false"}).encode()),
        replace(made, sent=json.dumps(order | {"payment_terms": True}).encode()),
        replace(made, sent=json.dumps(order | {"plan": {"price": 29}}).encode()),
        replace(made, sent=json.dumps(order | {"plan": order["plan"] | {"price": "29.00"}}).encode()),
        replace(made, answer=json.dumps(answer | {"subscription": changed | {"subscription_id": 1}}).encode()),
        replace(made, answer=json.dumps(answer | {"subscription": changed | {"colour": 1}}).encode()),
        replace(made, answer=json.dumps(answer | {"colour": 1}).encode()),
    ]
    assert [len(spec.mistakes(departure)) > 0 for departure in departures] == [True] * len(departures)
