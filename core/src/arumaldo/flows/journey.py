"""Where a customer stands on the way, read from the rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from arumaldo.bus.clocks import standstill
from arumaldo.flows.business import current_brief, missing_page
from arumaldo.flows.mails import owner_of
from arumaldo.flows.ordering import current_order
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order, Payment, Site, SubscriptionRow
from arumaldo.store.people import User
from arumaldo.store.scope import Rows

Where = Literal[
    "questions", "preview", "plan", "confirm", "payment", "paying", "unknown", "held", "declined",
    "building", "live", "failed", "returned",
]  # fmt: skip


_WAITS_FOR: dict[Where, tuple[str, str]] = {
    "confirm": ("email", "The service that sends our mail"),
    "preview": ("ai", "The service that writes your pages"),
    "payment": ("billing", "The service that works out your price"),
    "paying": ("payments", "The payment service"),
    "unknown": ("payments", "The payment service"),
    "held": ("payments", "The payment service"),
    "building": ("hosting", "The company that hosts your website"),
    "failed": ("payments", "The payment service"),
}


_INVOICE = ("billing", "The service that writes your invoice")


@dataclass(frozen=True)
class Delay:
    """Why it takes longer than it should, in words for the customer."""

    said: str
    since: datetime


@dataclass(frozen=True)
class Step:
    """One line of the progress list."""

    title: str
    state: Literal["done", "running", "waiting", "failed"]
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Journey:
    """Where the customer stands, with the rows that say so."""

    step: Where
    user: User
    brief: Brief | None
    preview: Preview | None
    order: Order | None
    payment: Payment | None
    kept: SubscriptionRow | None
    site: Site | None
    steps: Sequence[Step]
    message: str
    delay: Delay | None = None


def journey(rows: Rows) -> Journey:
    """Where this account's customer stands, read from the rows alone."""
    brief = current_brief(rows)
    order = current_order(rows)
    preview = payment = kept = site = None
    if brief is not None:
        preview = rows.first(Preview, Preview.brief_id == brief.id, order_by=Preview.number.desc())
    if order is not None:
        payment = rows.first(Payment, Payment.order_id == order.id, order_by=Payment.generation.desc())
        site = rows.first(Site, Site.order_id == order.id)
        kept = rows.first(SubscriptionRow, SubscriptionRow.order_id == order.id)
    user = owner_of(rows)
    step = _where(brief, preview, order, payment)
    if step == "payment" and user.confirmed_at is None:
        step = "confirm"
    waits = (step != "preview" or (preview and preview.state == "making")) and (step != "payment" or _unquoted(order))
    return Journey(
        step, user, brief, preview, order, payment, kept, site,
        _steps(user, brief, order, payment, kept, site) if order else (), _message(step, payment),
        _delay(rows, step, kept) if waits else None,
    )  # fmt: skip


def _unquoted(order: Order | None) -> bool:
    return order is not None and order.state == "chosen"


def _delay(rows: Rows, step: Where, kept: SubscriptionRow | None) -> Delay | None:
    capability, who = _INVOICE if step == "building" and kept is None else _WAITS_FOR.get(step, ("", ""))
    return delay_at(rows, capability, who) if capability else None


def delay_at(rows: Rows, capability: str, who: str) -> Delay | None:
    """Why nothing goes on at a capability's provider, whom the customer knows as `who`; None when all is well."""
    found = standstill(rows.session, rows.owner, capability)
    if found is None:
        return None
    if found.ours:
        said = "Something has to be put right on our side first. Nothing is lost, and it goes on by itself afterwards."
    else:
        said = f"{who} does not answer. We ask it again and again; nothing is lost, and you need not do anything."
    return Delay(said, found.since)


def _where(brief: Brief | None, preview: Preview | None, order: Order | None, payment: Payment | None) -> Where:
    if order is not None and (where := _where_paid(order, payment)) is not None:
        return where
    if brief is None or missing_page(brief) is not None or preview is None:
        return "questions"
    if brief.approved_id is None:
        return "preview"
    return "plan" if order is None else "payment"


def _where_paid(order: Order, payment: Payment | None) -> Where | None:
    match order.state:
        case "paid":
            return "building"
        case "live" | "failed" | "returned" as ended:
            return ended
    match payment.state if payment else None:
        case "submitted" | "paid":
            return "paying"
        case "unknown" | "held" | "declined" as told:
            return told
    return None


def _message(step: Where, payment: Payment | None) -> str:
    match step:
        case "unknown":
            return "We are asking the payment service whether it took your payment. Please do not pay again."
        case "held":
            return "The payment service is checking your payment. Please do not pay again; we will go on by ourselves."
        case "declined":
            return (payment.problem if payment else None) or "The payment was declined. Nothing was charged."
        case "failed":
            return "We could not build your website. Your money is on its way back to you."
        case "returned":
            return "We could not build your website. The whole amount has been returned to your card."
    return ""


def _steps(
    user: User, brief: Brief | None, order: Order, payment: Payment | None, kept: SubscriptionRow | None,
    site: Site | None,
) -> list[Step]:  # fmt: skip
    """All ten, each with its time; the first unfinished one is running, or has failed."""
    times = [
        ("Account opened", "Opening your account", user.created_at),
        ("E-mail address confirmed", "Confirming your e-mail address", user.confirmed_at),
        ("Questions answered", "Answering the questions", brief.completed_at if brief else None),
        ("Website approved, plan chosen", "Choosing a plan", order.created_at),
        ("Payment received", "Taking your payment", order.paid_at),
        ("Invoice written", "Writing your invoice", kept.paid_at if kept else None),
        ("Place for your website made", "Making a place for your website", site.created_at if site else None),
        ("WordPress installed", "Installing WordPress", site.ready_at if site else None),
        ("Your pages put in", "Putting your pages in", site.live_at if site else None),
        ("Open to visitors, and handed over to you", "Handing it over to you", order.ended_at if site else None),
    ]
    failed = order.state in ("failed", "returned")
    unfinished: Literal["running", "failed"] = "failed" if failed else "running"
    steps: list[Step] = []
    for past, present, at in times:
        reached = all(step.state == "done" for step in steps)
        steps.append(Step(past if at else present, "done" if at else unfinished if reached else "waiting", at))
    return [*steps, *_return_steps(order, payment)]


def _return_steps(order: Order, payment: Payment | None) -> list[Step]:
    if order.state == "failed":
        return [Step("Returning your money", "running", None, "You need not do anything.")]
    if order.state == "returned":
        return [Step("Your money was returned", "done", payment.ended_at if payment else order.ended_at)]
    return []
