"""The subscription of a paid order: in the books, with its first invoice, and the payment that was taken entered."""

from __future__ import annotations

from uuid import UUID

from arumaldo.bus.effects import made, refused_so_far, settle
from arumaldo.bus.handlers import handles
from arumaldo.bus.work import Work
from arumaldo.capabilities.billing import Address, Plan, Quote
from arumaldo.flows import facts
from arumaldo.flows.mails import owner_of, post
from arumaldo.flows.moves import move
from arumaldo.flows.repairs import CREATE_SUBSCRIPTION
from arumaldo.flows.undoing import ENDED_BADLY, settled_ids, wait_an_hour
from arumaldo.money import Money
from arumaldo.store.business import Brief
from arumaldo.store.orders import Order, Payment, SubscriptionRow
from arumaldo.store.scope import Rows

_BILL_TO = "billing.create_bill_to"


@handles(facts.OrderPaid, calls="billing")
def open_the_subscription(message: facts.OrderPaid, work: Work) -> None:
    with work.transaction() as rows:
        order = rows.get_one(Order, message.order_id)
        kept = rows.first(SubscriptionRow, SubscriptionRow.order_id == order.id)
        if order.state != "paid" or (kept is not None and kept.state != "open"):
            return
        payment = rows.all(Payment, Payment.order_id == order.id, Payment.state == "paid")[-1]
        name, email = _name(rows, order), owner_of(rows).email
        account = rows.owner.account_id
        generation = refused_so_far(rows, _BILL_TO, account) + 1

    books, plan, address = work.hub.billing, Plan.model_validate(order.plan), Address.model_validate(order.address)
    bill_to = books.create_bill_to(
        reference=work.reference(account, generation), name=name, email=email, address=address
    )
    subscription = books.create_subscription(
        reference=work.reference(order.id), bill_to_id=bill_to.id, plan=plan, address=address, quote=_quote(order)
    )
    books.record_payment(
        # Of the order, not of the payment's row: a restored book may have made that anew.
        reference=work.reference(order.id, payment.generation),
        invoice_id=subscription.invoice.id,
        amount=payment.money,
        charge_id=payment.charge_id or "",
    )

    with work.transaction() as rows:
        # Its money may have gone back meanwhile: then the row is what is taken away, and nobody is sent a receipt.
        is_paid = rows.get_one(Order, order.id, lock=True).state == "paid"
        rows.add(
            SubscriptionRow(
                order_id=order.id, kept_id=subscription.id, invoice_id=subscription.invoice.id,
                invoice_number=subscription.invoice.number, renews_at=subscription.renews_at, state="paid",
                paid_at=rows.now(),
            )
        )  # fmt: skip
        if is_paid:
            post(rows, "receipt", order.id)
            rows.publish(facts.InvoicePaid(order_id=order.id))


@handles(facts.OrderFailed, calls="billing", refused=facts.SubscriptionRemovalRefused)
def remove_the_subscription(message: facts.OrderFailed, work: Work) -> None:
    _remove(message.order_id, work)


@handles(facts.SubscriptionRemovalRefused, calls="billing", refused=facts.SubscriptionRemovalRefused, undoes=True)
def remove_the_subscription_again(message: facts.SubscriptionRemovalRefused, work: Work) -> None:
    wait_an_hour(work, "the books would not end the subscription of an order that failed")
    _remove(message.order_id, work)


def _remove(order_id: UUID, work: Work) -> None:
    with work.transaction() as rows:
        effect = made(rows, CREATE_SUBSCRIPTION, order_id)
        account = rows.owner.account_id
        bill_to = made(rows, _BILL_TO, account, refused_so_far(rows, _BILL_TO, account) + 1)
        if rows.get_one(Order, order_id).state not in ENDED_BADLY or effect is None:
            return
        bill_to_id = (bill_to.vendor_id if bill_to else None) or ""

    for kept_id in settled_ids(
        effect, work, lambda: work.hub.billing.find_subscriptions(reference=effect.reference, bill_to_id=bill_to_id)
    ):
        work.hub.billing.remove_subscription(subscription_id=kept_id)
    settle(work, CREATE_SUBSCRIPTION, order_id, "undone")

    with work.transaction() as rows:
        kept = rows.first(SubscriptionRow, SubscriptionRow.order_id == order_id, lock=True)
        if kept is None or move(kept, "removed"):
            rows.publish(facts.SubscriptionRemoved(order_id=order_id))


def _name(rows: Rows, order: Order) -> str:
    return str(rows.get_one(Brief, order.brief_id).answers["business_name"])


def _quote(order: Order) -> Quote:
    """The price as it was frozen in the order."""

    def money(minor: int | None) -> Money:
        return Money(minor=minor or 0, currency=order.price.currency)

    return Quote(net=money(order.net), tax=money(order.tax), total=order.price, tax_label=order.tax_label)
