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

    def until_paying(self, card: str = "") -> Self:
        """Go on to the payment and submit it."""
        return self.until_preview().chooses_a_plan().pays(card)

    def chooses_a_plan(self) -> Self:
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

    def shows_its_site(self) -> bool:
        """Whether the live site shows the business's name."""
        return self._walker.business.name in look(self.state()["site_url"]).text

    def _visit(self, path: str) -> Visit:
        answer = self._browser.ask("GET", urljoin(self._platform.url, path))
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise Lost(f"{path} answers {answer.status_code}")
        return Visit(answer)
