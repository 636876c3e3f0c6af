"""When a paid order cannot be fulfilled: the money goes back, and what was made is taken away, whatever it takes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from arumaldo.bus.effects import made, refused_so_far, settle
from arumaldo.bus.handlers import handles
from arumaldo.bus.work import Work
from arumaldo.flows import facts
from arumaldo.flows.mails import post
from arumaldo.flows.moves import move
from arumaldo.flows.repairs import CHARGE, CREATE_SITE
from arumaldo.flows.undoing import ENDED_BADLY, settled_ids, wait_an_hour
from arumaldo.store.orders import Order, Payment, Site

LATE_CHARGES = timedelta(days=2)


@handles(facts.OrderFailed)
def note_that_the_order_failed(message: facts.OrderFailed, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id, lock=True)
        if move(order, "failed") or order.state in ENDED_BADLY:  # the step that returns the money may have been first
            order.problem = order.problem or message.reason


@handles(facts.OrderFailed, calls="payments", refused=facts.ReturnRefused)
def give_the_money_back(message: facts.OrderFailed, work: Work) -> None:
    _give_back(message.order_id, work)


@handles(facts.ReturnRefused, calls="payments", refused=facts.ReturnRefused, undoes=True)
def give_the_money_back_again(message: facts.ReturnRefused, work: Work) -> None:
    """The gateway would not: it is asked again every hour until it does, or until a person has returned the money."""
    wait_an_hour(work, "the gateway refused to return the money")
    _give_back(message.order_id, work)


@handles(facts.OrderFailed, calls="hosting", refused=facts.RemovalRefused)
def remove_the_site(message: facts.OrderFailed, work: Work) -> None:
    _remove(message.order_id, work)


@handles(facts.RemovalRefused, calls="hosting", refused=facts.RemovalRefused, undoes=True)
def remove_the_site_again(message: facts.RemovalRefused, work: Work) -> None:
    wait_an_hour(work, "the host refused to remove the site")
    _remove(message.order_id, work)


# A charge that was in doubt, and was not found, might still be booked: whoever is charged so late gets it back.


@handles(facts.PaymentDeclined, calls="payments", refused=facts.LateReturnRefused, apart=True)
def look_for_a_late_charge(message: facts.PaymentDeclined, work: Work) -> None:
    _give_a_late_charge_back(message, work)


@handles(facts.LateReturnRefused, calls="payments", refused=facts.LateReturnRefused, apart=True)
def look_for_a_late_charge_again(message: facts.LateReturnRefused, work: Work) -> None:
    wait_an_hour(work, "the gateway refused to return a charge that was booked too late")
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
        if order.state not in ENDED_BADLY or payment is None or payment.state != "paid" or payment.charge_id is None:
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
            post(rows, "money-back", order.id)
            rows.publish(facts.MoneyReturned(order_id=order.id))


def _remove(order_id: UUID, work: Work) -> None:
    with work.transaction() as rows:
        effect = made(rows, CREATE_SITE, order_id)
        if rows.get_one(Order, order_id).state not in ENDED_BADLY or effect is None:
            return

    for site_id in settled_ids(effect, work, lambda: work.hub.hosting.find_sites(reference=effect.reference)):
        work.hub.hosting.remove_site(site_id=site_id)
    settle(work, CREATE_SITE, order_id, "undone")

    with work.transaction() as rows:
        site = rows.first(Site, Site.order_id == order_id, lock=True)
        if site is None or move(site, "removed"):
            rows.publish(facts.SiteRemoved(order_id=order_id))
