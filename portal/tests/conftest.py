"""A portal with a real database, and a plugin that is installed as any third party's is."""

from __future__ import annotations

import importlib
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import arumaldo.flows.onboarding  # noqa: F401 - registers the steps
from arumaldo.bus import deliveries
from arumaldo.bus.handlers import HANDLERS, LANES
from arumaldo.bus.run import Runner
from arumaldo.bus.worker import enrol
from arumaldo.capabilities.email import Mail
from arumaldo.flows.accounts import visitor
from arumaldo.installation import Installation
from arumaldo.store.scope import Owner
from arumaldo.store.tables import Order, Preview
from arumaldo.testing.fixtures import Database
from arumaldo_portal.app import create_app

BASE = "http://localhost:8080"
ANSWERS = {
    1: {"business_name": "Sunrise Bakery", "kind": "Family bakery"},
    2: {"offer": "Sourdough bread and croissants", "special": "Warm bread at seven"},
    3: {"address": "12 Mill Lane", "phone": "+1 503 555 0134", "hours": "7 to 6"},
    4: {"languages": "English", "tone": "warm"},
}
CONFIG = """
[hub]
base_url = "{base}"
database = "{database}"
redis = "redis://127.0.0.1:1"
secret = "env:THE_SECRET"
sandbox = {sandbox}

[brand]
name = "Corner Street Hosting"
support_email = "help@corner.example"
accent = "#8a3ffc"

[providers]
ai = "acme"
billing = "acme"
customers = "acme"
dns = "acme"
email = "acme"
hosting = "acme"
payments = "acme"

[plugins.acme]
pays_on = "{pays_on}"

[plans.starter]
title = "Starter"
price = "29.00"
points = ["Five pages", "Mail when something breaks"]

[plans.shop]
title = "Shop"
price = "59.00"
every = "year"
points = ["Everything in Starter"]

[resellers.other]
hostnames = ["other.localhost"]
[resellers.other.brand]
name = "The Other One"
support_email = "help@other.example"
accent = "#ffe14d"
"""


@pytest.fixture(scope="session", autouse=True)
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the plugin of these tests: its module, and the metadata that an installer would write."""
    site = tmp_path_factory.mktemp("site-packages")
    metadata = site / "arumaldo_acme-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: arumaldo-acme\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[arumaldo.plugins]\nacme = acme_of_the_tests:plugin\n")
    added = [str(site), str(Path(__file__).parent / "acme")]
    sys.path[:0] = added
    yield
    for folder in added:
        sys.path.remove(folder)


@dataclass
class Element:
    """One form of a page, as a browser sees it."""

    action: str
    method: str
    attributes: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """A page as these tests look at it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.forms: list[Element] = []
        self.frames: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._words: list[str] = []
        self._inside: list[str] = []
        self._select = ""
        self._text: list[str] | None = None
        self.feed(html)
        self.text = " ".join(" ".join(self._words).split())

    def form(self, action: str) -> Element:
        return next(form for form in self.forms if form.action == action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        name = given.get("name", "")
        if tag in ("script", "style", "title", "textarea", "button", "noscript"):
            self._inside.append(tag)
        if tag == "form":
            self.forms.append(Element(given.get("action", ""), given.get("method", "get"), given))
        elif tag == "iframe":
            self.frames.append(given["src"])
        elif tag == "input" and self.forms and name:
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self.forms[-1].values[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.forms[-1].values[self._select] = given["value"]
        elif tag == "textarea":
            self._text = []
            self.forms[-1].values[name] = ""
            self._name = name

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        if tag == "textarea" and self._text is not None:
            self.forms[-1].values[self._name] = "".join(self._text).removeprefix("\n")
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)
        if "button" in self._inside and self.forms:
            self.forms[-1].buttons.append(data.strip())
        if not set(self._inside) & {"script", "style", "title"}:
            self._words.append(data)


def mails_to(email: str, kind: str) -> list[Mail]:
    """What has come to an address, oldest first."""
    sent: dict[str, Mail] = importlib.import_module("acme_office_of_the_tests").Post.sent
    return [mail for mail in sent.values() if mail.to == email and mail.kind == kind]


def link_in_the_mail_to(email: str) -> str:
    """The path of the link in the newest mail that asks whose the address is."""
    found = re.search(r"/confirm/\S+", mails_to(email, "confirm")[-1].text)
    assert found is not None
    return found[0]


class Customer:
    """Somebody with a browser: keeps cookies, follows redirects, fills in forms by their fields."""

    def __init__(self, web: TestClient, work: Callable[[], None], inst: Installation) -> None:
        self.web = web
        self.work = work
        self.inst = inst
        self.status = 0
        self.path = ""

    def open(self, path: str, **options: object) -> Page:
        answer = self.web.get(path, **options)  # type: ignore[arg-type]
        self.status, self.path, self.headers = answer.status_code, answer.url.path, answer.headers
        return Page(answer.text)

    def send(self, page: Page, action: str, answers: dict[str, str] | None = None) -> Page:
        values = page.form(action).values | (answers or {})
        return self.post(action, values)

    def post(self, action: str, values: dict[str, str], **headers: str) -> Page:
        sent = {"origin": BASE, "content-type": "application/x-www-form-urlencoded"} | headers
        answer = self.web.post(action, content=urlencode(values), headers=sent)
        self.status, self.path, self.headers = answer.status_code, answer.url.path, answer.headers
        return Page(answer.text)

    def sign_up(self) -> Page:
        self.email = f"anna-{secrets.token_hex(4)}@example.com"
        self.password = "three random words"
        return self.send(self.open("/signup"), "/signup", {"email": self.email, "password": self.password})

    def answer_questions(self, answers: dict[int, dict[str, str]] = ANSWERS) -> Page:
        for number, typed in answers.items():
            action = f"/onboarding/questions/{number}"
            page = self.send(self.open(action), action, typed)
        return page

    def see_preview(self, answers: dict[int, dict[str, str]] = ANSWERS) -> Page:
        self.sign_up()
        self.answer_questions(answers)
        self.work()
        return self.open("/onboarding/preview")

    def approve(self, answers: dict[int, dict[str, str]] = ANSWERS) -> Page:
        return self.send(self.see_preview(answers), "/onboarding/preview/approve")

    def choose_plan(self, answers: dict[int, dict[str, str]] = ANSWERS, postal_code: str = "97201") -> Page:
        self.approve(answers)
        chosen = {"plan": "starter", "country": "US", "postal_code": postal_code}
        self.send(self.open("/onboarding/plan"), "/onboarding/plan", chosen)
        self.work()
        self.confirm()
        return self.open("/onboarding/payment")

    def mails(self, kind: str) -> list[Mail]:
        """What has come to this customer's letter box, oldest first."""
        return mails_to(self.email, kind)

    def link(self) -> str:
        """The path of the link in the newest mail that asks whose the address is."""
        return link_in_the_mail_to(self.email)

    def confirm(self) -> Page:
        """Follow the link in the mail, and press the button there."""
        link = self.link()
        page = self.send(self.open(link), link)
        self.work()
        return page

    def pay(self, card: str = "good", answers: dict[int, dict[str, str]] = ANSWERS) -> Page:
        self.send(self.choose_plan(answers), "/onboarding/payment", {"token": card})
        self.work()
        return self.open("/onboarding/progress")

    @property
    def owner(self) -> Owner:
        found = visitor(self.inst, self.web.cookies["session"])
        assert found is not None
        return found.owner

    def ids(self) -> set[UUID]:
        """Every id of this account that could stand in an address or a form."""
        with self.inst.store.of(self.owner) as rows:
            return {row.id for row in rows.all(Preview)} | {row.id for row in rows.all(Order)}


@dataclass
class House:
    """An installation with its portal, and somebody who does the work behind it."""

    inst: Installation
    app: Starlette
    web: TestClient
    work: Callable[[], None]

    def customer(self, host: str = "localhost:8080") -> Customer:
        web = TestClient(self.app, base_url=f"http://{host}", raise_server_exceptions=False)
        return Customer(web, self.work, self.inst)


@pytest.fixture
def open_house(database: Database, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Open an installation with these settings."""
    opened: list[Installation] = []

    def house(base: str = BASE, pays_on: str = "field", sandbox: bool = True) -> House:
        path = tmp_path / "hubconfig.toml"
        path.write_text(
            CONFIG.format(base=base, database=database.app_url, pays_on=pays_on, sandbox=str(sandbox).lower())
        )
        path.chmod(0o600)
        inst = Installation(path, {"THE_SECRET": "s" * 40}, threads=2)
        app = create_app(inst)
        web = TestClient(app, base_url=base, raise_server_exceptions=False)
        opened.append(inst)
        return House(inst, app, web, _worker(inst))

    yield house
    for inst in opened:
        inst.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@pytest.fixture
def anna(house: House) -> Customer:
    return house.customer()


@pytest.fixture
def bert(house: House) -> Customer:
    return house.customer()


def _worker(inst: Installation) -> Callable[[], None]:
    runner = Runner(inst.store, HANDLERS, inst, enrol(inst.store))

    def work() -> None:
        """Everything that can be done now, and what follows from it."""
        while found := deliveries.due(inst.store, LANES):
            for _, delivery in found:
                runner.run(delivery)

    return work
