"""What went wrong, sorted by what to do next, in sentences that say it; the token is in none of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox
from pydantic import SecretStr
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.capabilities.dns import Zone
from arumaldo.sandbox import Fault
from arumaldo.testing.dns import new_reference

from .conftest import HOST, NAME, NewCloudflare, Seen

Answers = Callable[[Response], None]


def create(cloudflare: CloudflareDns, name: str = NAME) -> Zone:
    return cloudflare.create_zone(reference=new_reference(), name=name)


def refusal(*errors: tuple[int, str], status: int = 400) -> Response:
    shown = [{"code": code, "message": text} for code, text in errors]
    return JSONResponse({"success": False, "errors": shown, "messages": [], "result": None}, status)


@pytest.fixture
def answers(seen: Seen) -> Answers:
    """Makes the vendor answer everything with this."""

    def answer(response: Response) -> None:
        seen.app = response

    return answer


def test_a_revoked_token_is_a_matter_for_a_person(cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> None:
    sandbox.switches["token"] = "revoked"
    with pytest.raises(Denied, match="api_token is not valid, or lacks the right Zone edit, on the account"):
        create(cloudflare)


def test_a_token_that_may_not_make_zones_is_told_so(cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> None:
    sandbox.switches["rights"] = "no-zones"
    with pytest.raises(Denied, match="the right Zone edit, on the account"):
        create(cloudflare)


def test_a_token_that_is_bound_to_other_addresses_is_told_so(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone
) -> None:
    sandbox.switches["token"] = "elsewhere"
    with pytest.raises(Denied, match="IP filter"):
        cloudflare.get_zone(zone_id=zone.id)


def test_an_account_that_is_not_the_tokens_is_told_so(new_cloudflare: NewCloudflare) -> None:
    with pytest.raises(Denied, match="account_id"):
        create(new_cloudflare(account_id="c" * 32))


def test_a_key_in_place_of_a_token_is_told_so_and_stays_secret(new_cloudflare: NewCloudflare) -> None:
    with pytest.raises(Denied, match="global key") as told:
        create(new_cloudflare(api_token=SecretStr("two words")))
    assert "two words" not in str(told.value)


@pytest.mark.parametrize(
    ("call", "right"),
    [
        (lambda dns, zone: dns.get_zone(zone_id=zone.id), "Zone read"),
        (lambda dns, zone: dns.find_zones(reference="", name=NAME), "Zone read"),
        (lambda dns, zone: dns.remove_zone(zone_id=zone.id), "Zone edit"),
    ],
)
def test_the_right_that_is_missing_is_named(
    cloudflare: CloudflareDns, zone: Zone, answers: Answers, call: Callable[[CloudflareDns, Zone], object], right: str
) -> None:
    answers(refusal((10000, "Authentication error"), status=403))
    with pytest.raises(Denied, match=f"lacks the right {right}: Authentication error"):
        call(cloudflare, zone)


def test_the_right_that_a_part_needs_is_named(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, zone: Zone
) -> None:
    sandbox.faults.order(Fault(match="/dns_records", status=403))
    with pytest.raises(Denied, match="DNS edit"):
        cloudflare.put_records(zone_id=zone.id, records=HOST)
    sandbox.faults.order(Fault(match="/settings/ssl", status=403))
    with pytest.raises(Denied, match="Zone Settings edit"):
        cloudflare.put_shield(zone_id=zone.id, records=HOST, ours=True)


@pytest.mark.parametrize("code", [9109, 0])
def test_a_zone_that_is_listed_and_that_the_token_may_not_see_is_a_matter_of_the_token(
    cloudflare: CloudflareDns, zone: Zone, seen: Seen, code: int
) -> None:
    vendor, barred = seen.app, refusal((code, "requires permission"), status=403)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (barred if scope["path"].endswith(zone.id) else vendor)(scope, receive, send)

    seen.app = app
    with pytest.raises(Denied, match="Zone read"):
        cloudflare.get_zone(zone_id=zone.id)


def test_the_token_is_in_no_sentence_even_where_the_vendor_repeats_it(
    cloudflare: CloudflareDns, zone: Zone, answers: Answers
) -> None:
    for answer in (
        refusal((10000, "no such token: sandbox-token"), status=403),
        refusal((1004, "sandbox-token is odd")),
        refusal((0, "sandbox-token"), status=500),
        refusal((0, "sandbox-token"), status=429),
    ):
        answers(answer)
        with pytest.raises(ProviderError) as told:
            cloudflare.get_zone(zone_id=zone.id)
        assert "sandbox-token" not in f"{told.value} {told.value!r}"


def test_a_domain_with_a_word_of_rights_in_its_name_is_not_taken_for_a_lack_of_them(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox
) -> None:
    sandbox.switches["held:permission-location.example"] = "yes"
    with pytest.raises(Refused, match="another account"):
        create(cloudflare, "permission-location.example")


def test_what_is_no_registered_domain_is_the_customers_matter(cloudflare: CloudflareDns) -> None:
    with pytest.raises(Refused, match="not a registered domain"):
        create(cloudflare, "no_such.example")


def test_a_failure_of_the_vendors_own_leaves_open_whether_a_zone_was_made(
    cloudflare: CloudflareDns, answers: Answers
) -> None:
    for answer in (
        refusal((1052, "An error(-502) has occurred")),
        refusal((1052, "An error(-502) has occurred"), status=500),
        JSONResponse({"success": False, "errors": [], "messages": []}),
        JSONResponse({"success": True, "errors": [], "messages": [], "result": None}),
        JSONResponse({"success": True, "errors": [], "messages": [], "result": {"id": 1}}),
        JSONResponse(["ok"]),
        HTMLResponse("<h1>Error 522</h1>", 522),
        HTMLResponse("<h1>One moment</h1>", 200),
        Response(status_code=502),
    ):
        answers(answer)
        with pytest.raises(OutcomeUnknown):
            create(cloudflare)
        with pytest.raises(Unavailable):
            cloudflare.get_zone(zone_id="0" * 32)


def test_a_refusal_with_the_status_of_success_is_a_refusal(cloudflare: CloudflareDns, answers: Answers) -> None:
    answers(refusal((1049, "bakery.example is not a registered domain"), status=200))
    with pytest.raises(Refused, match="not a registered domain"):
        create(cloudflare)


@pytest.mark.parametrize("status", [400, 404])
def test_a_reason_within_a_wrapper_counts(cloudflare: CloudflareDns, zone: Zone, answers: Answers, status: int) -> None:
    chain = [{"code": 7003, "message": "Could not route to /zones/…"}]
    error = {"code": 1004, "message": "Validation error", "error_chain": chain}
    answers(JSONResponse({"success": False, "errors": [error], "messages": []}, status))
    with pytest.raises(NotFound, match="Could not route"):
        cloudflare.get_zone(zone_id=zone.id)


def test_a_word_of_success_with_the_number_of_an_error_is_none(
    cloudflare: CloudflareDns, zone: Zone, answers: Answers
) -> None:
    messages = [{"code": 10000, "message": "This API Token is valid and active"}]
    answers(JSONResponse({"success": True, "errors": [], "messages": messages, "result": []}))
    assert cloudflare.find_zones(reference="", name=NAME) == []


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
def test_a_look_that_was_broken_off_is_simply_repeated(
    cloudflare: CloudflareDns, sandbox: CloudflareSandbox, answer: str
) -> None:
    sandbox.faults.order(Fault.model_validate({"match": "GET .*/zones", "answer": answer, "status": 502}))
    with pytest.raises(Unavailable):
        cloudflare.find_zones(reference=new_reference(), name=NAME)
    assert cloudflare.find_zones(reference=new_reference(), name=NAME) == []


def test_too_many_calls_say_for_how_long_to_wait(cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> None:
    sandbox.switches["limit"] = "3"
    for _ in range(3):
        cloudflare.find_zones(reference="", name=NAME)
    with pytest.raises(Unavailable, match="Too many requests") as told:
        create(cloudflare)
    assert told.value.retry_after is not None
    assert 295 < told.value.retry_after <= 300
    assert sandbox.ledger()["zones"] == []


def test_the_wait_is_read_from_the_limits_own_header_where_there_is_no_other(
    cloudflare: CloudflareDns, answers: Answers
) -> None:
    answers(Response(status_code=429, headers={"ratelimit": '"default";r=0;t=30'}))
    with pytest.raises(Unavailable) as told:
        create(cloudflare)
    assert told.value.retry_after == 30


def test_a_vendor_who_cannot_be_reached_has_made_nothing(new_cloudflare: NewCloudflare) -> None:
    with pytest.raises(Unavailable):
        create(new_cloudflare(base_url="http://127.0.0.1:1"))
