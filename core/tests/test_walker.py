"""The demo's customers: how they read pages and fill in forms, and what their report calls right."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from arumaldo.demo import report
from arumaldo.demo.browser import Away, Browser, Lost, look
from arumaldo.demo.businesses import COUNT, business
from arumaldo.demo.forms import Form, Page
from arumaldo.demo.report import Report
from arumaldo.demo.walker import Customer, walk
from arumaldo.sandbox import Entry
from arumaldo.sandbox.local import LocalServer

PLAN = """
<h1>Your <em>plan</em></h1>
<form method="post" action="/plan" id="plan">
  <input type="hidden" name="form_token" value="abc">
  <label><input type="radio" name="plan" value="starter"> Starter</label>
  <label><input type="radio" name="plan" value="studio"> Studio</label>
  <select name="country"><option value="">Choose</option><option value="DE">Germany<option value="US">USA</select>
  <input name="postal_code" value="1">
  <textarea name="wish">
as it was</textarea>
  <input type="checkbox" name="language" value="en" checked><input type="checkbox" name="language" value="fr">
  <input type="checkbox" name="terms" required>
  <button name="go" value="later">Later</button>
</form>
<button form="plan" name="go" value="now">Continue
   to payment</button>
<button form="plan" disabled>Not yet</button>
<script>if (1 < 2) { "</form>" }</script>
<p role="alert">A postal code has five digits.</p>
"""


@pytest.fixture
def plan() -> Form:
    form = Page(PLAN).form("plan", "country")
    assert form
    return form


def test_a_form_is_sent_as_a_browser_would(plan: Form) -> None:
    answers = {"plan": "studio", "country": "US", "postal_code": "97205", "language": ["fr"]}
    assert plan.filled(answers, plan.button("Continue to payment")) == [
        ("form_token", "abc"),
        ("plan", "studio"),
        ("country", "US"),
        ("postal_code", "97205"),
        ("wish", "as it was"),
        ("language", "fr"),
        ("terms", "on"),
        ("go", "now"),
    ]


def test_what_is_not_answered_stays_and_what_must_be_chosen_is(plan: Form) -> None:
    sent = plan.filled({})
    assert [value for name, value in sent if name in ("plan", "country", "postal_code", "language")] == [
        "starter",
        "DE",
        "1",
        "en",
    ]


def test_a_button_that_cannot_be_pressed_is_not_there() -> None:
    assert Page(PLAN).form(button="Not yet") is None
    assert Page(PLAN).form(button="continue to payment") is not None


def test_a_page_is_read_without_its_scripts() -> None:
    page = Page(PLAN)
    assert page.headings == ["Your plan"]
    assert page.alerts == ["A postal code has five digits."]
    assert "form" not in page.text


def test_no_two_businesses_have_one_name() -> None:
    assert len({business(number).name for number in range(COUNT)}) == COUNT


class Portal:
    """A few pages of a portal that can be told to be away."""

    def __init__(self) -> None:
        self.away = 0
        self.seen: list[str] = []

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.page, methods=["GET", "POST"])])

    async def page(self, request: Request) -> Response:
        self.seen.append(f"{request.method} {request.url.path} {request.cookies.get('session', '-')}")
        if self.away:
            self.away -= 1
            return HTMLResponse("<h1>Starting again</h1>", 503, {"retry-after": "0"})
        if request.url.path == "/signup" and request.method == "POST":
            answer = RedirectResponse("/welcome", 303)
            answer.set_cookie("session", (await request.body()).decode(), secure=True, httponly=True)
            return answer
        if request.url.path == "/signup":
            return HTMLResponse("<form method=post><input name=email><button>Go</button></form>")
        return HTMLResponse(f"<h1>{request.headers['host'].partition(':')[0]} says hello</h1>")


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    with LocalServer(portal.app()) as server:
        yield server.address


def test_a_person_signs_up_and_stays_known(portal: Portal, address: str) -> None:
    with Browser(address) as browser:
        visit = browser.open("/signup")
        after = browser.submit(visit, visit.needs("email"), {"email": "a@b.example"})
    assert after.path == "/welcome"
    assert portal.seen[1:] == ["POST /signup -", "GET /welcome email=a%40b.example"]


def test_a_person_presses_reload_once(portal: Portal, address: str) -> None:
    with Browser(address) as browser:
        portal.away = 1
        assert browser.open("/").headings == ["localhost says hello"]
        portal.away = 2
        with pytest.raises(Away, match=r"/ \(503\).*Starting again"):
            browser.open("/")


def test_a_page_without_the_expected_form_is_told_with_its_words(address: str) -> None:
    with Browser(address) as browser, pytest.raises(Lost, match=r"no form with “Approve”.*says hello"):
        browser.open("/").needs(button="Approve")


def test_a_site_is_looked_at_under_its_own_name(address: str) -> None:
    port = address.rpartition(":")[2]
    assert look(f"http://rye-bakery.localhost:{port}/").headings == ["rye-bakery.localhost says hello"]


def test_customers_who_get_lost_are_counted_and_their_reasons_told(address: str) -> None:
    class Ledger(Portal):
        async def page(self, request: Request) -> Response:
            if request.url.path == "/_control/ledger":
                return Response("{}", media_type="application/json")
            return await super().page(request)

    told: list[tuple[int, int, int]] = []
    with LocalServer(Ledger().app()) as sandbox:
        found = walk(address, sandbox.address, 2, progress=lambda *numbers: told.append(numbers))
    assert (found.live, found.failed, found.agrees) == (0, 2, False)
    assert told == [(1, 2, 0), (2, 2, 0)]
    assert all("has no form with email and password" in reason for reason in found.reasons)


def test_the_count_waits_for_what_follows_the_last_page(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail and the entry of the last customer come after the third look at the ledgers, one of which fails."""

    class Ledger(Portal):
        looks = 0

        async def page(self, request: Request) -> Response:
            self.looks += 1
            if self.looks == 3:
                return Response("busy", 503)
            now = {} if self.looks == 1 else everything(customers=1 if self.looks < 5 else 2)
            return Response(json.dumps(now), media_type="application/json")

    monkeypatch.setattr(Customer, "walk", lambda customer: "http://localhost/")
    with LocalServer(Ledger().app()) as sandbox:
        found = walk(address, sandbox.address, 2)
    assert found.agrees
    assert found.ledgers["post"]["emails: receipt"] == 2


def everything(customers: int) -> dict[str, dict[str, list[dict[str, object]]]]:
    """The ledgers of so many customers who have all that they should."""

    def each(what: str, **facts: str) -> list[dict[str, object]]:
        return [{"id": f"{what}-{n}", "reference": f"{what}-{n}", "facts": facts} for n in range(customers)]

    mails = [mail | {"id": f"{sort}-{mail['id']}"} for sort in SORTS for mail in each(sort, kind=sort)]
    return {
        "till": {"charges": each("charge")},
        "host": {"sites": each("site")},
        "books": {"subscriptions": each("subscription"), "contacts": each("contact")},
        "post": {"emails": mails, "contacts": each("contact")},
        "names": {"zones": each("zone")},
    }


def ledgers(charges: list[tuple[str, str | None, str]]) -> report.Ledgers:
    entries = [
        Entry.model_validate({"id": number, "reference": reference, "state": state})
        for number, reference, state in charges
    ]
    return {"till": {"charges": entries}, "host": {"sites": [Entry(id="s1", reference="order-1")]}}


def test_a_second_charge_for_one_order_is_a_double_and_a_refused_one_is_not() -> None:
    once = ledgers([("1", "order-1", "live"), ("2", "order-1", "refused"), ("3", "order-1", "undone")])
    twice = ledgers([("1", "order-1", "live"), ("2", "order-1", "live")])
    assert report.doubles(report.since({}, once), customers=1) == 0
    assert report.doubles(report.since({}, twice), customers=1) == 1


def test_a_second_charge_under_another_reference_is_a_double_too() -> None:
    two = ledgers([("1", "order-1", "live"), ("2", "order-1-again", "live")])
    assert report.doubles(report.since({}, two), customers=1) == 1


def test_a_walk_counts_what_is_new_since_it_began() -> None:
    before = ledgers([("1", "order-0", "live")])
    after = ledgers([("1", "order-0", "live"), ("2", "order-1", "live")])
    new = report.since(before, after)
    assert report.counts(new) == {"till": {"charges": 1}, "host": {"sites": 0}}


SORTS = ("confirm", "connected", "handover", "name-servers", "receipt")
ONCE_EACH: dict[str, dict[str, int]] = {
    "till": {"charges": 2},
    "host": {"sites": 2},
    "books": {"subscriptions": 2, "contacts": 2},
    "post": {"emails": 10, **{f"emails: {sort}": 2 for sort in SORTS}, "contacts": 2},
    "names": {"zones": 2},
}
"""What the ledgers hold of two customers."""


def report_of(**changed: dict[str, int]) -> Report:
    return Report(customers=2, live=2, doubles=0, seconds=1.23, ledgers={**ONCE_EACH, **changed})


def test_the_report_is_right_only_with_one_of_everything_for_each() -> None:
    right = report_of()
    assert right.agrees
    assert not report_of(till={"charges": 1}).agrees
    assert not report_of(host={}).agrees
    assert not report_of(books={"subscriptions": 2, "contacts": 0}).agrees
    assert not report_of(post={**ONCE_EACH["post"], "contacts": 0}).agrees
    assert not report_of(post={**ONCE_EACH["post"], "emails: receipt": 1, "emails: confirm": 3}).agrees
    assert not Report(customers=2, live=1, doubles=0, seconds=1, ledgers=ONCE_EACH).agrees
    assert json.loads(right.as_json()) == {
        "customers": 2,
        "live": 2,
        "failed": 0,
        "doubles": 0,
        "seconds": 1.2,
        "ledgers": ONCE_EACH,
    }


@pytest.mark.parametrize("sort", SORTS)
def test_the_report_is_wrong_when_nobody_got_one_sort_of_mail(sort: str) -> None:
    post = {name: count for name, count in ONCE_EACH["post"].items() if name != f"emails: {sort}"}
    assert not report_of(post=post).agrees


def test_a_person_at_two_vendors_is_nobody_twice_and_twice_at_one_is() -> None:
    anna, again = Entry(id="1", reference="anna@example.com"), Entry(id="2", reference="anna@example.com")
    assert report.doubles({"books": {"contacts": [anna]}, "post": {"contacts": [anna]}}, customers=1) == 0
    assert report.doubles({"books": {"contacts": [anna, again]}}, customers=1) == 1
