"""Access tokens: few are asked for, none is asked for in a loop, none is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.client import ZohoClient
from arumaldo_zoho.customers import ZohoCustomers
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.tokens import Tokens, tokens_of
from pydantic import SecretStr
from starlette.responses import HTMLResponse

from arumaldo import Denied, Unavailable
from arumaldo.capabilities.customers import Person
from arumaldo.http import Door
from arumaldo.sandbox import Fault

from .conftest import TOKEN, Counted, Reseller, Script, at_once

ANNA = Person(email="anna@example.com", business="Sunrise Bakery")
LIST = {"fields": "Email"}


def contacts(client: ZohoClient) -> object:
    return client.crm("GET", "/Contacts", repeatable=True, params=LIST)


def plans(client: ZohoClient) -> object:
    return client.billing("GET", "/plans", repeatable=True)


@pytest.fixture
def tokens(settings: Settings, counted: Counted) -> Iterator[tuple[Tokens, Door]]:
    door = Door("zoho", counted.http())
    yield Tokens(settings), door
    door.close()


def test_contacts_and_books_of_one_worker_share_one_token(settings: Settings, counted: Counted) -> None:
    crm, books = ZohoCustomers(settings, counted.http()), ZohoBilling(settings, counted.http())
    for _ in range(3):
        crm.put_contact(person=ANNA)
        books.find_bill_tos(reference="x" * 20, email=ANNA.email)
    assert counted.sent.count(TOKEN) == 1
    crm.close()
    books.close()


def test_another_resellers_refresh_token_is_another_token(settings: Settings) -> None:
    other = settings.model_copy(update={"refresh_token": SecretStr("another")})
    mine = tokens_of(settings)
    assert mine is tokens_of(settings.model_copy())
    assert mine is not tokens_of(other)


def test_a_token_that_ran_out_is_replaced_once_and_the_call_is_made_again(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    contacts(zoho)
    sandbox.shift = 3600
    contacts(zoho)
    one = "GET /crm/v8/Contacts"
    assert counted.sent == [TOKEN, one, one, TOKEN, one]


@pytest.mark.parametrize("ask", [contacts, plans])
def test_many_threads_with_an_old_token_ask_for_one_new_one(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted, ask: object
) -> None:
    assert callable(ask)
    ask(zoho)
    sandbox.expire_tokens()
    assert at_once(6, lambda: ask(zoho)) == [None] * 6
    assert counted.sent.count(TOKEN) == 2


def test_who_hears_late_that_a_token_is_dead_takes_the_one_that_is_there(
    tokens: tuple[Tokens, Door], counted: Counted
) -> None:
    held, door = tokens
    first = held.current(door)
    second = held.instead_of(first, door)
    assert held.instead_of(first, door) == second
    assert counted.sent == [TOKEN] * 2


def test_a_token_is_renewed_a_while_before_it_ends(tokens: tuple[Tokens, Door], counted: Counted) -> None:
    held, door = tokens
    first = held.current(door)
    assert 60 <= first.ends_at - first.renew_at <= 300
    held._held = replace(first, renew_at=0.0)
    assert held.current(door) != first
    assert counted.sent == [TOKEN] * 2


def test_a_vendor_that_has_no_new_token_just_then_holds_nobody_up(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    contacts(zoho)
    zoho._tokens._held = replace(zoho._tokens._held, renew_at=0.0)
    sandbox.faults.order(Fault(match="oauth", status=503, times=None))
    contacts(zoho)
    contacts(zoho)
    assert counted.sent.count(TOKEN) == 2


@pytest.mark.parametrize(
    ("told", "life"),
    [
        ({"expires_in": 1800}, 1800),
        ({"expires_in": "1800"}, 1800),
        ({"expires_in": 3600000, "expires_in_sec": 3600}, 3600),
        ({"expires_in": 86400}, 3600),
        ({"expires_in": -1}, 1),
        ({}, 3600),
    ],
)
def test_a_token_lives_as_long_as_the_vendor_says_and_an_hour_at_most(
    script: Script, scripted: Settings, told: dict[str, object], life: float
) -> None:
    script.says("/accounts/oauth/v2/token", {"access_token": "1000.a.b", **told})
    client = ZohoClient(scripted)
    before = time.monotonic()
    token = client.token()
    assert before <= token.ends_at - life <= time.monotonic()
    assert before < token.renew_at < token.ends_at
    client.close()


def test_when_tokens_are_used_up_work_waits_and_nobody_is_told_to_change_a_key(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    sandbox.switches["tokens"] = "limited"
    for _ in range(10):
        Reseller(sandbox).http.close()
    for _ in range(3):
        with pytest.raises(Unavailable, match="asked too often") as told:
            contacts(zoho)
        assert 50 <= (told.value.retry_after or 0) <= 60
    assert counted.sent == [TOKEN]


def test_five_workers_may_all_be_restarted_once_within_ten_minutes(
    settings: Settings, sandbox: ZohoSandbox, counted: Counted
) -> None:
    """As the operator's page says; the sixth is one too many."""
    sandbox.switches["tokens"] = "limited"
    door = Door("zoho", counted.http())
    held = [Tokens(settings).current(door) for _ in range(2) for _ in range(5)]
    assert all(sandbox.tokens.accepts(f"Zoho-oauthtoken {token.text}") for token in held)
    with pytest.raises(Unavailable, match="asked too often"):
        Tokens(settings).current(door)
    door.close()


def test_a_vendor_that_still_has_no_token_is_asked_less_and_less_often(zoho: ZohoClient, sandbox: ZohoSandbox) -> None:
    sandbox.switches["tokens"] = "0"
    waits = []
    for _ in range(6):
        zoho._tokens._wait_until = 0.0  # the wait is over
        with pytest.raises(Unavailable) as told:
            contacts(zoho)
        waits.append(told.value.retry_after)
    assert waits == [60, 120, 240, 480, 600, 600]
    del sandbox.switches["tokens"]
    zoho._tokens._wait_until = 0.0
    contacts(zoho)


def test_tokens_that_die_young_are_replaced_as_often_as_they_die(zoho: ZohoClient, sandbox: ZohoSandbox) -> None:
    sandbox.switches["tokens"] = "limited"
    for ask in [contacts, plans] * 15:
        ask(zoho)
        sandbox.expire_tokens()


def test_a_token_that_another_process_pushed_out_is_replaced(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    contacts(zoho)
    for _ in range(10):
        Reseller(sandbox).http.close()
    contacts(zoho)
    assert counted.sent.count(TOKEN) == 2


@pytest.mark.parametrize("product", ["crm", "billing"])
def test_a_new_token_that_is_dead_already_is_bad_luck_and_not_a_wrong_key(
    script: Script, scripted: Settings, product: str
) -> None:
    """Somebody ended it between its birth and its first use; Billing has one word for that and for a missing right."""
    script.says("/crm/v8/Contacts", {"code": "INVALID_TOKEN", "status": "error"}, status=401)
    script.says("/billing/v1/plans", {"code": 57, "message": "not authorized"}, status=401)
    client = ZohoClient(scripted)
    with pytest.raises(Unavailable, match="just given"):
        contacts(client) if product == "crm" else plans(client)
    script.says("/crm/v8/Contacts", {"data": []})
    script.says("/billing/v1/plans", {"code": 0})
    contacts(client) if product == "crm" else plans(client)
    client.close()


def test_many_threads_that_share_one_dead_token_do_not_park_the_vendor(zoho: ZohoClient, sandbox: ZohoSandbox) -> None:
    contacts(zoho)
    sandbox.faults.order(Fault(match="/crm/", status=401, times=16))
    raised = at_once(8, lambda: contacts(zoho))
    assert not any(isinstance(error, Denied) for error in raised)


def test_an_api_that_never_accepts_new_tokens_is_a_matter_for_a_person(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    sandbox.faults.order(Fault(match="/crm/", status=401, times=None))
    for _ in range(2):
        with pytest.raises(Unavailable):
            contacts(zoho)
    with pytest.raises(Denied, match="data_centre"):
        contacts(zoho)
    assert counted.sent.count(TOKEN) == 4


def test_one_product_that_never_accepts_new_tokens_is_noticed_while_the_other_works(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    """Or each try would cost a token, until there is none left for the product that works."""
    sandbox.faults.order(Fault(match="/crm/", status=401, times=None))
    for _ in range(2):
        with pytest.raises(Unavailable):
            contacts(zoho)
        plans(zoho)
    with pytest.raises(Denied, match="data_centre"):
        contacts(zoho)
    plans(zoho)
    assert counted.sent.count(TOKEN) == 4


def test_a_token_that_was_accepted_ends_the_count_of_its_product(zoho: ZohoClient, sandbox: ZohoSandbox) -> None:
    for _ in range(4):
        sandbox.faults.order(Fault(match="/crm/", status=401, times=2))
        with pytest.raises(Unavailable, match="just given"):
            contacts(zoho)
        contacts(zoho)


def test_a_scope_that_is_missing_costs_no_new_token(zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted) -> None:
    for lacking, ask, scope in (("crm", contacts, "ZohoCRM"), ("billing", plans, "ZohoSubscriptions")):
        sandbox.switches["scope"] = lacking
        for _ in range(3):
            with pytest.raises(Denied, match=scope):
                ask(zoho)
    assert counted.sent.count(TOKEN) == 1


def test_an_old_token_without_the_right_is_renewed_once_before_that_is_believed(
    zoho: ZohoClient, sandbox: ZohoSandbox, counted: Counted
) -> None:
    plans(zoho)
    zoho._tokens._held = replace(zoho._tokens._held, made_at=time.monotonic() - 61)
    sandbox.switches["scope"] = "billing"
    with pytest.raises(Denied, match="ZohoSubscriptions"):
        plans(zoho)
    assert counted.sent.count(TOKEN) == 2


def test_the_books_word_for_a_dead_token_may_come_as_a_bad_request(script: Script, scripted: Settings) -> None:
    script.says("/crm/v8/Contacts", {"code": "INVALID_TOKEN", "status": "error"}, status=401)
    client = ZohoClient(scripted)
    refused = {"code": 57, "message": "You are not authorized to perform this operation"}
    script.says("/billing/v1/plans", refused, {"code": 0}, status=400)
    script._answers["/billing/v1/plans"][1].status_code = 200
    assert plans(client) == {"code": 0}
    client.close()


@pytest.mark.parametrize("changed", [{"client_id": "other"}, {"client_secret": "wrong"}, {"refresh_token": "wrong"}])
def test_wrong_credentials_are_a_matter_for_a_person_and_stay_secret(
    settings: Settings, counted: Counted, changed: dict[str, str]
) -> None:
    client = ZohoClient(Settings.model_validate({**settings.model_dump(), **changed}), counted.http())
    with pytest.raises(Denied, match="API console") as told:
        contacts(client)
    for secret in ("sandbox-secret", "sandbox-refresh", "wrong"):
        assert secret not in str(told.value)
    assert counted.sent == [TOKEN]
    client.close()


def test_threads_that_waited_share_a_refusal_instead_of_repeating_it(
    settings: Settings, sandbox: ZohoSandbox, counted: Counted
) -> None:
    sandbox.faults.order(Fault(match="oauth", answer="delay", seconds=1.0, times=None))
    client = ZohoClient(settings.model_copy(update={"client_id": "another"}), counted.http())
    raised = at_once(5, lambda: contacts(client))
    assert [type(error) for error in raised] == [Denied] * 5
    assert counted.sent == [TOKEN]
    client.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "general_error"}, 200),
        ({"error": "a word of tomorrow"}, 400),
        ({}, 200),
        ([], 200),
        ({"access_token": "two words"}, 200),
        ({"access_token": "line\nbreak"}, 200),
        (HTMLResponse("<h1>Sorry</h1>"), 200),
        (HTMLResponse("<h1>Sorry</h1>", 502), 502),
        ({"error": "server_error"}, 500),
    ],
)
def test_an_answer_that_says_nothing_of_our_key_is_asked_for_again(
    script: Script, scripted: Settings, body: object, status: int
) -> None:
    script.says("/accounts/oauth/v2/token", body, status=status)
    client = ZohoClient(scripted)
    with pytest.raises(Unavailable):
        contacts(client)
    assert script.asked == [TOKEN]
    client.close()


def test_no_secret_is_told_even_when_the_vendor_repeats_it(
    script: Script, scripted: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    repeated = "sandbox-secret sandbox-refresh 1000.0123456789abcdef.0123456789abcdef"
    with caplog.at_level(logging.DEBUG):
        client = ZohoClient(scripted)
        script.says("/crm/v8/Contacts", {"code": "NO_PERMISSION", "message": f"Not {repeated}"}, status=403)
        script.says("/billing/v1/plans", {"code": 9, "message": f"Not {repeated}"}, status=400)
        told = [str(raised(client, contacts)), str(raised(client, plans))]
        client.close()
        script.says("/accounts/oauth/v2/token", {"error": "invalid_client", "error_description": repeated})
        client = ZohoClient(scripted.model_copy(update={"client_id": "another"}))
        told.append(str(raised(client, contacts)))
        client.close()
    assert all("***" in sentence for sentence in told)
    for text in (*told, repr(scripted), caplog.text):
        assert not any(secret in text for secret in [*repeated.split(), "1000.scripted"])


def raised(client: ZohoClient, ask: object) -> BaseException:
    assert callable(ask)
    with pytest.raises(Exception, match="zoho") as told:
        ask(client)
    return told.value
