"""One customer over plain HTTP, stopped at any step, for tests that look at what a page says there."""

from __future__ import annotations

import secrets
import threading
from typing import Any, Self
from urllib.parse import urljoin

import httpx2

from arumaldo.demo.browser import Lost, Visit, look
from arumaldo.demo.businesses import COUNT, business
from arumaldo.demo.walker import Customer
from arumaldo.sandbox import Letter

from .platform import Platform, eventually

DECLINED = "4222222222222"


def customer(platform: Platform) -> Onboarded:
    """A new customer, signed up."""
    return Onboarded(platform)


class Onboarded:
    """A customer who goes as far as the test says."""

    def __init__(self, platform: Platform) -> None:
        number = secrets.randbelow(COUNT)
        self._platform = platform
        self._walker = Customer(platform.url, platform.tree.sandbox_url, business(number), threading.Event())
        self._browser = platform.people.enter_context(self._walker.browser)
        self._walker.begin()
        self._walker.sign_up()

    @property
    def cookies(self) -> dict[str, str]:
        """The log-in, for another browser."""
        return self._browser.cookies

    @property
    def own_domain(self) -> str:
        """The domain that this customer has bought."""
        return self._walker.domain

    def link(self) -> str:
        """The address in the mail that asks whose the address is."""
        found = eventually(lambda: self._walker.outside.confirming_link(self.email))
        assert found is not None
        return found

    def answers_page(self, number: int, instead: dict[str, str]) -> Self:
        """Answer one page of the questions; what is in `instead` otherwise than usual."""
        path = f"/onboarding/questions/{number}"
        visit = self._visit(path)
        form = next(one for one in visit.forms if one.attributes.get("action") == path)
        self._browser.submit(visit, form, {**self._walker.business.answers, **instead})
        return self

    def answers_all(self) -> Self:
        self._walker.answer_questions()
        return self

    def until_preview(self) -> Self:
        """Answer the questions and approve what comes."""
        self._walker.answer_questions()
        self._walker.approve()
        return self

    def sees_a_preview(self) -> str:
        """Answer the questions, and read the front page of what comes."""
        self._walker.answer_questions()
        return self._newest_preview(1)

    def has_a_section_rewritten(self) -> str:
        """Ask for other words in the first section, and read the front page of the version that comes."""
        visit = self._visit("/onboarding/preview")
        self._browser.submit(visit, visit.needs("page", "section", "wish"), {"wish": "Shorter."})
        return self._newest_preview(2)

    def _newest_preview(self, number: int) -> str:
        eventually(lambda: f"Version {number}, made" in self.page("/onboarding/preview"))
        visit = self._visit("/onboarding/preview")
        return look(urljoin(visit.url, visit.frames[0])).text

    def approves(self) -> Self:
        self._walker.approve()
        return self

    @property
    def email(self) -> str:
        return self._walker.email

    @property
    def business(self) -> str:
        return self._walker.business.name

    def letters(self, kind: str) -> list[Letter]:
        """The mail of this kind in the customer's letter box, oldest first."""
        return [letter for letter in self._walker.outside.letters(self.email) if letter.kind == kind]

    def confirms(self) -> Self:
        """Follow the link in the first mail."""
        self._walker.confirm()
        return self

    def connects(self, domain: str = "") -> str:
        """Enter a domain, name its servers at the registrar, and wait until it is open there."""
        self._walker.domain = domain or self._walker.domain
        return self._walker.connect()

    def enters(self, domain: str) -> Visit:
        """The page that comes after the domain was entered."""
        visit = self._visit("/domain")
        return self._browser.submit(visit, visit.needs("domain"), {"domain": domain})

    def is_refused(self, domain: str) -> str:
        """What the page says when it does not take the domain."""
        try:
            self.enters(domain)
        except Lost as error:
            return str(error)
        raise AssertionError(f"{domain} was taken in")

    def delegates(self) -> Self:
        """Name the name servers that the page shows at the registrar."""
        domain = self.domain()
        self._walker.outside.delegate(domain["name"], domain["name_servers"])
        return self

    def removes_the_domain(self) -> Self:
        visit = self._visit("/domain")
        self._browser.submit(visit, visit.needs("name"), {"name": self.domain()["name"]})
        return self

    def domain(self) -> dict[str, Any]:
        """The domain as the pages' script knows it; empty when there is none."""
        return self.state()["domain"] or {}

    def until_domain(self, state: str) -> Self:
        eventually(lambda: self.domain().get("state") == state)
        return self

    def until_paying(self, card: str = "") -> Self:
        """Go on to the payment and submit it."""
        return self.until_preview().chooses_a_plan().pays(card)

    def chooses_a_plan(self) -> Self:
        """Choose one; whoever has not confirmed the address yet does so, for the payment waits for it."""
        self.chooses_a_plan_only()
        if self.state()["step"] == "confirm":
            self.confirms()
        return self

    def chooses_a_plan_only(self) -> Self:
        self._walker.choose_plan()
        return self

    def pays(self, card: str = "") -> Self:
        """Submit the payment form with a card that is approved, or "declined"."""
        self._walker.pay({"card": DECLINED} if card == "declined" else {})
        return self

    def until(self, step: str) -> Self:
        """Wait until the customer stands there."""
        eventually(lambda: self.state()["step"] == step)
        return self

    def until_live(self) -> Self:
        """Wait for the site; enter the card once more where the payment did not go through.

        So it may be when a worker dies with a charge in its hands that had not reached the gateway yet.
        """
        eventually(lambda: self.state()["step"] in ("live", "declined"))
        return self if self.state()["step"] == "live" else self.pays().until("live")

    def state(self) -> dict[str, Any]:
        return self._browser.json("/onboarding/state")

    def page(self, path: str) -> str:
        """The page's words, whatever its status."""
        return self._visit(path).text

    def status(self, path: str) -> int:
        """What the address answers, redirects not followed."""
        answer = self._browser.ask("GET", urljoin(self._platform.url, path), follow_redirects=False)
        return answer.status_code

    def can_pay(self) -> bool:
        """Whether the payment page offers a payment."""
        return self._visit("/onboarding/payment").form("token") is not None

    def links(self, path: str) -> list[str]:
        """The addresses within the portal that a page leads to."""
        return [link for link in self._visit(path).links if link.startswith("/onboarding/preview")]

    def preview_id(self) -> str:
        """The id in the form that approves a preview."""
        form = self._visit("/onboarding/preview").needs("preview_id")
        return dict(form.filled({}))["preview_id"]

    def post(self, path: str, **fields: str) -> int:
        """Send fields with this session's own form token to an address, and answer the status."""
        page = self._visit("/dashboard")
        hidden = dict(page.forms[0].filled({})) if page.forms else {}
        answer = self._browser.ask(
            "POST", urljoin(self._platform.url, path), data={**hidden, **fields}, follow_redirects=False,
            headers={"origin": self._platform.url},
        )  # fmt: skip
        return answer.status_code

    def shows_its_site_at(self, address: str) -> bool:
        return self._walker.business.name in look(address).text

    def shows_its_site(self) -> bool:
        """Whether the live site shows the business's name."""
        return self._walker.business.name in look(self.state()["site_url"]).text

    def _visit(self, path: str) -> Visit:
        answer = self._browser.ask("GET", urljoin(self._platform.url, path))
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise Lost(f"{path} answers {answer.status_code}")
        return Visit(answer)
