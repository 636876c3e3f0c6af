"""From the questions to an approved preview: what the pages do. The steps behind them are in `onboarding`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select, text

from arumaldo.flows.facts import PreviewApproved, PreviewAsked, RewriteAsked
from arumaldo.flows.moves import move
from arumaldo.flows.questions import QUESTIONS, clean
from arumaldo.flows.typed import Invalid
from arumaldo.installation import Installation
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order, Payment
from arumaldo.store.people import Account
from arumaldo.store.scope import NoSuchRow, Rows
from arumaldo.website.models import Website

_WISH = 2000


def current_brief(rows: Rows) -> Brief | None:
    """The newest brief of this account, or None."""
    return rows.first(Brief, order_by=Brief.id.desc())


def start_brief(rows: Rows) -> Brief:
    """The brief to fill in; a second call answers the same one."""
    rows.session.scalars(select(Account.id).where(Account.id == rows.owner.account_id).with_for_update()).one()
    return current_brief(rows) or rows.add(Brief(answers={}))


def save_answers(rows: Rows, brief_id: UUID, page: int, answers: Mapping[str, str]) -> Brief:
    """Keep one page's answers. Invalid, with a sentence per field, when they cannot be used; then nothing changes."""
    brief = rows.get_one(Brief, brief_id, lock=True)
    brief.answers = {**brief.answers, **clean(page, answers)}
    if missing_page(brief) is None and page == len(QUESTIONS):
        brief.completed_at = func.hub_now()
    rows.session.flush()
    rows.session.refresh(brief)
    return brief


def missing_page(brief: Brief) -> int | None:
    """The first page (from 1) that lacks a required answer or was not seen yet; None when all is answered."""
    for number, page in enumerate(QUESTIONS, start=1):
        for question in page.questions:
            if question.name not in brief.answers or (question.required and not brief.answers[question.name]):
                return number
    return None


def ask_for_preview(rows: Rows, brief_id: UUID) -> Preview:
    """Have a website made from the answers; while one is being made, a second call answers that one."""
    brief = rows.get_one(Brief, brief_id, lock=True)
    if (page := missing_page(brief)) is not None:
        raise Invalid({QUESTIONS[page - 1].questions[0].name: "Some questions are not answered yet."})
    making = _being_made(rows, brief_id)
    if making is not None:
        return making
    preview = rows.add(_next(rows, brief_id))
    rows.publish(PreviewAsked(preview_id=preview.id))
    return preview


def rewrite_section(rows: Rows, preview_id: UUID, page: str, section: str, wish: str) -> Preview:
    """Have one section written anew as the next version; while one is being made, answers that one."""
    old = rows.get_one(Preview, preview_id)
    rows.get_one(Brief, old.brief_id, lock=True)
    if len(wish) > _WISH:
        raise Invalid({"wish": f"This is {len(wish):,} characters long; {_WISH:,} fit. Shorten it a little."})
    try:
        Website.model_validate(old.content).section(page, section)
    except (KeyError, ValueError):
        raise NoSuchRow(f"preview {preview_id} has no section {page}/{section}") from None
    making = _being_made(rows, old.brief_id)
    if making is not None:
        return making
    preview = _next(rows, old.brief_id)
    preview.made_from, preview.wish = old.id, {"page": page, "section": section, "wish": wish.strip()}
    rows.add(preview)
    rows.publish(RewriteAsked(preview_id=preview.id))
    return preview


def previews(rows: Rows, brief_id: UUID) -> Sequence[Preview]:
    """All versions, newest first."""
    return rows.all(Preview, Preview.brief_id == brief_id, order_by=Preview.number.desc())


def approve(rows: Rows, preview_id: UUID) -> None:
    """Approve this version; any ready one may be approved, also another one later, until an order is placed for it."""
    preview = rows.get_one(Preview, preview_id)
    if preview.state != "ready":
        raise Invalid({"preview": "This version is not ready. Choose another one."})
    brief = rows.get_one(Brief, preview.brief_id, lock=True)
    if brief.approved_id == preview.id:
        return
    _replace_order(rows, brief)
    brief.approved_id = preview.id
    rows.publish(PreviewApproved(preview_id=preview.id))


def preview_by_key(inst: Installation, show_key: str) -> Website | None:
    """The website behind the unguessable part of a preview's address; None when there is none."""
    with inst.store.hub() as session:
        content = session.execute(
            text("SELECT content FROM previews WHERE show_key = :key AND state = 'ready'"), {"key": show_key}
        ).scalar_one_or_none()
    return None if content is None else Website.model_validate(content)


def _replace_order(rows: Rows, brief: Brief) -> None:
    """Another version was approved: an order for the last one is dropped, unless it is being paid."""
    order = rows.first(Order, Order.brief_id == brief.id, Order.state != "dropped", lock=True)
    if order is None:
        return
    paying = rows.first(Payment, Payment.order_id == order.id, Payment.state != "declined")
    if paying is not None or not move(order, "dropped"):
        raise Invalid({"preview": "This website is bought already; its pages are frozen in the order."})


def _being_made(rows: Rows, brief_id: UUID) -> Preview | None:
    return rows.first(Preview, Preview.brief_id == brief_id, Preview.state == "making")


def _next(rows: Rows, brief_id: UUID) -> Preview:
    newest = rows.first(Preview, Preview.brief_id == brief_id, order_by=Preview.number.desc())
    number = 1 if newest is None else newest.number + 1
    return Preview(brief_id=brief_id, number=number, state="making", show_key=secrets.token_urlsafe(24))
