"""Customers who do not give up: each goes on from wherever the portal says that they stand."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx2

from arumaldo.demo.browser import Away, Lost, look
from arumaldo.demo.businesses import COUNT, business, domain_of
from arumaldo.demo.walker import Customer
from arumaldo_prove.pages import MeasuredBrowser, Meter

_GLANCE, _PATIENT = 0.8, 1.5
"""Seconds between two looks at a page that says "wait": growing, as long as it says the same."""
_LONGEST_GLANCE = 6.0
"""How far they grow: people who wait are not to be what the machine works on."""
_APPROVE, _AGAIN, _CONFIRM = "Approve this website", "Try again", "Confirm my address"
_UNAUTHORIZED = 401
_ROOM = 24
"""So many are on their way at a time, at most: who comes later waits outside until somebody has come to an end."""
_BACK_PACE, _BACK_WITHIN = 0.5, 45.0
"""Seconds between two who come back at the end, less where they are so many that it would take longer altogether: each
of them logs in anew, and the check of a password is dear on purpose."""


class Person(Customer):
    """One customer. `walk` ends when the site is open, the money is back, or `enough` is set."""

    def __init__(self, base_url: str, sandbox_url: str, number: int, enough: threading.Event, meter: Meter) -> None:
        super().__init__(base_url, sandbox_url, business(number % COUNT), enough)
        self.browser.close()
        self._meter = meter
        self._address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.browser = self._new_browser(base_url)
        self.orders: set[str] = set()
        """Every order that the pages named."""
        self.accounts = 0
        """How often this customer may have signed up: again, when the account was lost with the book."""
        self._was_cut_off = False
        self.domains: set[str] = set()
        """Every domain that was entered."""
        self.entered = 0
        """How often one was: the same one again, when the book that had it was lost."""
        self.ended: str | None = None
        """`live` or `returned`; None: not final."""
        self.has_come = False
        self.said = "has not begun"
        """Where it stands, for the report."""
        self.email = f"prove-{number}-{secrets.token_hex(4)}@example.com"
        self._password = f"{secrets.token_urlsafe(12)}-Aa1"
        self._postal_code = f"97205-{number % 10_000:04d}"
        self._is_known = False
        self._domain_now: dict[str, Any] = {}
        self._pause_now, self._waits_for = _GLANCE, ""

    def walk(self) -> str:
        """Answers how it ended; "" when it did not."""
        steps = {
            "questions": self.answer_questions, "preview": self.approve, "plan": self.choose_plan,
            "confirm": self.confirm, "payment": self.pay, "declined": self.pay, "live": self._look_at_the_site,
            "returned": self._end,
        }  # fmt: skip
        while not self._enough.is_set() and self.ended is None:
            try:
                step = self._stand()
                steps.get(step, self._wait)()
            except (Lost, httpx2.HTTPError) as error:
                self.said = str(error) or type(error).__name__
                self._wait()
        return self.ended or ""

    def _new_browser(self, base_url: str) -> MeasuredBrowser:
        return MeasuredBrowser(base_url, self._meter, self._address)

    def begin_again(self) -> None:
        """With another browser, from wherever the portal says that this customer stands."""
        self.ended = None
        self.browser = self._new_browser(self.browser.base_url)

    def _stand(self) -> str:
        """The step this customer stands at, by the portal's own word."""
        if not self._is_known:
            self.sign_up()
        address = urljoin(self.browser.base_url, "/onboarding/state")
        answer = self.browser.ask("GET", address, headers={"accept": "application/json"})
        if answer.status_code == _UNAUTHORIZED:
            self._log_in()
            return "elsewhere"
        if not answer.is_success:
            raise Away(f"/onboarding/state answered {answer.status_code}")
        state = answer.json()
        if state["order_id"]:
            self.orders.add(str(state["order_id"]))
        self._site_url, step = str(state["site_url"] or ""), str(state["step"])
        self._domain_now = state["domain"] or {}
        self.said = f"is at “{step}”: {state['message'] or ''}"
        return step

    def sign_up(self) -> None:
        """A new account; when a repeat of the form finds that it is there already, log in."""
        visit = self.browser.open("/signup")
        form = visit.form("email", "password")
        if form is not None:
            try:
                self.browser.submit(visit, form, {"email": self.email, "password": self._password})
                self.accounts += self._was_cut_off  # this is a new one, so the other is lost, if it ever was there
                self._was_cut_off = False
            except Away:
                self._was_cut_off = True
                raise
            except Lost:
                self._log_in()
            self.accounts += 1
        self._is_known = True

    def _log_in(self) -> None:
        visit = self.browser.open("/login")
        form = visit.form("email", "password")
        if form is None:
            return
        try:
            self.browser.submit(visit, form, {"email": self.email, "password": self._password})
        except Away:
            raise
        except Lost:  # nobody knows this account any more
            self._is_known = False
            raise

    def approve(self) -> None:
        """Read the preview and approve it; while there is none, wait, and ask again when it could not be written."""
        visit = self.browser.open("/onboarding/preview")
        if visit.form(button=_APPROVE) and visit.frames:
            shown = look(urljoin(visit.url, visit.frames[0]))
            self._approved = [heading for heading in shown.headings if heading]
            self.browser.submit(visit, visit.needs(button=_APPROVE), {}, _APPROVE)
        elif form := visit.form(button=_AGAIN):
            self.browser.submit(visit, form, {}, _AGAIN)
        else:
            self._wait()

    def choose_plan(self) -> None:
        """The first plan, for an address in the United States."""
        visit = self.browser.open("/onboarding/plan")
        if form := visit.form("plan", "country", "postal_code"):
            self.browser.submit(visit, form, {"country": "US", "postal_code": self._postal_code})

    def pay(self, card: object = None) -> None:
        """Pay with a good card, as often as the page offers it."""
        visit = self.browser.open("/onboarding/payment")
        form = visit.form("token")
        if form is None:
            self._wait()
            return
        token = self._token(form.attributes["data-provider"], {})
        self.browser.submit(visit, form, {"token": token})

    def confirm(self) -> None:
        """Follow the link in the mail, as soon as it is there."""
        link = self.outside.confirming_link(self.email)
        if link is None:
            self._wait()
            return
        visit = self.browser.open(link)
        self.browser.submit(visit, visit.needs(button=_CONFIRM), {}, _CONFIRM)

    def _look_at_the_site(self) -> None:
        """The site at the host's own address, then the way to one's own domain; the end is the site there."""
        self._open_site(self._site_url)
        match self._domain_now.get("state"):
            case None:
                self._enter_domain()
            case "waiting":
                self.outside.delegate(self._domain_now["name"], self._domain_now["name_servers"])
                self._wait()
            case "live":
                self._open_site(str(self._domain_now["url"]))
                self.ended = "live"
            case "taken" | "refused":
                self._give_the_domain_up()
            case state:
                self.said = f"has its domain at “{state}”"
                self._wait()

    def _enter_domain(self) -> None:
        visit = self.browser.open("/domain")
        if form := visit.form("domain"):
            self.domains.add(self.domain)
            self.entered += 1
            self.browser.submit(visit, form, {"domain": self.domain})

    def _give_the_domain_up(self) -> None:
        """For another one: after a restoration the first one may belong to what the book has forgotten."""
        self.domain = f"{domain_of(self.business)}-{secrets.token_hex(4)}.example"
        visit = self.browser.open("/domain")
        if form := visit.form("name"):
            self.browser.submit(visit, form, {"name": str(self._domain_now["name"])})

    def _end(self) -> None:
        self.ended = "returned"

    def _wait(self) -> None:
        is_new = self.said != self._waits_for
        self._pause_now = _GLANCE if is_new else min(_LONGEST_GLANCE, self._pause_now * _PATIENT)
        self._waits_for = self.said
        self._enough.wait(self._pause_now)

    def _pause(self, where: str) -> None:
        self.said = where
        if self._enough.wait(_GLANCE):
            raise Lost("stopped")


class Crowd:
    """So many people, who arrive one after the other: over `seconds`, or as fast as the others come to an end."""

    def __init__(self, base_url: str, sandbox_url: str, count: int, first: int, seconds: float) -> None:
        self.meter = Meter()
        self.enough = threading.Event()
        self.people = [Person(base_url, sandbox_url, first + n, self.enough, self.meter) for n in range(count)]
        self._pace = seconds / max(1, count)
        self._room = threading.Semaphore(_ROOM)
        self._threads = [
            threading.Thread(target=self._arrive, args=(person, number * self._pace), daemon=True)
            for number, person in enumerate(self.people)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _arrive(self, person: Person, after: float) -> None:
        if self.enough.wait(after):
            return
        with self._room:
            person.has_come = True
            self._walk(person, 0.0)

    def _walk(self, person: Person, after: float) -> None:
        with person.browser:
            if not self.enough.wait(after):
                person.walk()

    @property
    def ended(self) -> int:
        return sum(person.ended is not None for person in self.people)

    def wait(self, seconds: float, told: Callable[[], None] = lambda: None) -> bool:
        """Whether all came to an end within so many seconds."""
        ends_at = time.monotonic() + seconds
        while any(thread.is_alive() for thread in self._threads):
            if time.monotonic() > ends_at:
                return False
            told()
            time.sleep(0.1)
        return True

    @property
    def have_all_come(self) -> bool:
        return all(person.has_come for person in self.people)

    def come_back(self) -> None:
        """Let everybody whose walk has ended look once more at what they have; who was forgotten begins anew."""
        pace = min(_BACK_PACE, _BACK_WITHIN / len(self.people))
        for place, person in enumerate(self.people):
            if not self._threads[place].is_alive():
                person.begin_again()
                self._threads[place] = threading.Thread(target=self._walk, args=(person, place * pace), daemon=True)
                self._threads[place].start()

    def send_home(self) -> None:
        """End all walks."""
        self.enough.set()
        for thread in self._threads:
            thread.join(timeout=40)
