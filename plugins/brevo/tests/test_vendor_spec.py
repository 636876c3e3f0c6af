"""Requests and answers against the vendor's own description, where ARUMALDO_SPECS names the folder that holds it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from arumaldo_brevo.check import check
from arumaldo_brevo.email import BrevoEmail
from arumaldo_brevo.sandbox import BrevoSandbox
from arumaldo_brevo.settings import Settings

from arumaldo import Refused
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.email import new_reference
from arumaldo.testing.wire import Recorder, described

from .conftest import ANNA, MAIL, Stage, Vendor
from .vendor_spec import VendorSpec

_FILE = "brevo/brevo-v3-openapi-subset-2024-11.json"
_ROOT = "/brevo/v3"


@pytest.fixture(scope="session")
def spec() -> VendorSpec:
    return described(_FILE, VendorSpec)


@pytest.fixture
def recorder(served: tuple[LocalServer, Stage], sandbox: BrevoSandbox) -> Recorder:
    sandbox.switches["limits"] = "off"
    recorder = Recorder(create_app([sandbox]), _ROOT)
    served[1].app = recorder
    return recorder


def journey(brevo: BrevoEmail, settings: Settings, sandbox: BrevoSandbox) -> None:
    """Everything the plugin ever asks of its vendor, and the refusals that the vendor describes."""
    for switches in ({}, {"guard": "strict", "tags": "json", "contacts": "racing", "sender": "by-domain"}):
        sandbox.switches |= switches
        reference, mail = new_reference(), MAIL.model_copy(update={"reply_to": "help@example.com"})
        for _ in range(2):
            brevo.send_mail(reference=reference, mail=mail)
        brevo.find_mails(reference=new_reference(), mail=mail)
        for address, business in ((ANNA, ""), ("anna+shop@example.com", "Sunrise Bakery"), (ANNA, "Bakery")):
            brevo.put_subscriber(email=address, business=business)
        check(settings)
    sandbox.unsubscribe(ANNA)
    brevo.put_subscriber(email=ANNA, business="")
    with pytest.raises(Refused):
        brevo.send_mail(reference=new_reference(), mail=MAIL.model_copy(update={"to": "nobody"}))


def test_the_plugin_asks_and_the_sandbox_answers_as_the_vendor_describes(
    spec: VendorSpec, recorder: Recorder, brevo: BrevoEmail, settings: Settings, sandbox: BrevoSandbox
) -> None:
    journey(brevo, settings, sandbox)
    seen = {(one.method, one.path.split("/")[1], one.status) for one in recorder.exchanges}
    assert seen >= {
        ("POST", "smtp", 201), ("POST", "smtp", 400), ("GET", "smtp", 200), ("GET", "contacts", 404),
        ("POST", "contacts", 201), ("POST", "contacts", 204), ("POST", "contacts", 400), ("PUT", "contacts", 204),
        ("GET", "account", 200), ("GET", "senders", 200),
    }  # fmt: skip
    assert "/smtp/statistics/events" in {one.path for one in recorder.exchanges}
    assert [mistake for one in recorder.exchanges for mistake in spec.mistakes(one)] == []


def test_the_rest_of_the_sandbox_answers_as_the_vendor_describes(
    spec: VendorSpec, recorder: Recorder, brevo: BrevoEmail, vendor: Vendor
) -> None:
    brevo.send_mail(reference=new_reference(), mail=MAIL)
    vendor.call("GET", "/smtp/emails", params={"email": ANNA, "startDate": "2026-11-01", "endDate": "2026-11-30"})
    vendor.call("GET", "/smtp/statistics/events", params={"event": "delivered", "days": 2, "limit": 10})
    vendor.call("POST", "/contacts", json={"email": ANNA, "listIds": [2]})
    vendor.call("PUT", f"/contacts/{ANNA}", json={"unlinkListIds": [2], "emailBlacklisted": True})
    assert vendor.http.get("/contacts/lists/9").status_code == 404
    assert vendor.http.post("/contacts", json={"email": ANNA}).status_code == 400
    assert [mistake for one in recorder.exchanges for mistake in spec.mistakes(one)] == []


def test_a_departure_from_the_description_is_noticed(
    spec: VendorSpec, recorder: Recorder, brevo: BrevoEmail, settings: Settings
) -> None:
    brevo.send_mail(reference=new_reference(), mail=MAIL)
    brevo.find_mails(reference=new_reference(), mail=MAIL)
    check(settings)
    sent, looked, account = (
        next(one for one in recorder.exchanges if one.path == path)
        for path in ("/smtp/email", "/smtp/emails", "/account")
    )
    assert [*spec.mistakes(sent), *spec.mistakes(looked), *spec.mistakes(account)] == []
    row = json.loads(looked.answer)["transactionalEmails"][0]
    departures = [
        replace(sent, path="/smtp/mail"),
        replace(sent, query="colour=blue"),
        replace(sent, status=200),
        replace(sent, sent=changed(sent.sent, colour="blue")),
        replace(sent, sent=changed(sent.sent, to=[{"name": "Anna"}])),
        replace(sent, sent=changed(sent.sent, sender={"mail": "a@b.example"})),
        replace(sent, answer=b'{"messageId": 1}'),
        replace(looked, query="email=a&limit=2000"),
        replace(looked, query="email=a&sort=up"),
        replace(looked, answer=changed(looked.answer, transactionalEmails=[row | {"colour": 1}])),
        replace(looked, answer=changed(looked.answer, transactionalEmails=[{"email": ANNA}])),
        replace(account, answer=changed(account.answer, plan=[])[:-1] + b', "colour": 1}'),
        replace(account, answer=changed(account.answer, relay={"enabled": True})),
    ]
    assert [len(spec.mistakes(departure)) > 0 for departure in departures] == [True] * len(departures)


def changed(body: bytes, **keys: Any) -> bytes:
    return json.dumps(json.loads(body) | keys).encode()
