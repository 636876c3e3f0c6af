"""What stands in each mail, in plain words, and how a mail is laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from uuid import UUID

import idna

from arumaldo.bus.work import Work
from arumaldo.config.model import Brand
from arumaldo.money import Money
from arumaldo.store.business import Brief
from arumaldo.store.domains import Domain
from arumaldo.store.orders import Order, Payment, Site, SubscriptionRow
from arumaldo.store.people import Confirmation
from arumaldo.store.scope import Rows


@dataclass(frozen=True)
class Letter:
    """One mail before it is laid out. `facts` are shown as a list of label and value."""

    subject: str
    lines: Sequence[str]
    button: tuple[str, str] | None = None
    """What it says, and where it leads."""
    facts: Sequence[tuple[str, str]] = field(default=())
    after: Sequence[str] = field(default=())


def _confirm(rows: Rows, about: UUID, work: Work) -> Letter:
    asked = rows.get_one(Confirmation, about)
    return Letter(
        "Confirm your e-mail address",
        ["Somebody, probably you, signed up with this address. Please show us that it is yours."],
        ("Confirm my address", f"{work.portal.url}/confirm/{work.open(asked.token)}"),
        after=["The link works for three days. If you did not sign up, leave this mail alone: nothing will happen."],
    )


def _receipt(rows: Rows, about: UUID, work: Work) -> Letter:
    order, kept = rows.get_one(Order, about), _subscription(rows, about)
    payment = rows.first(Payment, Payment.order_id == about, Payment.state != "declined")
    facts = [
        ("Invoice", kept.invoice_number),
        ("Plan", str(order.plan["title"])),
        ("Price", _money(order.net, order)),
        (order.tax_label or "Tax", _money(order.tax, order)),
        ("Paid", f"{order.price}{f' with {payment.card}' if payment and payment.card else ''}"),
    ]
    if kept.renews_at is not None:
        facts.append(("Next payment", f"{kept.renews_at:%B} {kept.renews_at.day}, {kept.renews_at.year}"))
    return Letter(
        f"Your receipt: {order.price}",
        [f"Thank you. We have received your payment for {_business(rows, order)}, and are building your website now."],
        ("Watch it being built", f"{work.portal.url}/onboarding/progress"),
        facts=facts,
    )


def _handover(rows: Rows, about: UUID, work: Work) -> Letter:
    order = rows.get_one(Order, about)
    site = rows.first(Site, Site.order_id == about)
    address = site.url if site else ""
    return Letter(
        f"Your website is open: {_business(rows, order)}",
        ["Your website is built, and everybody can see it."],
        ("Open my website", address),
        facts=[("Address", address), ("To change it", f"{address}/wp-admin/")],
        after=[
            "To change texts and pictures yourself, open the second address and choose “Lost your password?” there: "
            "this e-mail address is your name, and you choose a password of your own.",
            f"Do you have a domain of your own? Connect it here: {work.portal.url}/domain",
        ],
    )


def _money_back(rows: Rows, about: UUID, work: Work) -> Letter:
    order = rows.get_one(Order, about)
    return Letter(
        f"We have returned your money: {order.price}",
        [
            "We are sorry: your website could not be built.",
            f"The whole amount, {order.price}, is on its way back to your card. Banks take up to ten days to show it.",
            "Your texts are kept. If you would still like a website, answer this mail: we look at it together.",
        ],
        ("See my order", f"{work.portal.url}/dashboard"),
    )


def _name_servers(rows: Rows, about: UUID, work: Work) -> Letter:
    domain = rows.get_one(Domain, about)
    return Letter(
        f"One step left for {readable(domain.name)}",
        [
            f"To connect {readable(domain.name)} to your website, log in where you bought the domain, and enter "
            "these two name servers in place of those that stand there:",
        ],
        ("See how far it is", f"{work.portal.url}/domain"),
        facts=[(f"Name server {number}", server) for number, server in enumerate(domain.name_servers, start=1)],
        after=[
            "We look every few minutes, and go on by ourselves. It usually takes less than an hour, at times a day.",
            "If you receive mail under this domain, ask your mail provider first which records it needs.",
        ],
    )


def _connected(rows: Rows, about: UUID, work: Work) -> Letter:
    domain = rows.get_one(Domain, about)
    return Letter(
        f"{readable(domain.name)} leads to your website",
        ["Your website is open at your own domain now. The old address leads there, too."],
        ("Open my website", domain.url or ""),
        facts=[("Address", domain.url or "")],
    )


LETTERS: Mapping[str, Callable[[Rows, UUID, Work], Letter]] = MappingProxyType(
    {
        "confirm": _confirm,
        "receipt": _receipt,
        "handover": _handover,
        "money-back": _money_back,
        "name-servers": _name_servers,
        "connected": _connected,
    }
)
"""Kind of mail → its words, from the rows as they stand when it is sent."""


def readable(name: str) -> str:
    """A domain as people write it."""
    try:
        return idna.decode(name)
    except UnicodeError:
        return name


def as_text(letter: Letter, brand: Brand) -> str:
    """For readers without HTML, and for those who like it better."""
    facts = [f"{label}: {value}" for label, value in letter.facts]
    parts = [*letter.lines, "\n".join(facts), ": ".join(letter.button or ()), *letter.after, _closing(brand)]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(letter: Letter, brand: Brand) -> str:
    """One column, nothing loaded from anywhere."""
    rows = "".join(
        f'<tr><td style="padding:4px 16px 4px 0;color:#57606a">{escape(label)}</td>'
        f'<td style="padding:4px 0">{escape(value)}</td></tr>'
        for label, value in letter.facts
    )
    body = "".join(map(_paragraph, letter.lines))
    body += (
        f'<table role="presentation" style="border-collapse:collapse;margin:0 0 24px">{rows}</table>' if rows else ""
    )
    if letter.button:
        says, leads = letter.button
        body += (
            f'<p style="margin:0 0 24px"><a href="{escape(leads)}" style="display:inline-block;padding:12px 20px;'
            f'border-radius:6px;background:{escape(brand.accent)};color:#ffffff;text-decoration:none">{escape(says)}</a></p>'
        )
    body += "".join(map(_paragraph, (*letter.after, _closing(brand))))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(letter.subject)}</title></head>'
        '<body style="margin:0;padding:24px;background:#ffffff;color:#1f2328;font:16px/1.5 system-ui,sans-serif">'
        '<div style="max-width:560px;margin:0 auto">'
        f'<p style="margin:0 0 24px;font-weight:600">{escape(brand.name)}</p>{body}</div></body></html>'
    )


def _paragraph(words: str) -> str:
    return f'<p style="margin:0 0 16px">{escape(words)}</p>'


def _closing(brand: Brand) -> str:
    return f"{brand.name}. Questions? Answer this mail, or write to {brand.support_email}."


def _subscription(rows: Rows, order_id: UUID) -> SubscriptionRow:
    found = rows.first(SubscriptionRow, SubscriptionRow.order_id == order_id)
    if found is None:
        raise LookupError(f"order {order_id} has no subscription")
    return found


def _business(rows: Rows, order: Order) -> str:
    return str(rows.get_one(Brief, order.brief_id).answers.get("business_name", "your business"))


def _money(minor: int | None, order: Order) -> str:
    return str(Money(minor=minor or 0, currency=order.currency or order.price.currency))
