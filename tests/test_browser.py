"""Three businesses in a real Chromium, from the landing page to the live site, by what a person can read and press."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from .platform import Platform, eventually

pytestmark = pytest.mark.slow

MOST_CLICKS = 34
MOST_FIELDS = 16
BUILDING = 90_000

BUSINESSES = {
    "a bakery": {
        "Name of your business": "Hearth & Crumb",
        "What kind of business is it?": "Family bakery",
        "What do you offer?": "Sourdough loaves, cinnamon buns, birthday cakes to order",
        "What makes you special?": "The oven has been burning since before sunrise",
        "Address": "12 Mill Lane, Portland, OR 97201",
        "Phone": "+1 503 555 0134",
        "Opening hours": "Tuesday to Saturday, 7 am to 2 pm",
        "Languages": "English",
    },
    "a law firm": {
        "Name of your business": "Okafor Lindqvist Law",
        "What kind of business is it?": "Law firm for families and tenants",
        "What do you offer?": "Divorce, custody, tenancy disputes, wills",
        "What makes you special?": "You always speak to the lawyer who handles your case",
        "Address": "400 Court Street, Suite 7, Madison, WI 53703",
        "Phone": "+1 608 555 0177",
        "Opening hours": "Monday to Friday, 9 am to 5 pm",
        "Languages": "English",
    },
    "a bilingual yoga studio": {
        "Name of your business": "Respira Yoga",
        "What kind of business is it?": "Yoga studio",
        "What do you offer?": "Vinyasa, prenatal yoga, chair yoga for seniors",
        "What makes you special?": "Every class is taught in English and Spanish",
        "Address": "88 Alameda Avenue, Denver, CO 80223",
        "Phone": "+1 720 555 0119",
        "Opening hours": "Every day, 6:30 am to 8 pm",
        "Languages": "English and Spanish",
    },
}
SHOWN = [label for label in BUSINESSES["a bakery"] if label != "Languages"]


class Person:
    """Somebody with a browser, whose clicks and fields are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self.fields = 0

    def press(self, name: str | re.Pattern[str], role: str = "button") -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.clicks += 1

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(re.compile(f"^{re.escape(label)}")).fill(value)
        self.fields += 1

    def signs_up(self, url: str) -> None:
        self.page.goto(url)
        self.press("Build my website", role="link")
        self.fill("E-mail address", f"person-{secrets.token_hex(4)}@example.com")
        self.fill("Password", "three random words")
        self.press("Create my account")

    def answers(self, business: dict[str, str]) -> None:
        for labels in (list(business)[:2], list(business)[2:4], list(business)[4:7], list(business)[7:]):
            for label in labels:
                self.fill(label, business[label])
            self.press(re.compile("Continue|Make my website"))

    def chooses_a_plan(self) -> None:
        self.press(re.compile("Approve this website"))
        self.page.get_by_text("Business", exact=True).click()
        self.clicks += 1
        self.fill("Postal code", "97201")
        self.press("Continue to payment")

    def confirms(self) -> None:
        """Read the mail in the test letter box, and follow its link."""
        expect(self.page.get_by_role("heading", name="Confirm your e-mail address")).to_be_visible(timeout=BUILDING)
        with self.page.context.expect_page() as opened:
            self.press("Read it in the test letter box", role="link")
        letters = opened.value
        letter = letters.frame_locator("iframe").first.get_by_role("link", name="Confirm my address")
        eventually(lambda: bool(letters.reload()) and letter.is_visible())
        with self.page.context.expect_page() as followed:
            letter.click()
        asked = followed.value
        asked.get_by_role("button", name="Confirm my address").click()
        self.clicks += 2
        # It goes on as well; a page that is closed while it goes elsewhere may hold Chromium up for ever.
        expect(asked.get_by_role("button", name="Enter card details")).to_be_visible(timeout=BUILDING)
        asked.close()
        letters.close()
        expect(self.page.get_by_role("button", name="Enter card details")).to_be_visible(timeout=BUILDING)

    def connects(self, domain: str) -> Page:
        """Enter a domain, name its servers at the test registrar, and open the site there."""
        self.press(re.compile("Go to my dashboard"), role="link")
        self.press("Connect your own domain", role="link")
        self.fill("Your domain", domain)
        self.press("Connect this domain")
        with self.page.context.expect_page() as opened:
            self.press("Enter the name servers at the test registrar", role="link")
        registrar = opened.value
        registrar.get_by_role("button", name="Save the name servers").click()
        expect(registrar.get_by_role("status")).to_contain_text("now has these name servers")
        self.clicks += 1
        registrar.close()
        expect(self.page.get_by_text("Connected", exact=True)).to_be_visible(timeout=BUILDING)
        return self.opens_the_site()

    def pays(self, card: str = "4111111111111111") -> None:
        self.press("Enter card details")
        form = self.page.frame_locator("#AcceptUIContainer iframe")
        for label, value in (("Card number", card), ("Expiry (MM/YY)", "12/39"), ("Security code", "900")):
            form.get_by_label(label).fill(value)
            self.fields += 1
        form.get_by_role("button", name="Use this card").click()
        self.clicks += 1
        pay = self.page.get_by_role("button", name=re.compile(r"^Pay \$"))
        expect(pay.or_(self.page.get_by_role("link", name="Open my website")).first).to_be_visible(timeout=BUILDING)
        if pay.is_visible():
            self.press(re.compile(r"^Pay \$"))

    def opens_the_site(self) -> Page:
        link = self.page.get_by_role("link", name="Open my website")
        expect(link.first).to_be_visible(timeout=BUILDING)
        with self.page.context.expect_page() as opened:
            link.first.click()
        self.clicks += 1
        return opened.value


def words_of(site: Page) -> str:
    """The words of all the site's pages."""
    home = site.url
    addresses = [
        str(link.get_attribute("href")) for link in site.get_by_role("navigation").first.get_by_role("link").all()
    ]
    words = site.locator("body").inner_text()
    for address in addresses:
        site.goto(urljoin(home, address))
        words += " " + site.locator("body").inner_text()
    return " ".join(words.split())


@pytest.mark.parametrize("kind", BUSINESSES)
def test_a_business_gets_from_the_landing_page_to_its_live_site(
    platform: Platform, browser: Browser, kind: str
) -> None:
    business = BUSINESSES[kind]

    def job() -> tuple[Person, str]:
        context = browser.new_context(locale="en-US")
        person = Person(context.new_page())
        complaints: list[str] = []
        context.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        person.signs_up(platform.url)
        person.answers(business)
        person.chooses_a_plan()
        person.confirms()
        person.pays()
        words = words_of(person.opens_the_site())
        name = f"{secrets.token_hex(5)}.example"
        at_home = person.connects(name)
        assert name in at_home.url
        assert business["Name of your business"] in at_home.locator("body").inner_text()
        context.close()
        assert complaints == []
        return person, words

    person, words = job()
    assert [label for label in SHOWN if business[label] not in words] == []
    assert person.clicks <= MOST_CLICKS
    assert person.fields <= MOST_FIELDS
