"""Customers who walk through the onboarding over HTTP, as people with browsers would, and look at the result."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urljoin

import httpx2

from arumaldo.demo import report as ledger
from arumaldo.demo.browser import Away, Browser, Lost, Visit, look
from arumaldo.demo.businesses import COUNT, Business, business, domain_of
from arumaldo.demo.outside import CONNECTED, Outside
from arumaldo.demo.report import Report
from arumaldo.http import trusted

T = TypeVar("T")
Progress = Callable[[int, int, int], None]
"""Told after each customer: how many are done, of how many, how many of those are live."""

PATIENCE = 180.0
"""Seconds that one customer has in all."""
_AFTERWARDS = 30.0
"""Seconds for what the hub still does when the last customer has seen the site at their own domain."""
_GLANCE = 0.3
_CARDS = 2
_QUESTIONS = 4
_OVER = {"failed", "returned"}
_APPROVE, _CONFIRM = "Approve this website", "Confirm my address"


def walk(
    base_url: str,
    sandbox_url: str,
    customers: int,
    parallel: int = 12,
    progress: Progress | None = None,
    enough: threading.Event | None = None,
) -> Report:
    """Walk this many new customers through, `parallel` at a time; `enough` ends it early.

    The report counts what is new in the ledgers since the walk began, so that it can be repeated on one state.
    """
    enough = enough or threading.Event()
    before, began = ledger.read_ledgers(sandbox_url), time.monotonic()
    first = secrets.randbelow(COUNT)
    reasons: list[str] = []
    with ThreadPoolExecutor(parallel) as pool:
        walks = [
            pool.submit(_reason, Customer(base_url, sandbox_url, business((first + number) % COUNT), enough))
            for number in range(customers)
        ]
        for done, ended in enumerate(as_completed(walks), start=1):
            reasons += [reason] if (reason := ended.result()) else []
            if progress:
                progress(done, customers, done - len(reasons))
    wait = 0.0 if reasons else _AFTERWARDS
    new = _settled(sandbox_url, before, customers, time.monotonic() + wait, enough)
    return Report(
        customers=customers,
        live=customers - len(reasons),
        doubles=ledger.doubles(new, customers),
        seconds=time.monotonic() - began,
        ledgers=ledger.counts(new),
        reasons=reasons,
    )


def _settled(
    sandbox_url: str, before: ledger.Ledgers, customers: int, ends_at: float, enough: threading.Event
) -> ledger.Ledgers:
    """What is new in the ledgers, once what follows the last page is there too (a mail, an entry at the books)."""
    while time.monotonic() < ends_at and not enough.is_set():
        with suppress(httpx2.HTTPError):
            new = ledger.since(before, ledger.read_ledgers(sandbox_url))
            if ledger.once_each(ledger.counts(new), customers):
                return new
        enough.wait(_GLANCE)
    return ledger.since(before, ledger.read_ledgers(sandbox_url))


def _reason(customer: Customer) -> str | None:
    """Why this customer has no site; None: there is one."""
    try:
        with customer.browser:
            customer.walk()
    except (Lost, httpx2.HTTPError) as error:
        return f"{customer.business.name}: {error or type(error).__name__}"
    return None


class Customer:
    """One person with a business, from the sign-up page to the site at their own domain.

    `walk()` does it all; or step by step, from `begin()` on.
    """

    def __init__(self, base_url: str, sandbox_url: str, business: Business, enough: threading.Event) -> None:
        self.business = business
        self.browser = Browser(base_url)
        self._sandbox_url = sandbox_url
        self.outside = Outside(sandbox_url)
        self.email = f"demo-{secrets.token_hex(6)}@example.com"
        self.domain = f"{domain_of(business)}-{secrets.token_hex(3)}.example"
        self._enough = enough
        self._ends_at = 0.0
        self._approved: list[str] = []

    def walk(self) -> str:
        """All steps; answers the site's address. Lost: one of them does not lead to the next."""
        self.begin()
        self.sign_up()
        self.answer_questions()
        self.approve()
        self.choose_plan()
        self.confirm()
        address = self._open_site(self._pay_until_live())
        self._open_site(self.connect())
        while not self._read(lambda: self.outside.has_letter(self.email, CONNECTED)):
            self._pause(f"waits for the mail that says that {self.domain} leads to the site")
        return address

    def begin(self) -> None:
        """From now on there are `PATIENCE` seconds for everything."""
        self._ends_at = time.monotonic() + PATIENCE

    def sign_up(self) -> None:
        """A new account, with a mail address that nobody has."""
        visit = self.browser.open("/signup")
        answers = {
            "email": self.email,
            "password": f"{secrets.token_urlsafe(12)}-Aa1",
        }
        self._forward(visit, self.browser.submit(visit, visit.needs("email", "password"), answers))

    def answer_questions(self) -> None:
        """All pages of the questionnaire."""
        for number in range(1, _QUESTIONS + 1):
            visit = self.browser.open(f"/onboarding/questions/{number}")
            form = next((form for form in visit.forms if form.names & set(self.business.answers)), None)
            if form is None:
                raise visit.lost("asks nothing that we know")
            self._forward(visit, self.browser.submit(visit, form, self.business.answers))

    def approve(self) -> None:
        """Wait for the preview, read it, and approve it."""
        visit = self._wait_for("/onboarding/preview", lambda page: page.form(button=_APPROVE) is not None)
        if not visit.frames:
            raise visit.lost("shows no website")
        shown = look(urljoin(visit.url, visit.frames[0]))
        self._approved = [heading for heading in shown.headings if heading]
        if self.business.name not in shown.text:
            raise shown.lost(f"does not name {self.business.name}")
        self._forward(visit, self.browser.submit(visit, visit.needs(button=_APPROVE), {}, _APPROVE))

    def choose_plan(self) -> None:
        """The first plan, for an address in the United States."""
        visit = self.browser.open("/onboarding/plan")
        form = visit.needs("plan", "country", "postal_code")
        self._forward(visit, self.browser.submit(visit, form, {"country": "US", "postal_code": "97205"}))

    def confirm(self) -> None:
        """Wait for the mail that asks whose the address is, open its link, and press the button there."""
        while (link := self._read(lambda: self.outside.confirming_link(self.email))) is None:
            self._pause(f"waits for a mail to {self.email}")
        visit = self._again(lambda: self.browser.open(link))
        self._forward(visit, self.browser.submit(visit, visit.needs(button=_CONFIRM), {}, _CONFIRM))

    def connect(self) -> str:
        """Enter a domain, name its servers at the registrar, and wait until it leads to the site: its address."""
        visit = self._again(lambda: self.browser.open("/domain"))
        self.browser.submit(visit, visit.needs("domain"), {"domain": self.domain})
        servers = self._domain_at("waiting", "live")["name_servers"]
        self._read(lambda: self.outside.delegate(self.domain, servers))
        return str(self._domain_at("live")["url"])

    def _domain_at(self, *states: str) -> dict[str, Any]:
        """The account's domain, as soon as it stands at one of these."""
        while True:
            domain: dict[str, Any] = self._again(lambda: self.browser.json("/onboarding/state"))["domain"] or {}
            if domain.get("state") in states:
                return domain
            if domain.get("state") in ("taken", "refused"):
                raise Lost(f"the domain {self.domain} ended as {domain['state']}")
            self._pause(f"has its domain {self.domain} at “{domain.get('state')}”")

    def _read(self, ask: Callable[[], T]) -> T:
        """What lies outside the portal, asked until it answers."""
        while True:
            try:
                return ask()
            except httpx2.HTTPError as error:
                self._pause(f"waits for what lies outside: {error}")

    def _pay_until_live(self) -> str:
        """Pay, and wait; a declined card is followed by one more. Answers the site's address."""
        for _ in range(_CARDS):
            self.pay()
            step, said, address = self._outcome()
            if step == "live":
                return address
            if step in _OVER:
                raise Lost(f"the order ended as {step}: {said}")
        raise Lost(f"two cards were declined: {said}")

    def pay(self, card: Mapping[str, str] | None = None) -> None:
        """Submit the payment; `card` tells the sandbox what to make the token of, by default a good one."""
        visit = self._wait_for("/onboarding/payment", lambda page: page.form("token") is not None)
        form = visit.needs("token")
        plugin = form.attributes.get("data-provider")
        if not plugin:
            raise visit.lost("does not say whose payment field it has")
        self.browser.submit(visit, form, {"token": self._token(plugin, card or {})})

    def _token(self, plugin: str, card: Mapping[str, str]) -> str:
        """What the payment provider's field would put into the form."""
        address = f"{self._sandbox_url}/{plugin}/_test/token"
        while True:
            try:
                answer = httpx2.post(address, json=dict(card), verify=trusted(), trust_env=False, timeout=10)
                return str(answer.raise_for_status().json()["token"])
            except httpx2.HTTPError as error:
                self._pause(f"gets no token from {address}: {error}")

    def _outcome(self) -> tuple[str, str, str]:
        """Wait for the end of the payment and the building: the step, its message, the site's address."""
        while True:
            state = self._again(lambda: self.browser.json("/onboarding/state"))
            step, said = str(state.get("step")), str(state.get("message") or "")
            if step in _OVER or step == "declined" or (step == "live" and state.get("site_url")):
                return step, said, str(state.get("site_url") or "")
            self._pause(f"is still at “{step}”: {said}")

    def _open_site(self, address: str) -> str:
        """The site must show what was approved, at its own address."""
        site = look(address)
        missing = [words for words in (self.business.name, *self._approved) if words not in site.text]
        if missing:
            raise site.lost(f"({address}) does not show “{missing[0]}”")
        return address

    def _wait_for(self, path: str, there: Callable[[Visit], bool]) -> Visit:
        """Open a page again and again, as it does itself, until it shows what it is for."""
        while True:
            visit = self._again(lambda: self.browser.open(path))
            if there(visit):
                return visit
            self._pause(f"still waits at {visit.path}: {visit.text[:200]}")

    def _again(self, ask: Callable[[], T]) -> T:
        """Ask until the portal answers: it may be starting again."""
        while True:
            try:
                return ask()
            except Away as error:
                self._pause(f"waits for the portal: {error}")

    def _pause(self, where: str) -> None:
        if time.monotonic() > self._ends_at:
            raise Lost(f"after {PATIENCE:g} seconds the order {where}")
        if self._enough.wait(_GLANCE):
            raise Lost("stopped")

    def _forward(self, before: Visit, after: Visit) -> None:
        """A form that comes back has something to say."""
        if after.path == before.path:
            raise after.lost("does not accept what was filled in")
