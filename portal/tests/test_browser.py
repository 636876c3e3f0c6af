"""The pages in a real Chromium: live, on a phone, in the dark, without JavaScript."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from arumaldo.sandbox.local import LocalServer

from .conftest import House, link_in_the_mail_to

pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
TOO_SMALL = """() => [...document.querySelectorAll("main button, main .btn, main summary, main select, main textarea,"
  + "main input:not([type=hidden], [type=radio])")].filter((each) => each.checkVisibility()
  && each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft مخبز الشروق"


@dataclass
class Reader:
    """Somebody at a real screen. `complaints` is what the browser's console says against the page."""

    house: House
    address: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def unfold(self, summary: str) -> None:
        self.page.locator("summary", has_text=summary).click()

    def signs_up_as(self, email: str) -> None:
        self.open("/signup")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill("three random words")
        self.press("Create my account")
        self.page.wait_for_url("**/questions/1")

    def sign_up(self) -> None:
        self.signs_up_as(email := f"eva-{secrets.token_hex(4)}@example.com")
        self.house.work()
        self.open(link_in_the_mail_to(email))
        self.press("Confirm my address")
        self.page.wait_for_url("**/questions/1")

    def answer(self, name: str = "Sunrise Bakery") -> None:
        self.page.get_by_label("Name of your business").fill(name)
        self.page.get_by_label("What kind of business is it?").fill("Family bakery")
        self.press("Continue")
        self.page.get_by_label("What do you offer?").fill("Bread")
        self.press("Continue")
        self.page.wait_for_url("**/questions/3")
        self.press("Continue")
        self.page.wait_for_url("**/questions/4")
        self.press("Make my website")
        self.page.wait_for_url("**/preview")

    def choose(self) -> None:
        self.press("Approve this website")
        self.page.get_by_text("Starter", exact=True).click()
        self.page.get_by_label("Postal code").fill("97201")
        self.press("Continue to payment")
        self.page.wait_for_url("**/payment")

    def pays(self) -> None:
        """From the first page to the open website."""
        self.sign_up()
        self.answer()
        self.house.work()
        self.choose()
        self.house.work()
        self.page.get_by_label("Card").fill("good")
        self.press("Use this card")
        self.press("Pay $31.90")
        self.house.work()
        expect(self.page.get_by_role("link", name="Open my website")).to_be_visible()

    def enters(self, domain: str) -> None:
        self.open("/domain")
        self.page.get_by_label("Your domain").fill(domain)
        self.press("Connect this domain")


@pytest.fixture
def reader(browser: Browser, open_house: Callable[..., House]) -> Iterator[Callable[..., Reader]]:
    """Open a window on a portal that is served over real HTTP."""
    server = LocalServer()
    house = open_house(base=server.address)
    contexts: list[BrowserContext] = []

    def window(**wishes: object) -> Reader:
        context = browser.new_context(**{"viewport": DESK, **wishes})  # type: ignore[arg-type]
        contexts.append(context)
        made = Reader(house, server.address, context.new_page())
        context.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
        return made

    with server:
        server.serve(house.app)
        yield window
        for context in contexts:
            context.close()
        house.app.state.newsroom.end()


def test_pages_change_by_themselves_and_the_browser_has_nothing_to_complain_about(
    reader: Callable[..., Reader],
) -> None:
    eva = reader()
    eva.open("/")
    expect(
        eva.page.frame_locator("iframe").get_by_role("heading", name="Bread that was dough last night")
    ).to_be_visible()
    eva.sign_up()
    eva.answer()
    expect(eva.page.get_by_role("heading", name="We are making your website")).to_be_visible()
    eva.house.work()
    expect(eva.page.frame_locator("iframe").get_by_role("heading", name="Sunrise Bakery")).to_be_visible()
    eva.choose()
    expect(eva.page.get_by_role("heading", name="We are working out the price")).to_be_visible()
    eva.house.work()
    eva.page.get_by_label("Card").fill("declined")
    eva.press("Use this card")
    eva.press("Pay $31.90")
    expect(eva.page.get_by_role("heading", name="We are taking your payment")).to_be_visible()
    eva.house.work()
    expect(eva.page.get_by_text("insufficient funds")).to_be_visible()
    eva.page.get_by_label("Card").fill("good")
    eva.press("Use this card")
    eva.press("Pay $31.90")
    expect(eva.page.get_by_role("heading", name="We are taking your payment")).to_be_visible()
    eva.house.work()
    expect(eva.page.get_by_role("link", name="Open my website")).to_be_visible()
    assert [said for said in eva.complaints if "js.acme.example" not in said] == []


def test_another_device_sees_the_same_step_at_the_same_time(reader: Callable[..., Reader]) -> None:
    eva, phone = reader(), reader(viewport=PHONE)
    eva.sign_up()
    phone.page.context.add_cookies(eva.page.context.cookies())  # type: ignore[arg-type]
    eva.answer()
    phone.open("/onboarding/preview")
    expect(phone.page.get_by_role("heading", name="We are making your website")).to_be_visible()
    eva.house.work()
    for device in (eva, phone):
        expect(device.page.get_by_role("button", name="Approve this website")).to_be_visible()


def test_what_is_open_and_half_typed_stays_when_the_page_gets_news(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.pays()
    eva.enters(name := f"bakery-{secrets.token_hex(4)}.example")
    eva.unfold("Remove this domain")
    field = eva.page.get_by_label("Type the domain to remove it")
    field.press_sequentially("baker")
    eva.house.work()
    expect(eva.page.get_by_text("ns1.acme.example")).to_be_visible()
    expect(field).to_be_visible()
    expect(field).to_have_value("baker")
    expect(field).to_be_focused()
    field.fill(name)
    eva.press(f"Remove {name}")
    eva.house.work()
    expect(eva.page.get_by_role("heading", name="Connect your own domain")).to_be_visible()


def test_what_the_reader_has_folded_up_again_stays_so(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.pays()
    eva.enters(f"bakery-{secrets.token_hex(4)}.example")
    for _ in range(2):
        eva.unfold("Remove this domain")
    eva.house.work()
    expect(eva.page.get_by_text("ns1.acme.example")).to_be_visible()
    expect(eva.page.get_by_label("Type the domain to remove it")).to_be_hidden()


def test_a_part_that_was_opened_stays_open_when_the_new_version_is_there(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.sign_up()
    eva.answer()
    eva.house.work()
    eva.unfold("What we do")
    eva.unfold("What we offer")
    eva.press("Rewrite this section")
    expect(eva.page.get_by_text("This becomes version 2")).to_be_visible()
    eva.unfold("Contact")
    eva.unfold("How to reach us")
    expect(eva.page.get_by_role("button", name="Rewrite this section")).to_be_disabled()
    eva.house.work()
    expect(eva.page.get_by_text("Version 2, made")).to_be_visible()
    expect(eva.page.get_by_role("button", name="Rewrite this section")).to_be_enabled()


def test_an_address_that_takes_no_mail_is_said_without_a_reload(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.signs_up_as("nobody-here@example.com")
    eva.open("/onboarding/confirm")
    expect(eva.page.get_by_text("We are sending a mail")).to_be_visible()
    eva.house.work()
    expect(eva.page.get_by_text("was not accepted")).to_be_visible()
    expect(eva.page.get_by_label("Another e-mail address")).to_be_visible()


def test_what_is_typed_survives_a_reload(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.sign_up()
    eva.page.get_by_label("Name of your business").fill("Half a na")
    eva.page.reload()
    expect(eva.page.get_by_label("Name of your business")).to_have_value("Half a na")


def test_what_was_sent_while_logged_out_is_there_again_after_the_log_in(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.sign_up()
    session = eva.page.context.cookies()
    eva.page.get_by_label("Name of your business").fill("Sunrise")
    eva.page.context.clear_cookies(name="session")
    eva.page.context.add_cookies([{"name": "session", "value": "ended", "url": eva.address}])
    eva.press("Continue")
    expect(eva.page.get_by_role("heading", name="Please send this once more")).to_be_visible()
    eva.press("Send it again")
    expect(eva.page.get_by_role("heading", name="Log in")).to_be_visible()
    eva.page.context.add_cookies(session)  # type: ignore[arg-type]
    eva.open("/onboarding/questions/1")
    expect(eva.page.get_by_label("Name of your business")).to_have_value("Sunrise")


def test_errors_take_the_keyboard_to_the_field(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.sign_up()
    eva.press("Continue")
    expect(eva.page.get_by_role("alert").first).to_be_focused()
    eva.page.keyboard.press("Tab")
    eva.page.keyboard.press("Enter")
    expect(eva.page.get_by_label("Name of your business")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out_and_everything_can_be_hit(reader: Callable[..., Reader], scheme: str) -> None:
    eva = reader(viewport=PHONE, color_scheme=scheme)

    def look() -> None:
        assert eva.page.evaluate(TOO_WIDE) <= 0, eva.page.url
        assert eva.page.evaluate(TOO_SMALL) == [], eva.page.url
        assert eva.page.locator("html").get_attribute("data-bs-theme") == scheme

    eva.open("/")
    look()
    eva.sign_up()
    look()
    eva.answer(LONG_NAME)
    look()
    eva.house.work()
    expect(eva.page.get_by_role("button", name="Approve this website")).to_be_visible()
    look()
    eva.choose()
    eva.house.work()
    expect(eva.page.get_by_role("button", name="Use this card")).to_be_visible()
    look()
    eva.page.get_by_label("Card").fill("good")
    eva.press("Use this card")
    eva.press("Pay $31.90")
    eva.house.work()
    expect(eva.page.get_by_role("link", name="Open my website")).to_be_visible()
    look()
    eva.open("/dashboard")
    look()


def test_without_javascript_everything_up_to_the_card_works(reader: Callable[..., Reader]) -> None:
    eva = reader(java_script_enabled=False)
    eva.sign_up()
    eva.answer()
    eva.house.work()
    expect(eva.page.get_by_role("button", name="Approve this website")).to_be_visible(timeout=15_000)
    eva.choose()
    eva.house.work()
    expect(eva.page.locator("noscript .notice")).to_be_visible(timeout=15_000)


def test_opening_a_section_shows_it_in_the_preview(reader: Callable[..., Reader]) -> None:
    eva = reader()
    eva.sign_up()
    eva.answer()
    eva.house.work()
    eva.unfold("What we do")
    eva.unfold("What we offer")
    expect(eva.page.frame_locator("iframe").get_by_role("heading", name="What we offer")).to_be_visible()
