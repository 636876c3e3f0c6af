"""What the flows do about what the reconciler finds at a vendor and not in the book."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select

from arumaldo import versions
from arumaldo.bus import bindings
from arumaldo.bus.effects import made as effect_of
from arumaldo.bus.reconcile import Reconciler
from arumaldo.bus.work import Reference
from arumaldo.capabilities.kinds import Made
from arumaldo.capabilities.payments import Charge
from arumaldo.flows.facts import OrderFailed, PaymentSubmitted
from arumaldo.flows.moves import move
from arumaldo.installation import Installation
from arumaldo.store.journal import Effect
from arumaldo.store.orders import Order, Payment
from arumaldo.store.people import Member, User
from arumaldo.store.scope import Owner, Rows, Store

CHARGE, CREATE_SITE, CREATE_SUBSCRIPTION = "payments.charge", "hosting.create_site", "billing.create_subscription"
_TRIES = 5
"""So many more payments than the book knows of may have been tried for one order."""


def reconciler(inst: Installation) -> Reconciler:
    """Compares this installation's book with its vendors. What it adopts is carried on by the steps of the flows."""
    importlib.import_module("arumaldo.flows.onboarding")
    return Reconciler(inst.store, inst, OrderRepairs(inst.store))


class OrderRepairs:
    """Knows orders by the references under which their things are made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def adopt(self, owner: Owner, provider: str, step: str, made: Made) -> bool:
        """A charge of an order that the book has as unpaid becomes its payment; a site or a subscription waits for its
        order's step.

        Whether it belongs to an order of the book. A second call with the same changes nothing.
        """
        if step == CHARGE and isinstance(made, Charge):
            return made.state in ("paid", "held") and self._adopt_charge(owner, provider, made)
        if step in (CREATE_SITE, CREATE_SUBSCRIPTION):
            return any(_is(order, step, 1, made) for order, _ in self._orders(("chosen", "quoted", "paid")))
        return False

    def returned(self, owner: Owner, subject: UUID) -> None:
        """The money of an order that is being built is back with the customer: the order has failed."""
        with self._store.of(owner) as rows:
            order = rows.get(Order, subject, lock=True)
            if order is not None and order.state == "paid" and move(order, "failed"):
                order.problem = "The payment was returned at the payment service."
                rows.publish(OrderFailed(order_id=order.id, reason=order.problem))

    def _adopt_charge(self, owner: Owner, provider: str, charge: Charge) -> bool:
        for order, tries in self._orders(("chosen", "quoted")):
            for generation in range(1, tries + 1 + _TRIES):
                if not _is(order, CHARGE, generation, charge):
                    continue
                if order.reseller_id != owner.reseller_id:  # who shares the vendor's account compares for itself
                    return True
                with self._store.of(Owner(order.reseller_id, order.account_id)) as rows:
                    return _take_in(rows, order.id, generation, provider, charge)
        return False

    def _orders(self, states: tuple[str, ...]) -> Iterator[tuple[Order, int]]:
        """Orders in one of the states, of all resellers, each with how often its payment was tried."""
        tries = select(func.count()).where(Payment.order_id == Order.id).scalar_subquery()
        query = select(Order, tries).where(Order.state.in_(states))
        with self._store.hub() as session:
            found = session.execute(query).all()
        return ((row[0], row[1]) for row in found)


def _is(order: Order, step: str, generation: int, made: Made) -> bool:
    """Vendors that have room for a name alone keep the first characters of the reference."""
    return bool(made.reference) and Reference(order.id, generation).at(step).startswith(str(made.reference))


def _take_in(rows: Rows, order_id: UUID, generation: int, provider: str, charge: Charge) -> bool:
    """Whether the charge is this order's payment now, or was before."""
    order = rows.get_one(Order, order_id, lock=True)
    if effect_of(rows, CHARGE, order.id, generation) is not None:
        return True  # the step knows of it, and asks the vendor itself
    if order.state not in ("chosen", "quoted") or not _refuse_earlier(rows, order, generation):
        return False
    payment = rows.first(Payment, Payment.order_id == order.id, Payment.state != "declined", lock=True)
    if payment is None:
        payment = rows.add(_payment(rows, order, generation, charge))
        rows.publish(PaymentSubmitted(order_id=order.id, payment_id=payment.id))
    # Else the customer pays again what the lost book had as paid: that payment is this charge.
    payment.generation = generation
    _note(rows, order, generation, provider, charge)
    return True


def _refuse_earlier(rows: Rows, order: Order, generation: int) -> bool:
    """A later try proves that those before it were declined. False when one of them took money as well."""
    earlier = rows.all(Effect, Effect.subject == order.id, Effect.step == CHARGE, Effect.state != "refused")
    if any(effect.state not in ("intended", "unknown") or effect.generation > generation for effect in earlier):
        return False
    for effect in earlier:
        effect.state, effect.settled_at = "refused", rows.now()
        effect.problem = "It was declined; another payment went through."
        for payment in rows.all(Payment, Payment.order_id == order.id, Payment.generation == effect.generation):
            move(payment, "declined")
            payment.token, payment.ended_at, payment.problem = None, rows.now(), effect.problem
    rows.session.flush()
    return True


def _payment(rows: Rows, order: Order, generation: int, charge: Charge) -> Payment:
    email = rows.session.scalars(
        select(User.email).join(Member, Member.user_id == User.id).where(Member.account_id == order.account_id)
    ).first()
    return Payment(
        order_id=order.id, generation=generation, token=None, email=email or "", amount=charge.amount.minor,
        currency=charge.amount.currency, state="submitted",
    )  # fmt: skip


def _note(rows: Rows, order: Order, generation: int, provider: str, charge: Charge) -> None:
    """The effect as it would stand in the book, and the account's binding to who took the money."""
    now = rows.now()
    rows.add(
        Effect(
            subject=order.id, step=CHARGE, generation=generation, state="done", provider=provider,
            reference=Reference(order.id, generation).at(CHARGE), vendor_id=charge.id,
            result=charge.model_dump(mode="json"), settled_at=now,
        )
    )  # fmt: skip
    bindings.bind(rows.session, rows.owner, "payments", provider, versions.newest_number(rows.session))
