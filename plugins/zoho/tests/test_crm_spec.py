"""Requests and answers of the CRM against the vendor's own description, where ARUMALDO_SPECS names its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from arumaldo_zoho.customers import ZohoCustomers
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings

from arumaldo import Refused
from arumaldo.capabilities.customers import Person
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.wire import Recorder, described

from .conftest import Reseller
from .crm_spec import CrmSpec

_FOLDER = "zoho/crm"
_ROOT = "/zoho/crm/v8"
EMAIL = "a+b@example.com"


@pytest.fixture(scope="module")
def spec() -> CrmSpec:
    return described(_FOLDER, CrmSpec)


@pytest.fixture
def recorded() -> Iterator[tuple[ZohoSandbox, Recorder]]:
    with LocalServer() as server:
        sandbox = ZohoSandbox(f"{server.address}/zoho")
        recorder = Recorder(create_app([sandbox]), _ROOT, strip="/zoho")
        server.serve(recorder)
        yield sandbox, recorder
        sandbox.shelf.close()


def journey(sandbox: ZohoSandbox) -> None:
    """Everything the plugin ever asks of the CRM, and every way it is answered."""
    crm, reseller = ZohoCustomers(Settings.at_sandbox(sandbox.address)), Reseller(sandbox)
    key = crm.put_contact(person=Person(email=EMAIL)).id
    for business in ("Sunrise Bakery", "Sunset Bakery"):
        crm.put_contact(person=Person(email=EMAIL, business=business))
    sandbox.show_late = 3600
    crm.put_contact(person=Person(email="new@example.com", business="Bakery"))
    crm.put_contact(person=Person(email=EMAIL, business="Sunset Bakery"))
    sandbox.show_late = 0
    for way in ("refused", "duplicate", "several"):
        sandbox.switches.update(contacts=way, twin="Last_Name")
        with pytest.raises(Refused):
            crm.put_contact(person=Person(email="other@example.com"))
    sandbox.switches.clear()
    with pytest.raises(Refused):
        crm.put_contact(person=Person(email="nobody"))
    sandbox.expire_tokens()
    crm.put_contact(person=Person(email=EMAIL))
    crm.close()
    reseller.http.headers["authorization"] = f"Zoho-oauthtoken {Reseller(sandbox).token['access_token']}"
    reseller.see(key)
    reseller.http.get("/Contacts", params={"fields": "Email", "per_page": "1"})
    reseller.http.get("/Contacts")
    reseller.http.get("/Contacts/search")
    reseller.http.post("/Contacts/upsert", json={"data": [{"Email": "x@example.com"}, {"Last_Name": "x" * 99}]})
    reseller.remove(key)
    reseller.http.close()


def test_the_plugin_asks_and_the_sandbox_answers_as_the_vendor_describes(
    spec: CrmSpec, recorded: tuple[ZohoSandbox, Recorder]
) -> None:
    sandbox, recorder = recorded
    journey(sandbox)
    asked = {(exchange.method, exchange.status) for exchange in recorder.exchanges}
    assert {("POST", 200), ("POST", 400), ("PUT", 200), ("GET", 200), ("GET", 204), ("GET", 401)} <= asked
    assert [mistake for exchange in recorder.exchanges for mistake in spec.mistakes(exchange)] == []


def test_a_departure_from_the_description_is_noticed(spec: CrmSpec, recorded: tuple[ZohoSandbox, Recorder]) -> None:
    sandbox, recorder = recorded
    journey(sandbox)
    made = next(e for e in recorder.exchanges if e.path.endswith("/upsert") and e.status == 200)
    refused = next(e for e in recorder.exchanges if e.path.endswith("/upsert") and e.status == 400)
    query = next(e for e in recorder.exchanges if e.path.endswith("/coql") and e.status == 200)
    assert spec.mistakes(query) == []
    order, [row], [error] = json.loads(made.sent), json.loads(made.answer)["data"], json.loads(refused.answer)["data"]
    departures = [
        replace(made, path="/crm/v8/Contacts/merge"),
        replace(made, query="colour=blue"),
        replace(made, sent=json.dumps(order | {"colour": "blue"}).encode()),
        replace(made, sent=json.dumps(order | {"duplicate_check_fields": "Email"}).encode()),
        replace(made, answer=json.dumps({"data": [row | {"status": "fine"}]}).encode()),
        replace(made, answer=json.dumps({"data": [row | {"details": {"id": 1}}]}).encode()),
        replace(made, answer=json.dumps({"data": row}).encode()),
        replace(refused, answer=json.dumps({"data": [error | {"colour": "blue"}]}).encode()),
        replace(refused, answer=json.dumps({"data": [error | {"details": {"colour": "blue"}}]}).encode()),
        replace(made, status=204),
        replace(query, sent=b'{"query": "select id from Contacts"}'),
        replace(query, answer=b'{"data": {}}'),
    ]
    assert [spec.mistakes(departure) != [] for departure in departures] == [True] * len(departures)
