"""The payment field and the sandbox's card form in a real browser, under a policy as strict as the portal's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import arumaldo_authorizenet
import pytest
from arumaldo_authorizenet.payments import AuthorizenetPayments
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from arumaldo.capabilities.payments import PaymentField
from arumaldo.sandbox.local import LocalServer

from .conftest import PRICE, Buy, HeardSandbox

pytestmark = pytest.mark.slow

_FILES = Path(arumaldo_authorizenet.__file__).parent / "browser"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Payment</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<h1>Payment</h1><div id="place"></div><output></output><a href="#end">The end</a>
<script type="module" src="/page.js"></script>"""
_SCRIPT = """import { mount } from "/providers/field.js";
window.answers = [];
const draw = () => mount(document.getElementById("place"), FACTS, (answer) => window.answers.push(answer));
window.draw = draw;
draw();"""


def _shop(field: PaymentField) -> Starlette:
    sources = [
        f"{name} 'self' {' '.join(origins)}"
        for name, origins in (
            ("script-src", field.script_origins),
            ("connect-src", field.connect_origins),
            ("frame-src", field.frame_origins),
        )
    ]
    policy = "; ".join(["default-src 'none'", "style-src 'self'", "base-uri 'none'", *sources])

    def page(request: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"content-security-policy": policy})

    def script(request: Request) -> Response:
        return Response(_SCRIPT.replace("FACTS", json.dumps(field.facts)), media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/favicon.ico", lambda request: Response(status_code=204)),
            Route("/page.js", script),
            Mount("/providers", StaticFiles(directory=_FILES)),
        ]
    )


@pytest.fixture
def page(browser: Browser, payments: AuthorizenetPayments) -> Iterator[Page]:
    """A payment page of 390 px with the field on it, and no complaint of the browser about it."""
    field = payments.checkout(reference="order-1", amount=PRICE, description="", return_url="")
    complaints: list[str] = []
    with LocalServer(_shop(field)) as server:
        page = browser.new_page(viewport={"width": 390, "height": 780})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.address)
        yield page
        page.close()
    assert complaints == []


def _fill(page: Page, number: str, expiry: str, code: str) -> None:
    form = page.frame_locator("#AcceptUIContainer iframe")
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiry (MM/YY)").fill(expiry)
    form.get_by_label("Security code").fill(code)
    form.get_by_role("button", name="Use this card").click()


def test_a_card_goes_from_the_form_to_the_gateway_and_the_page_gets_a_token(
    page: Page, buy: Buy, sandbox: HeardSandbox
) -> None:
    page.get_by_role("button", name="Enter card details").click()
    _fill(page, "4111 1111 1111 1111", "12/39", "123")
    page.get_by_text("The card ending in 1111 is ready.").wait_for()
    [answer] = page.evaluate("window.answers")
    assert "4111111111111111" not in page.content()
    assert buy(token=answer["token"]).card == "Visa ending in 1111"
    assert page.locator("#AcceptUIContainer").count() == 0


def test_each_field_says_what_is_wrong_with_it_and_keeps_what_was_typed(page: Page) -> None:
    page.get_by_role("button", name="Enter card details").click()
    _fill(page, "4111 1111 1111 1112", "01/20", "1")
    form = page.frame_locator("#AcceptUIContainer iframe")
    for words in ("not a card number", "has expired", "three or four digits"):
        expect(form.get_by_text(words)).to_be_visible()
    number = form.get_by_label("Card number")
    expect(number).to_be_focused()
    expect(number).to_have_value("4111 1111 1111 1112")
    expect(number).to_have_attribute("aria-invalid", "true")
    assert page.evaluate("window.answers") == []


def test_the_form_can_be_used_and_left_with_the_keyboard_alone(page: Page) -> None:
    button = page.get_by_role("button", name="Enter card details")
    form = page.frame_locator("#AcceptUIContainer iframe")
    button.press("Enter")
    expect(form.get_by_label("Card number")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#AcceptUIContainer")).to_have_count(0)
    expect(button).to_be_focused()
    button.press("Enter")
    expect(form.get_by_label("Card number")).to_be_focused()
    page.keyboard.type("5424000000000015")
    page.keyboard.press("Tab")
    page.keyboard.type("0139")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    page.keyboard.press("Enter")
    page.get_by_text("The card ending in 0015 is ready.").wait_for()


def test_another_card_can_be_entered_and_a_field_drawn_anew_works(page: Page) -> None:
    page.get_by_role("button", name="Enter card details").click()
    _fill(page, "4222222222222", "12/39", "123")
    page.get_by_role("button", name="Use another card").click()
    _fill(page, "4111111111111111", "12/39", "123")
    page.get_by_text("The card ending in 1111 is ready.").wait_for()
    page.evaluate("window.draw()")
    page.get_by_role("button", name="Enter card details").click()
    _fill(page, "370000000000002", "12/39", "1234")
    page.get_by_text("The card ending in 0002 is ready.").wait_for()
    tokens = [answer["token"] for answer in page.evaluate("window.answers")]
    assert len(set(tokens)) == len(tokens) == 3


def test_a_gateway_out_of_reach_is_told_in_the_form(page: Page, sandbox: HeardSandbox) -> None:
    page.get_by_role("button", name="Enter card details").click()
    sandbox.switches["busy"] = "on"
    _fill(page, "4111111111111111", "12/39", "123")
    form = page.frame_locator("#AcceptUIContainer iframe")
    expect(form.get_by_role("alert")).to_contain_text("Nothing was charged")
    sandbox.switches.clear()
    form.get_by_role("button", name="Use this card").click()
    page.get_by_text("The card ending in 1111 is ready.").wait_for()
