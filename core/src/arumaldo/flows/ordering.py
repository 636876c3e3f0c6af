"""From the plan to the payment: what the pages do."""

from __future__ import annotations

from uuid import UUID

from pydantic import ValidationError

from arumaldo.bus.bindings import bound
from arumaldo.bus.rounds import is_being_compared
from arumaldo.capabilities.billing import Address, Plan
from arumaldo.capabilities.payments import PaymentField, PaymentPage
from arumaldo.errors import HubError
from arumaldo.flows.confirming import is_confirmed
from arumaldo.flows.facts import PaymentSubmitted, PlanChosen
from arumaldo.flows.moves import move
from arumaldo.flows.typed import Invalid
from arumaldo.installation import Installation
from arumaldo.store.business import Brief, Preview
from arumaldo.store.orders import Order, Payment
from arumaldo.store.scope import Owner, Rows

_TOKEN = 8192


class NotConfirmed(HubError):
    """The receipt and the access go to an address that nobody has shown to be theirs yet."""


class AlreadyPaying(HubError):
    """There is a payment for this order that was not declined: no second one."""


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
        return_url=f"{inst.portal(order.reseller_id).url}/onboarding/payment/return",
    )


def pay(inst: Installation, rows: Rows, order_id: UUID, token: str, email: str) -> Payment:
    """Submit a payment with the provider's token. AlreadyPaying while another one is not declined. NotConfirmed."""
    if not is_confirmed(rows):
        raise NotConfirmed("the mail address is not confirmed")
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
