"""Every mail as its reader sees it: worded from the rows, plain, in one piece, and nobody's markup but ours."""

from __future__ import annotations

import re
import types
import uuid
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import cast

import pytest

from arumaldo.bus.work import Work
from arumaldo.config.model import Brand
from arumaldo.flows.confirming import ask_to_confirm
from arumaldo.flows.letters import LETTERS, Letter, as_html, as_text
from arumaldo.flows.mails import post
from arumaldo.store.business import Brief
from arumaldo.store.domains import Domain
from arumaldo.store.mails import MailRow
from arumaldo.store.orders import Order, Payment, Site, SubscriptionRow
from arumaldo.store.people import Confirmation, User

from .conftest import Bus
from .shop import Shop

SCRIPT = "<script>alert('x')</script>\"&"
PLAIN = "Sunrise Bakery"
URL = "https://hub.acme.example"
VOID = {"meta", "br", "hr", "img", "link"}
OUTSIDE = {"src", "srcset", "background", "data", "poster", "action"}


class Shown(HTMLParser):
    """A mail as its reader's program takes it apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def links(self) -> list[str]:
        return [given["href"] for tag, given in self.tags if tag == "a"]


class Desk:
    """A customer of whom everything can be told that there are mails about."""

    def __init__(self, bus: Bus) -> None:
        self.shop = Shop(bus)
        self.about: dict[str, uuid.UUID] = {}
        self.brand = Brand(name="Acme", support_email="help@acme.example", accent="#8a3ffc")

    def of(self, business: str = PLAIN, domain: str = "sunrise.example") -> Desk:
        """Write down everything that mails tell of."""
        order_id = self.shop.order_id
        with self.shop.store.of(self.shop.bus.owner) as rows:
            order = rows.get_one(Order, order_id)
            order.net, order.tax, order.total, order.tax_label = 1900, 190, 2090, business
            order.plan = {**order.plan, "title": business}
            rows.get_one(Brief, order.brief_id).answers = {"business_name": business}
            rows.add(
                Payment(
                    order_id=order_id, generation=1, email="anna@example.com", amount=2090, currency="USD",
                    state="paid", charge_id="c-1", card="Visa 1111",
                )
            )  # fmt: skip
            rows.add(
                SubscriptionRow(
                    order_id=order_id, kept_id="u-1", invoice_id="i-1", invoice_number="INV-7", state="paid",
                    renews_at=datetime(2027, 1, 5, tzinfo=UTC),
                )
            )  # fmt: skip
            site = rows.add(Site(order_id=order_id, hosted_id="s-1", url="http://sunrise.localhost", state="live"))
            rows.session.flush()
            entered = rows.add(
                Domain(
                    site_id=site.id, name=domain, url=f"https://{domain}", name_servers=["ns1.example", "ns2.example"]
                )
            )
            ask_to_confirm(rows, self.shop.store.keys, rows.session.query(User).one())
            asked = rows.all(Confirmation)[0]
            rows.session.flush()
            for kind in ("receipt", "handover", "money-back"):
                self.about[kind] = order_id
            for kind in ("name-servers", "connected"):
                self.about[kind] = entered.id
            self.about["confirm"] = asked.id
        return self

    def letter(self, kind: str) -> Letter:
        work = types.SimpleNamespace(
            portal=types.SimpleNamespace(url=URL, brand=self.brand), open=self.shop.store.keys.open
        )
        with self.shop.store.of(self.shop.bus.owner) as rows:
            return LETTERS[kind](rows, self.about[kind], cast(Work, work))

    def html(self, kind: str) -> Shown:
        return Shown(as_html(self.letter(kind), self.brand))

    def text(self, kind: str) -> str:
        return as_text(self.letter(kind), self.brand)


@pytest.fixture
def desk(bus: Bus) -> Desk:
    return Desk(bus)


def test_every_kind_that_there_is_is_tried_here(desk: Desk) -> None:
    assert set(desk.of().about) == set(LETTERS)


@pytest.mark.parametrize("kind", list(LETTERS))
def test_every_mail_has_its_words_a_sender_and_one_way_on(desk: Desk, kind: str) -> None:
    desk.of()
    letter, shown, text = desk.letter(kind), desk.html(kind), desk.text(kind)
    assert letter.subject
    assert letter.lines
    assert letter.button is not None
    assert shown.links == [letter.button[1]]
    assert re.fullmatch(r"https?://\S+", letter.button[1])
    for part in (*letter.lines, *letter.after, *(word for fact in letter.facts for word in fact)):
        assert part in shown.words
        assert part in text
    assert letter.button[1] in text, "whoever reads text alone gets there, too"
    for written in (shown.words, text):
        assert "help@acme.example" in written
        assert "None" not in written


@pytest.mark.parametrize("kind", list(LETTERS))
def test_no_mail_loads_anything_from_anywhere_or_runs_anything(desk: Desk, kind: str) -> None:
    shown = desk.of().html(kind)
    for tag, given in shown.tags:
        assert tag not in {"script", "img", "link", "style", "iframe", "object", "form", "base", "svg", "video"}
        assert not OUTSIDE & set(given), (tag, given)
        assert not [name for name in given if name.startswith("on")]
        assert "url(" not in given.get("style", "")
    assert shown.open == [], "every element is closed"


@pytest.mark.parametrize("kind", list(LETTERS))
def test_what_a_customer_has_typed_is_text_in_every_mail(desk: Desk, kind: str) -> None:
    shown = desk.of(business=SCRIPT).html(kind)
    assert "script" not in {tag for tag, _ in shown.tags}
    if kind == "receipt":
        assert SCRIPT in shown.words
        assert SCRIPT in desk.text(kind)


def test_neither_what_we_are_told_from_outside_nor_the_resellers_name_is_markup() -> None:
    letter = Letter(SCRIPT, [SCRIPT], (SCRIPT, f'https://x.example/"{SCRIPT}'), [(SCRIPT, SCRIPT)], [SCRIPT])
    shown = Shown(as_html(letter, Brand(name=SCRIPT, support_email="help@acme.example")))
    assert {tag for tag, _ in shown.tags} <= {
        "html", "head", "meta", "title", "body", "div", "p", "table", "tr", "td", "a"
    }  # fmt: skip
    assert shown.words.count(SCRIPT) == 8
    assert shown.links == [f'https://x.example/"{SCRIPT}']


def test_the_link_of_a_confirmation_leads_to_the_resellers_own_portal_and_stands_nowhere_unsealed(desk: Desk) -> None:
    [link] = desk.of().html("confirm").links
    assert link.startswith(f"{URL}/confirm/")
    token = link.rpartition("/")[2]
    assert len(token) >= 32
    kept = desk.shop.bus.one("SELECT row_to_json(c)::text AS row FROM confirmations c").row
    assert token not in kept
    assert token.encode().hex() not in kept


def test_a_receipt_adds_up_and_names_invoice_card_and_the_next_payment(desk: Desk) -> None:
    facts = dict(desk.of().letter("receipt").facts)
    assert facts == {
        "Invoice": "INV-7", "Plan": PLAIN, "Price": "$19.00", PLAIN: "$1.90", "Paid": "$20.90 with Visa 1111",
        "Next payment": "January 5, 2027",
    }  # fmt: skip


def test_who_gets_the_money_back_is_not_told_to_order_again_which_the_pages_would_refuse(desk: Desk) -> None:
    text = desk.of().text("money-back")
    assert "order again" not in text
    assert "answer this mail" in text


def test_a_domain_in_another_script_is_written_as_its_owner_writes_it(desk: Desk) -> None:
    desk.of(domain="xn--strae-oqa.example")
    assert "straße.example" in desk.letter("name-servers").subject
    assert "straße.example" in desk.letter("connected").subject


def test_one_thing_is_told_once_however_often_it_is_written_down(desk: Desk) -> None:
    with desk.shop.store.of(desk.shop.bus.owner) as rows:
        for _ in range(2):
            post(rows, "receipt", desk.shop.order_id)
        assert len(rows.all(MailRow)) == 1
    assert desk.shop.bus.one("SELECT count(*) AS n FROM messages WHERE type = 'MailDue'").n == 1
