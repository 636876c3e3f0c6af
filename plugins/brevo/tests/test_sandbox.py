"""The sandbox is at least as strict as its vendor, and keeps what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from arumaldo_brevo.sandbox import BrevoSandbox
from arumaldo_brevo.settings import Settings

from arumaldo.sandbox import Shelf, create_app
from arumaldo.sandbox.local import LocalServer

from .conftest import ANNA, Stage, Vendor

KEY = "6f1c2f0e-2d0b-4a8e-9b55-2a8a3c1f7f10"
GOOD = {"sender": {"email": "hello@sandbox.example"}, "to": [{"email": ANNA}], "subject": "s", "htmlContent": "x"}


def guarded(key: str = KEY, name: str = "idempotencyKey") -> dict[str, Any]:
    return {**GOOD, "headers": {name: key}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sender": None}, "sender is not valid"),
        ({"sender": {"email": "hello@sandbox.example", "name": "n" * 71}}, "name is not valid in sender"),
        ({"to": []}, "to is not valid"),
        ({"to": [{"email": "nobody"}]}, "email is not valid in to"),
        ({"to": [{"email": ANNA, "colour": "red"}]}, "colour is not valid in to"),
        ({"subject": ""}, "subject is not valid"),
        ({"htmlContent": None}, "htmlContent is not valid"),
        ({"htmlContent": ""}, "htmlContent is not valid"),
        ({"replyTo": {"email": "nobody"}}, "email is not valid in replyTo"),
        ({"tags": ["a", 1]}, "tags is not valid"),
        ({"headers": {"X-Mailin-custom": "ü"}}, "X-Mailin-custom is not valid in headers"),
        ({"headers": {"idempotencyKey": "again"}}, "idempotencyKey is not a UUID"),
        ({"colour": "red"}, "colour is not valid"),
    ],
)
def test_a_mail_that_the_vendor_would_not_take_is_refused(
    sandbox: BrevoSandbox, vendor: Vendor, change: dict[str, Any], said: str
) -> None:
    answer = vendor.http.post("/smtp/email", json=GOOD | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert said in answer.json()["message"]
    assert sandbox.ledger()["emails"] == []


def test_a_mail_from_a_sender_that_is_not_confirmed_is_taken_and_is_an_error_afterwards(
    sandbox: BrevoSandbox, vendor: Vendor
) -> None:
    made = vendor.call("POST", "/smtp/email", json=GOOD | {"sender": {"email": "other@example.com"}})
    [event] = vendor.call("GET", "/smtp/statistics/events", params={"email": ANNA})["events"]
    assert (event["messageId"], event["event"]) == (made["messageId"], "error")
    assert sandbox.letters(ANNA) == []
    assert [mail.state for mail in sandbox.ledger()["emails"]] == ["undone"]


def test_what_is_missing_is_named(vendor: Vendor) -> None:
    answer = vendor.http.post("/smtp/email", json={key: GOOD[key] for key in ("sender", "to", "subject")})
    assert answer.json() == {"code": "missing_parameter", "message": "htmlContent is missing"}


def test_only_who_has_the_key_is_served_and_only_json(vendor: Vendor) -> None:
    stranger = vendor.http.get("/account", headers={"api-key": "xsmtpsib-1"})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "unauthorized")
    form = vendor.http.post("/smtp/email", content=b"{}", headers={"content-type": "text/plain"})
    assert (form.status_code, form.json()["code"]) == (406, "not_acceptable")
    half = vendor.http.post("/smtp/email", content=b"{", headers={"content-type": "application/json"})
    assert (half.status_code, half.json()["code"]) == (400, "bad_request")


def test_an_address_that_the_vendor_does_not_have_says_so_in_its_own_words(vendor: Vendor) -> None:
    answer = vendor.http.get("/pages")
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
    answer = vendor.http.put("/smtp/email", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "query",
    ["", "email=nobody", "email=a@b.example&limit=1001", "email=a@b.example&colour=red", "email=a@b.example&sort=up",
     "email=a@b.example&startDate=2026-11-01", "email=a@b.example&email=c@d.example", "email=a@b.example&limit=two"],
)  # fmt: skip
def test_a_look_that_the_vendor_would_not_answer_is_refused(vendor: Vendor, query: str) -> None:
    assert vendor.http.get(f"/smtp/emails?{query}").status_code == 400


def test_the_list_is_turned_by_pages_and_filtered(sandbox: BrevoSandbox, vendor: Vendor) -> None:
    for subject in "abc":
        vendor.call("POST", "/smtp/email", json=GOOD | {"subject": subject})
        sandbox.shift += 60
    asked = {"email": ANNA, "limit": 2}
    assert [row["subject"] for row in look(vendor, **asked)] == ["c", "b"]
    assert [row["subject"] for row in look(vendor, **asked, offset=2)] == ["a"]
    sandbox.shift += 60
    [oldest] = look(vendor, email=ANNA, sort="asc", limit=1)
    assert [row["subject"] for row in look(vendor, messageId=oldest["messageId"])] == ["a"]


def test_after_thirty_days_only_who_asks_for_those_days_sees_a_mail(sandbox: BrevoSandbox, vendor: Vendor) -> None:
    vendor.call("POST", "/smtp/email", json=GOOD)
    day = look(vendor, email=ANNA)[0]["date"][:10]
    sandbox.shift += 31 * 86400
    assert look(vendor, email=ANNA) == []
    assert len(look(vendor, email=ANNA, startDate=day, endDate=day)) == 1


def look(vendor: Vendor, **asked: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = vendor.call("GET", "/smtp/emails", params=asked)["transactionalEmails"]
    return rows


def test_a_key_is_known_for_a_quarter_of_an_hour_however_its_header_is_written(
    sandbox: BrevoSandbox, vendor: Vendor
) -> None:
    first = vendor.call("POST", "/smtp/email", json=guarded())
    assert vendor.call("POST", "/smtp/email", json=guarded(name="IdempotencyKey")) == first
    sandbox.shift += 899
    assert vendor.call("POST", "/smtp/email", json=guarded()) == first
    sandbox.shift += 1
    assert vendor.call("POST", "/smtp/email", json=guarded()) != first
    assert len(sandbox.letters(ANNA)) == 2


def test_a_key_that_is_used_again_after_its_time_counts_from_then_on(sandbox: BrevoSandbox, vendor: Vendor) -> None:
    vendor.call("POST", "/smtp/email", json=guarded())
    sandbox.shift += 1000
    second = vendor.call("POST", "/smtp/email", json=guarded())
    sandbox.shift += 600
    assert vendor.call("POST", "/smtp/email", json=guarded()) == second


def test_every_answer_tells_how_many_more_are_allowed(vendor: Vendor) -> None:
    told = [vendor.http.get("/smtp/emails", params={"email": ANNA}) for _ in range(3)]
    assert [answer.status_code for answer in told] == [200, 200, 429]
    assert [answer.headers["x-sib-ratelimit-limit"] for answer in told] == ["2"] * 3
    assert [answer.headers["x-sib-ratelimit-remaining"] for answer in told] == ["1", "0", "0"]
    assert {answer.headers["x-sib-ratelimit-reset"] for answer in told} == {"1"}
    assert vendor.http.get("/contacts/nobody").headers["x-sib-ratelimit-limit"] == "10"


def test_an_hour_has_a_hundred_looks_at_the_account(sandbox: BrevoSandbox, vendor: Vendor) -> None:
    for _ in range(50):
        vendor.call("GET", "/account")
        vendor.call("GET", "/senders")
    answer = vendor.http.get("/account")
    assert answer.status_code == 429
    sandbox.shift += float(answer.headers["x-sib-ratelimit-reset"])
    vendor.call("GET", "/account")


def test_limits_can_be_left_aside(sandbox: BrevoSandbox, vendor: Vendor) -> None:
    sandbox.switches["limits"] = "off"
    for _ in range(5):
        vendor.call("GET", "/smtp/emails", params={"email": ANNA})


def test_a_contact_is_made_with_an_id_and_changed_without_a_body(vendor: Vendor) -> None:
    made = vendor.http.post("/contacts", json={"email": ANNA.upper()})
    assert (made.status_code, made.json()) == (201, {"id": 1})
    clash = vendor.http.post("/contacts", json={"email": ANNA})
    assert (clash.status_code, clash.json()["code"]) == (400, "duplicate_parameter")
    assert clash.json()["metadata"] == {"duplicate_identifiers": ["email"]}
    changed = vendor.http.post("/contacts", json={"email": ANNA, "updateEnabled": True, "listIds": [2]})
    assert (changed.status_code, changed.content) == (204, b"")
    left = vendor.http.put(f"/contacts/{ANNA}", json={"unlinkListIds": [2]})
    assert (left.status_code, left.content) == (204, b"")
    assert vendor.call("GET", f"/contacts/{ANNA}")["listIds"] == []
    assert vendor.http.put("/contacts/ben@example.com", json={}).status_code == 404


def test_attributes_that_nobody_has_made_are_dropped_without_a_word(vendor: Vendor) -> None:
    sent = {"COLOUR": "red", "COMPANY": "Bakery", "LASTNAME": 7}
    vendor.call("POST", "/contacts", json={"email": ANNA, "attributes": sent})
    assert vendor.call("GET", f"/contacts/{ANNA}")["attributes"] == {"COMPANY": "Bakery"}


@pytest.mark.parametrize(
    "wrong",
    [{"listIds": [9]}, {"listIds": ["2"]}, {"email": "nobody"}, {"attributes": {"company": "x"}}, {"colour": "red"},
     {"updateEnabled": "yes"}],
)  # fmt: skip
def test_a_contact_that_the_vendor_would_not_take_is_refused(
    sandbox: BrevoSandbox, vendor: Vendor, wrong: dict[str, Any]
) -> None:
    assert vendor.http.post("/contacts", json={"email": ANNA} | wrong).status_code == 400
    assert sandbox.ledger()["contacts"] == []


def test_what_the_vendor_knows_outlives_its_process(tmp_path: Path, served: tuple[LocalServer, Stage]) -> None:
    server, stage = served
    kept = {}
    for life in (1, 2):
        sandbox = BrevoSandbox(f"{server.address}/brevo", Shelf(tmp_path / "brevo.sqlite3"))
        stage.app = create_app([sandbox])
        vendor = Vendor(Settings.at_sandbox(sandbox.address))
        kept[life] = vendor.call("POST", "/smtp/email", json=guarded())
        vendor.http.close()
        sandbox.shelf.close()
    assert kept[1] == kept[2]


def test_the_ledger_tells_what_was_sent_for_what_and_to_whom(sandbox: BrevoSandbox, vendor: Vendor) -> None:
    reference = "abcdefghij2345672345"
    made = vendor.call("POST", "/smtp/email", json=GOOD | {"tags": ["receipt", f"aru:{reference}"]})
    vendor.call("POST", "/contacts", json={"email": ANNA, "listIds": [2]})
    [mail], [contact] = sandbox.ledger()["emails"], sandbox.ledger()["contacts"]
    assert (mail.id, mail.reference) == (made["messageId"], reference)
    assert mail.facts == {"kind": "receipt", "to": ANNA, "subject": "s"}
    assert (contact.reference, contact.facts) == (ANNA, {"email": ANNA, "lists": "2"})
