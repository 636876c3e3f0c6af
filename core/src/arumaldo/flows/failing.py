"""When a paid order cannot be fulfilled: the money goes back, and what was made is taken away, whatever it takes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from arumaldo.bus.effects import made, refused_so_far, settle
from arumaldo.bus.handlers import handles
from arumaldo.bus.work import Work
from arumaldo.flows import facts
from arumaldo.flows.moves import move
from arumaldo.flows.repairs import CHARGE, CREATE_SITE
from arumaldo.store.orders import Order, Payment, Site

AGAIN_AFTER = timedelta(hours=1)
LATE_CHARGES = timedelta(days=2)
_ENDED_BADLY = ("paid", "failed", "returned", "dropped")
"""What an order may be whose money goes back and whose site is taken away; never a live one."""
SURE_OF_SITES = timedelta(seconds=60)


@handles(facts.OrderFailed)
def note_that_the_order_failed(message: facts.OrderFailed, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id, lock=True)
        if move(order, "failed"):
            order.problem = message.reason


@handles(facts.OrderFailed, calls="payments", refused=facts.ReturnRefused)
def give_the_money_back(message: facts.OrderFailed, work: Work) -> None:
    _give_back(message.order_id, work)


@handles(facts.ReturnRefused, calls="payments", refused=facts.ReturnRefused)
def give_the_money_back_again(message: facts.ReturnRefused, work: Work) -> None:
    """The gateway would not: it is asked again every hour until it does, or until a person has returned the money."""
    _wait_an_hour(work, "the gateway refused to return the money")
    _give_back(message.order_id, work)


@handles(facts.OrderFailed, calls="hosting", refused=facts.RemovalRefused)
def remove_the_site(message: facts.OrderFailed, work: Work) -> None:
    _remove(message.order_id, work)


@handles(facts.RemovalRefused, calls="hosting", refused=facts.RemovalRefused)
def remove_the_site_again(message: facts.RemovalRefused, work: Work) -> None:
    _wait_an_hour(work, "the host refused to remove the site")
    _remove(message.order_id, work)


# A charge that was in doubt, and was not found, might still be booked: whoever is charged so late gets it back.


@handles(facts.PaymentDeclined, calls="payments", refused=facts.LateReturnRefused, apart=True)
def look_for_a_late_charge(message: facts.PaymentDeclined, work: Work) -> None:
    _give_a_late_charge_back(message, work)


@handles(facts.LateReturnRefused, calls="payments", refused=facts.LateReturnRefused, apart=True)
def look_for_a_late_charge_again(message: facts.LateReturnRefused, work: Work) -> None:
    _wait_an_hour(work, "the gateway refused to return a charge that was booked too late")
    _give_a_late_charge_back(message, work)


def _give_a_late_charge_back(message: facts.PaymentDeclined | facts.LateReturnRefused, work: Work) -> None:
    """The order itself is not touched: another payment may have been made for it meanwhile."""
    with work.transaction() as rows:
        payment = rows.get_one(Payment, message.payment_id)
        effect = made(rows, CHARGE, message.order_id, payment.generation)
        waited = rows.now() - work.published_at
        if effect is None or not effect.looks or waited > LATE_CHARGES:
            return
        reference, amount = effect.reference, payment.money
        generation = refused_so_far(rows, "payments.give_back", payment.id) + 1

    late = [charge for charge in work.hub.payments.find_charges(reference=reference) if charge.state == "paid"]
    if not late:
        work.look_again(min(600.0, 30 + waited.total_seconds()), "a charge that was in doubt may still be booked")
    reference = work.reference(message.payment_id, generation)
    work.hub.payments.give_back(reference=reference, charge_id=late[0].id, amount=amount)

    with work.transaction() as rows:
        rows.publish(facts.LateChargeReturned(order_id=message.order_id, payment_id=message.payment_id))


def _give_back(order_id: UUID, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, order_id)
        payment = rows.first(Payment, Payment.order_id == order_id, Payment.state != "declined")
        if order.state not in _ENDED_BADLY or payment is None or payment.state != "paid" or payment.charge_id is None:
            return
        charge_id, amount = payment.charge_id, payment.money
        generation = refused_so_far(rows, "payments.give_back", order_id) + 1

    work.hub.payments.give_back(reference=work.reference(order_id, generation), charge_id=charge_id, amount=amount)
    settle(work, CHARGE, order_id, "undone")

    with work.transaction() as rows:
        order = rows.get_one(Order, order_id, lock=True)
        payment = rows.get_one(Payment, payment.id, lock=True)
        move(order, "failed")  # the step beside this one may not have come that far yet
        if move(payment, "returned"):
            move(order, "returned")
            payment.ended_at = order.ended_at = rows.now()
            rows.publish(facts.MoneyReturned(order_id=order.id))


def _remove(order_id: UUID, work: Work) -> None:
    with work.transaction() as rows:
        site = rows.first(Site, Site.order_id == order_id)
        effect = made(rows, CREATE_SITE, order_id)
        if rows.get_one(Order, order_id).state not in _ENDED_BADLY:
            return
        if effect is None or effect.state in ("refused", "undone"):
            return
        waited = rows.now() - effect.intended_at

    hosted = [effect.vendor_id] if effect.vendor_id else []
    if effect.state != "done":  # what is in doubt is settled before it is undone
        hosted = [found.id for found in work.hub.hosting.find_sites(reference=effect.reference)]
        if not hosted and waited < SURE_OF_SITES:
            work.look_again(5, "asking the host whether it made the site")
    for site_id in hosted:
        work.hub.hosting.remove_site(site_id=site_id)
    settle(work, CREATE_SITE, order_id, "undone")

    with work.transaction() as rows:
        if site is None or move(rows.get_one(Site, site.id, lock=True), "removed"):
            rows.publish(facts.SiteRemoved(order_id=order_id))


def _wait_an_hour(work: Work, because: str) -> None:
    with work.transaction() as rows:
        waited = rows.now() - work.published_at
    if waited < AGAIN_AFTER:
        work.look_again(600, because)
