"""What the one door to the vendor does with an answer, whichever of the two products it is from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from arumaldo_zoho.client import ZohoClient
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from starlette.responses import HTMLResponse, RedirectResponse, Response

from arumaldo import Denied, NotFound, OutcomeUnknown, Refused, Unavailable
from arumaldo.sandbox import Fault
from arumaldo.sandbox.local import LocalServer

from .conftest import Counted, Script

Ask = Callable[[ZohoClient], object]


def read(client: ZohoClient) -> object:
    return client.billing("GET", "/plans", repeatable=True)


def order(client: ZohoClient) -> object:
    return client.billing("POST", "/plans", repeatable=False, json={})


def search(client: ZohoClient) -> object:
    return client.crm("GET", "/Contacts", repeatable=True, params={"fields": "Email"})


@pytest.fixture
def client(scripted: Settings) -> Iterator[ZohoClient]:
    client = ZohoClient(scripted)
    yield client
    client.close()


@pytest.fixture
def elsewhere() -> Iterator[tuple[Script, str]]:
    """Another host, which should never hear of us."""
    script = Script()
    with LocalServer(script) as server:
        yield script, server.address


def test_a_token_goes_where_the_settings_say_whatever_the_vendor_says(
    zoho: ZohoClient, sandbox: ZohoSandbox, elsewhere: tuple[Script, str]
) -> None:
    sandbox.switches["api_domain"] = elsewhere[1]
    search(zoho)
    read(zoho)
    assert elsewhere[0].asked == []


@pytest.mark.parametrize("path", ["/accounts/oauth/v2/token", "/crm/v8/Contacts", "/billing/v1/plans"])
def test_nobody_is_followed_to_another_host(
    script: Script, scripted: Settings, counted: Counted, elsewhere: tuple[Script, str], path: str
) -> None:
    script.says(path, RedirectResponse(f"{elsewhere[1]}{path}"))
    client = ZohoClient(scripted, counted.http(follow_redirects=True))
    with pytest.raises(Unavailable):
        read(client) if "billing" in path else search(client)
    assert elsewhere[0].asked == []
    client.close()


def test_amounts_are_exact(client: ZohoClient, script: Script) -> None:
    text = '{"code": 0, "price": 0.10, "tax": 12345678901234567.89, "count": 3}'
    script.says("/billing/v1/plans", Response(text, media_type="application/json"))
    assert read(client) == {"code": 0, "price": Decimal("0.10"), "tax": Decimal("12345678901234567.89"), "count": 3}


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 3062, Refused),
        (200, 3062, Refused),
        (404, 1002, NotFound),
        (400, "1002", NotFound),
        (400, 6041, Denied),
        (403, 9, Denied),
        (429, 44, Unavailable),
        (400, 45, Unavailable),
        (500, 1, Unavailable),
    ],
)
def test_what_the_books_say_is_sorted_by_what_to_do_next(
    client: ZohoClient, script: Script, status: int, code: object, error: type[Exception]
) -> None:
    script.says("/billing/v1/plans", {"code": code, "message": "The vendor's own sentence"}, status=status)
    with pytest.raises(error, match="The vendor's own sentence") as told:
        read(client)
    assert type(told.value) is error


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "INVALID_DATA", Refused),
        (400, "A_WORD_OF_TOMORROW", Refused),
        (200, "A_WORD_OF_TOMORROW", Refused),
        (404, "INVALID_URL_PATTERN", NotFound),
        (403, "NO_PERMISSION", Denied),
        (400, "AUTHORIZATION_FAILED", Denied),
        (401, "OAUTH_SCOPE_MISMATCH", Denied),
        (429, "TOO_MANY_REQUESTS", Unavailable),
        (400, "TOO_MANY_REQUESTS", Unavailable),
        (500, "INTERNAL_ERROR", Unavailable),
    ],
)
def test_what_the_crm_says_is_sorted_by_what_to_do_next(
    client: ZohoClient, script: Script, status: int, code: str, error: type[Exception]
) -> None:
    body = {"code": code, "message": "The vendor's own sentence", "status": "error", "details": {}}
    script.says("/crm/v8/Contacts", body, status=status)
    with pytest.raises(error, match="The vendor's own sentence") as told:
        search(client)
    assert type(told.value) is error


@pytest.mark.parametrize("body", [HTMLResponse("<h1>Not found</h1>", 404), HTMLResponse("<h1>Hello</h1>"), Response()])
def test_a_gateways_page_is_not_the_vendors_word(client: ZohoClient, script: Script, body: Response) -> None:
    """Above all its 404 does not say that an invoice does not exist."""
    script.says("/billing/v1/plans", body)
    with pytest.raises(Unavailable):
        read(client)
    with pytest.raises(OutcomeUnknown):
        order(client)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_order_whose_answer_is_lost_is_not_taken_for_a_refusal(
    zoho: ZohoClient, sandbox: ZohoSandbox, status: int
) -> None:
    sandbox.faults.order(Fault(match="^POST /billing", status=status, times=None))
    with pytest.raises(OutcomeUnknown):
        order(zoho)


def test_a_busy_vendor_is_left_alone_as_long_as_it_asks(zoho: ZohoClient, sandbox: ZohoSandbox) -> None:
    for ask in (search, read):
        sandbox.faults.order(Fault(match="^GET /(crm|billing)", status=429, retry_after=7))
        with pytest.raises(Unavailable) as told:
            ask(zoho)
        assert told.value.retry_after == 7


def test_what_is_not_found_is_an_empty_answer(zoho: ZohoClient) -> None:
    assert search(zoho) == {}


def test_an_organisation_that_is_not_ours_is_a_matter_for_a_person(settings: Settings) -> None:
    client = ZohoClient(settings.model_copy(update={"organization_id": "4711"}))
    with pytest.raises(Denied, match="organization_id"):
        read(client)
    client.close()
