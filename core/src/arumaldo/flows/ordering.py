"""From the plan to the payment, and where a customer stands: what the pages do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import ValidationError

from arumaldo.bus.bindings import bound
from arumaldo.bus.clocks import standstill
from arumaldo.bus.rounds import is_being_compared
from arumaldo.capabilities.billing import Address, Plan
from arumaldo.capabilities.payments import PaymentField, PaymentPage
from arumaldo.config import MAIN
from arumaldo.errors import HubError
from arumaldo.flows.accounts import Invalid
from arumaldo.flows.business import current_brief, missing_page
from arumaldo.flows.facts import PaymentSubmitted, PlanChosen
from arumaldo.flows.moves import move
from arumaldo.installation import Installation
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order, Payment, Site
from arumaldo.store.scope import Owner, Rows

_TOKEN = 8192
Where = Literal[
    "questions", "preview", "plan", "payment", "paying", "unknown", "held", "declined",
    "building", "live", "failed", "returned",
]  # fmt: skip


class AlreadyPaying(HubError):
    """There is a payment for this order that was not declined: no second one."""


_WAITS_FOR: dict[Where, tuple[str, str]] = {
    "preview": ("ai", "The service that writes your pages"),
    "payment": ("billing", "The service that works out your price"),
    "paying": ("payments", "The payment service"),
    "unknown": ("payments", "The payment service"),
    "held": ("payments", "The payment service"),
    "building": ("hosting", "The company that hosts your website"),
    "failed": ("payments", "The payment service"),
}


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
    brief: Brief | None
    preview: Preview | None
    order: Order | None
    payment: Payment | None
    site: Site | None
    steps: Sequence[Step]
    message: str
    delay: Delay | None = None


def choose_plan(inst: Installation, rows: Rows, plan: str, country: str, postal_code: str) -> Order:
    """Place an order for the approved preview; one that is not being paid yet is replaced.

    Invalid names the fields that cannot be used. AlreadyPaying when a payment of the present order is under way.
    """
    chosen, address = _checked(inst, rows.owner, plan, country, postal_code)
    brief = rows.first(Brief, order_by=Brief.id.desc(), lock=True)
    if brief is None or brief.approved_id is None:
        raise Invalid({"plan": "Approve your website first."})
    preview = rows.get_one(Preview, brief.approved_id)
    if (old := current_order(rows)) is not None:
        if is_being_compared(rows.session):  # it may have been paid, and nobody knows yet
            raise Invalid({"plan": "One moment: we are looking through your order. Try again in a minute."})
        rows.get_one(Order, old.id, lock=True)
        if _open_payment(rows, old) is not None or not move(old, "dropped"):
            raise AlreadyPaying("this order is being paid, or is paid")
        rows.session.flush()
    order = rows.add(
        Order(
            brief_id=brief.id, preview_id=preview.id, preview_digest=preview.digest, state="chosen",
            plan=chosen.model_dump(mode="json"), address=address.model_dump(mode="json"),
        )
    )  # fmt: skip
    rows.publish(PlanChosen(order_id=order.id))
    return order


def current_order(rows: Rows) -> Order | None:
    """The order that counts: the newest that was not replaced by another choice."""
    return rows.first(Order, Order.state != "dropped", order_by=Order.id.desc())


def payment_provider(inst: Installation, owner: Owner) -> str:
    """The plugin that takes this account's payments."""
    with inst.store.of(owner) as rows:
        found = bound(rows.session, owner, "payments")
    return found.provider if found else inst.first_provider(owner, "payments")


def checkout(inst: Installation, order: Order, email: str) -> PaymentField | PaymentPage:
    """What the payment page needs from the provider; nothing is charged."""
    owner = Owner(order.reseller_id, order.account_id)
    return inst.hub(owner).payments.checkout(
        reference=str(order.id),
        amount=order.price,
        description=str(order.plan["title"]),
        return_url=f"{_portal_of(inst, order.reseller_id)}/onboarding/payment/return",
    )


def _portal_of(inst: Installation, reseller_id: UUID) -> str:
    """Where this reseller's customers reach the portal: a log-in counts for one host name only."""
    base, reseller = inst.config.hub.base_url, inst.reseller_config(reseller_id)
    if reseller.slug == MAIN or not reseller.hostnames:
        return base
    parts = urlsplit(base)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{reseller.hostnames[0]}{port}"


def pay(inst: Installation, rows: Rows, order_id: UUID, token: str, email: str) -> Payment:
    """Submit a payment with the provider's token. AlreadyPaying while another one is not declined."""
    if not token or len(token) > _TOKEN:
        raise Invalid({"token": "Enter your card details first."})
    order = rows.get_one(Order, order_id, lock=True)
    if order.state != "quoted" or _open_payment(rows, order) is not None:
        raise AlreadyPaying(f"order {order_id} is being paid, or is paid")
    earlier = rows.all(Payment, Payment.order_id == order.id)
    payment = rows.add(
        Payment(
            order_id=order.id, generation=max((one.generation for one in earlier), default=0) + 1,
            token=inst.keys.seal(token), email=email, amount=order.price.minor, currency=order.price.currency,
            state="submitted",
        )
    )  # fmt: skip
    rows.publish(PaymentSubmitted(order_id=order.id, payment_id=payment.id))
    return payment


def journey(rows: Rows) -> Journey:
    """Where this account's customer stands, read from the rows alone."""
    brief = current_brief(rows)
    order = current_order(rows)
    preview = payment = site = None
    if brief is not None:
        preview = rows.first(Preview, Preview.brief_id == brief.id, order_by=Preview.number.desc())
    if order is not None:
        payment = rows.first(Payment, Payment.order_id == order.id, order_by=Payment.generation.desc())
        site = rows.first(Site, Site.order_id == order.id)
    step = _where(brief, preview, order, payment)
    waits = (step != "preview" or (preview and preview.state == "making")) and (step != "payment" or _unquoted(order))
    return Journey(
        step, brief, preview, order, payment, site, _steps(order, payment, site), _message(step, payment),
        _delay(rows, step) if waits else None,
    )  # fmt: skip


def _unquoted(order: Order | None) -> bool:
    return order is not None and order.state == "chosen"


def _delay(rows: Rows, step: Where) -> Delay | None:
    capability, who = _WAITS_FOR.get(step, ("", ""))
    found = standstill(rows.session, rows.owner, capability) if capability else None
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


def _steps(order: Order | None, payment: Payment | None, site: Site | None) -> list[Step]:
    """Plan, payment, site, pages, handover: each with its time, the first unfinished one running or failed."""
    if order is None:
        return []
    times = [
        ("Plan chosen", "Plan chosen", order.created_at),
        ("Payment received", "Taking your payment", order.paid_at),
        ("Place for your website made", "Making a place for your website", site.created_at if site else None),
        ("WordPress installed", "Installing WordPress", site.ready_at if site else None),
        ("Pages put in, open to visitors", "Putting your pages in", site.live_at if site else None),
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


def _open_payment(rows: Rows, order: Order) -> Payment | None:
    return rows.first(Payment, Payment.order_id == order.id, Payment.state != "declined")


def _checked(inst: Installation, owner: Owner, plan: str, country: str, postal_code: str) -> tuple[Plan, Address]:
    problems = {}
    chosen = inst.reseller_config(owner.reseller_id).plans.get(plan)
    if chosen is None:
        problems["plan"] = "Choose one of the plans."
    if not postal_code.strip():
        problems["postal_code"] = "We need the postal code to work out the tax."
    address = None
    try:
        address = Address(country=country.strip().upper(), postal_code=postal_code.strip()[:200])
    except ValidationError as error:
        for mistake in error.errors():
            field = str(mistake["loc"][0])
            problems.setdefault(field, "Choose a country." if field == "country" else "Write a shorter postal code.")
    if problems or chosen is None or address is None:
        raise Invalid(problems)
    return chosen, address
