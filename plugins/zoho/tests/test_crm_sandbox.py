"""The CRM's sandbox is as strict as the vendor, and as careful with what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import httpx2
import pytest
from arumaldo_zoho.sandbox import ZohoSandbox

from arumaldo.sandbox import Shelf, create_app
from arumaldo.sandbox.local import LocalServer

from .conftest import FORM, Reseller, at_once

ROSSI = {"Last_Name": "Rossi", "Email": "a@example.com"}


@pytest.fixture
def http(reseller: Reseller) -> httpx2.Client:
    return reseller.http


def upsert(http: httpx2.Client, *records: object, **more: object) -> httpx2.Response:
    return http.post("/Contacts/upsert", json={"data": list(records), "duplicate_check_fields": ["Email"], **more})


def codes(answer: httpx2.Response) -> list[str]:
    return [row["code"] for row in answer.json()["data"]]


def query(http: httpx2.Client, text: object) -> httpx2.Response:
    return http.post("/coql", json={"select_query": text})


def test_a_query_shows_what_the_search_does_not_show_yet(
    http: httpx2.Client, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    sandbox.show_late = 5
    key = reseller.enter(**ROSSI)
    assert http.get("/Contacts/search", params={"email": ROSSI["Email"]}).status_code == 204
    found = query(http, "select id from Contacts where Email = 'A@example.com'").json()
    assert (found["data"], found["info"]["count"]) == ([{"id": key}], 1)
    reseller.remove(key)
    empty = query(http, "select id from Contacts where Email = 'a@example.com'")
    assert (empty.status_code, empty.content) == (204, b"")


@pytest.mark.parametrize(
    "text",
    ["", 1, "select id from Contacts", "select id from Contacts where Email = 'o'neil@x.it'", "delete from Contacts"],
)
def test_a_query_that_the_vendor_would_not_read_is_refused(http: httpx2.Client, text: object) -> None:
    assert query(http, text).status_code == 400


@pytest.mark.parametrize(
    ("record", "code", "field"),
    [
        ({"Email": "a@example.com"}, "MANDATORY_NOT_FOUND", "Last_Name"),
        ({**ROSSI, "Last_Name": " "}, "MANDATORY_NOT_FOUND", "Last_Name"),
        ({**ROSSI, "Last_Name": "x" * 81}, "INVALID_DATA", "Last_Name"),
        ({**ROSSI, "Last_Name": "🥐" * 41}, "INVALID_DATA", "Last_Name"),
        ({**ROSSI, "Email": "nobody"}, "INVALID_DATA", "Email"),
        ({**ROSSI, "Email": "two words@example.com"}, "INVALID_DATA", "Email"),
        ({**ROSSI, "email": "a@example.com"}, "INVALID_DATA", "email"),
        ({**ROSSI, "Phone": 123}, "INVALID_DATA", "Phone"),
    ],
)
def test_a_record_that_the_vendor_would_not_take_is_refused_by_itself(
    http: httpx2.Client, record: object, code: str, field: str
) -> None:
    mixed = upsert(http, record, {**ROSSI, "Email": "b@example.com"})
    assert (mixed.status_code, codes(mixed)) == (207, [code, "SUCCESS"])
    assert mixed.json()["data"][0]["details"]["api_name"] == field
    assert upsert(http, record).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<data/>",
        b"{}",
        b'{"data": []}',
        b'{"data": [{}], "force": true}',
        b'{"data": [{}], "duplicate_check_fields": ["Fax"]}',
    ],
)
def test_an_order_that_is_none_is_refused_as_a_whole(http: httpx2.Client, body: bytes) -> None:
    answer = http.post("/Contacts/upsert", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_DATA")
    assert "data" not in answer.json()


def test_an_order_needs_no_content_type(http: httpx2.Client) -> None:
    answer = http.post("/Contacts/upsert", content=b'{"data": [{"Last_Name": "Rossi", "Email": "a@example.com"}]}')
    assert codes(answer) == ["SUCCESS"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/Contacts", "REQUIRED_PARAM_MISSING"),
        ("GET", "/Contacts?fields=Email&colour=blue", "INVALID_DATA"),
        ("GET", "/Contacts?fields=Email&per_page=201", "INVALID_DATA"),
        ("GET", "/Contacts/search", "REQUIRED_PARAM_MISSING"),
        ("GET", "/Contacts/search?criteria=Email", "INVALID_QUERY"),
        ("GET", "/Contacts/12", "INVALID_DATA"),
        ("DELETE", "/Contacts/5725767000000999", "INVALID_DATA"),
        ("DELETE", "/Contacts", "INVALID_REQUEST_METHOD"),
        ("GET", "/settings/fields", "REQUIRED_PARAM_MISSING"),
    ],
)
def test_a_question_that_the_vendor_would_not_take_is_refused(
    http: httpx2.Client, method: str, path: str, code: str
) -> None:
    answer = http.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, code, "error")


def test_what_is_not_there_is_an_empty_204(http: httpx2.Client) -> None:
    for path in ("/Contacts?fields=Email", "/Contacts/search?email=nobody@example.com", "/Contacts/5725767000000999"):
        answer = http.get(path)
        assert (answer.status_code, answer.content) == (204, b"")


def test_an_upsert_makes_one_contact_for_an_address_and_changes_only_what_it_is_told(http: httpx2.Client) -> None:
    first = upsert(http, {**ROSSI, "Phone": "0123"}).json()["data"][0]
    again = upsert(http, {"Last_Name": "Verdi", "Email": "A@Example.com"}).json()["data"][0]
    assert (first["action"], again["action"]) == ("insert", "update")
    assert first["details"]["id"] == again["details"]["id"]
    seen = http.get(f"/Contacts/{first['details']['id']}").json()["data"][0]
    assert (seen["Last_Name"], seen["Phone"]) == ("Verdi", "0123")


class Crossing(Shelf):
    """A shelf on which two who look for an address meet, if anything lets both of them look at once."""

    def __init__(self) -> None:
        super().__init__()
        self._both = Barrier(2)

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        found = super().get(kind, key)
        if kind == "contacts-by-email":
            with suppress(BrokenBarrierError):
                self._both.wait(0.3)
        return found


def test_two_upserts_at_once_make_one_contact() -> None:
    with LocalServer() as server:
        sandbox = ZohoSandbox(f"{server.address}/zoho", Crossing())
        server.serve(create_app([sandbox]))
        reseller = Reseller(sandbox)
        assert at_once(2, lambda: upsert(reseller.http, ROSSI)) == [None] * 2
        reseller.http.close()
        assert [entry.reference for entry in sandbox.ledger()["contacts"]] == ["a@example.com"]
        sandbox.shelf.close()


def test_a_second_contact_of_one_person_shows_in_the_ledger(reseller: Reseller, sandbox: ZohoSandbox) -> None:
    reseller.enter(**ROSSI)
    reseller.remove(reseller.enter(**{**ROSSI, "Email": "A@example.com"}))
    found = [(entry.reference, entry.state) for entry in sandbox.ledger()["contacts"]]
    assert found == [("a@example.com", "live"), ("a@example.com", "undone")]


def test_a_plus_that_is_not_escaped_finds_nobody(http: httpx2.Client) -> None:
    upsert(http, {**ROSSI, "Email": "a+b@example.com"})
    assert http.get("/Contacts/search?email=a+b@example.com").status_code == 204
    assert http.get("/Contacts/search?email=a%2Bb@example.com").status_code == 200
    assert http.get("/Contacts/search", params={"criteria": "(Email:equals:a+b@example.com)"}).status_code == 200


def test_a_search_lags_and_a_look_up_does_not(reseller: Reseller, sandbox: ZohoSandbox) -> None:
    sandbox.show_late = 60
    key = reseller.enter(**ROSSI)
    paths = ("/Contacts/search?email=a@example.com", "/Contacts?fields=Email", f"/Contacts/{key}")
    assert [reseller.http.get(path).status_code for path in paths] == [204, 204, 200]
    sandbox.shift = 61
    assert [reseller.http.get(path).status_code for path in paths] == [200] * 3


def test_a_list_comes_in_pages_and_shows_the_fields_that_were_asked_for(reseller: Reseller) -> None:
    made = [reseller.enter(**{**ROSSI, "Phone": str(number)}) for number in range(3)]
    pages = [reseller.http.get(f"/Contacts?fields=Phone&per_page=2&page={page}").json() for page in (1, 2)]
    assert [row for page in pages for row in page["data"]] == [
        {"id": key, "Phone": str(number)} for number, key in enumerate(made)
    ]
    assert [page["info"]["more_records"] for page in pages] == [True, False]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "AUTHENTICATION_FAILURE"),
        ("Bearer {}", "AUTHENTICATION_FAILURE"),
        ("Zoho-oauthtoken {}x", "INVALID_TOKEN"),
    ],
)
def test_a_header_that_is_not_the_vendors_is_turned_away(reseller: Reseller, header: str, code: str) -> None:
    sent = {"authorization": header.format(reseller.token["access_token"])}
    answer = reseller.http.get("/Contacts?fields=Email", headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_a_missing_scope_is_said_as_the_vendor_says_it(reseller: Reseller, sandbox: ZohoSandbox) -> None:
    sandbox.switches["scope"] = "search"
    answer = reseller.http.get("/Contacts/search?email=a@example.com")
    assert (answer.status_code, answer.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")
    assert reseller.http.get("/Contacts?fields=Email").status_code == 204


@pytest.fixture
def door(sandbox: ZohoSandbox) -> Iterator[httpx2.Client]:
    """Where tokens come from."""
    with httpx2.Client(base_url=f"{sandbox.address}/accounts", trust_env=False) as http:
        yield http


def token(door: httpx2.Client, **changed: str) -> httpx2.Response:
    return door.post("/oauth/v2/token", data={**FORM, **changed})


def test_a_token_tells_the_sandboxs_own_address(door: httpx2.Client, sandbox: ZohoSandbox) -> None:
    told = token(door).json()
    assert (told["api_domain"], told["token_type"], told["expires_in"]) == (sandbox.address, "Bearer", 3600)
    assert "refresh_token" not in told


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_secret": "x"}, "invalid_client"),
        ({"refresh_token": "x"}, "invalid_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_key_is_refused_with_a_200(door: httpx2.Client, changed: dict[str, str], error: str) -> None:
    answer = token(door, **changed)
    assert (answer.status_code, answer.json()) == (200, {"error": error})


def test_a_vendor_with_its_limit_gives_ten_tokens_in_ten_minutes_of_its_clock(
    door: httpx2.Client, sandbox: ZohoSandbox
) -> None:
    sandbox.switches["tokens"] = "limited"
    assert [token(door).status_code for _ in range(12)] == [200] * 10 + [400] * 2
    assert token(door).json()["error"] == "Access Denied"
    sandbox.shift = 601
    assert token(door).status_code == 200


def test_a_limit_may_be_another_one(door: httpx2.Client, sandbox: ZohoSandbox) -> None:
    sandbox.switches["tokens"] = "2"
    assert [token(door).status_code for _ in range(3)] == [200, 200, 400]


def test_only_what_replaces_an_ended_token_is_given_uncounted(door: httpx2.Client, sandbox: ZohoSandbox) -> None:
    sandbox.switches["tokens"] = "3"
    assert [token(door).status_code for _ in range(2)] == [200] * 2
    sandbox.expire_tokens()
    sandbox.expire_tokens()
    assert [token(door).status_code for _ in range(4)] == [200, 200, 200, 400]


def test_the_eleventh_token_ends_the_oldest(door: httpx2.Client, sandbox: ZohoSandbox) -> None:
    given = [f"Zoho-oauthtoken {token(door).json()['access_token']}" for _ in range(11)]
    assert [sandbox.tokens.accepts(header) for header in given] == [False] + [True] * 10
    sandbox.shift = 3600
    assert not any(sandbox.tokens.accepts(header) for header in given)


def test_a_sandbox_that_is_started_again_knows_its_contacts_and_tokens(tmp_path: Path) -> None:
    file = tmp_path / "zoho.db"
    address = "http://localhost:9/zoho"
    first = ZohoSandbox(address, Shelf(file))
    given = first.tokens._give(dict(FORM)).body
    first.shelf.put("contacts", "1", {"id": "1", "Last_Name": "Rossi", "Email": "a@example.com"}, 0.0)
    first.shelf.close()
    second = ZohoSandbox(address, Shelf(file))
    header = f"Zoho-oauthtoken {httpx2.Response(200, content=bytes(given)).json()['access_token']}"
    assert second.tokens.accepts(header)
    assert [entry.reference for entry in second.ledger()["contacts"]] == ["a@example.com"]
    second.shelf.close()
