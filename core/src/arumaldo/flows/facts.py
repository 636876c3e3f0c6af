"""Every message of the flows: facts in the past tense."""

from __future__ import annotations

from uuid import UUID

from arumaldo.bus.messages import Message, Refusal


class AccountOpened(Message, frozen=True):
    """Somebody signed up."""

    user_id: UUID


class PreviewAsked(Message, frozen=True):
    """The questions are answered, and a website is to be made from them."""

    preview_id: UUID


class RewriteAsked(Message, frozen=True):
    """One section of a preview is to be written anew."""

    preview_id: UUID


class PreviewMade(Message, frozen=True):
    preview_id: UUID


class PreviewRefused(Refusal, frozen=True):
    preview_id: UUID


class PreviewApproved(Message, frozen=True):
    preview_id: UUID


class PlanChosen(Message, frozen=True):
    """An order exists; its price is not known yet."""

    order_id: UUID


class OrderQuoted(Message, frozen=True):
    order_id: UUID


class QuoteRefused(Refusal, frozen=True):
    order_id: UUID


class PaymentSubmitted(Message, frozen=True):
    """The customer pressed the button; the card's token is in the payment."""

    order_id: UUID
    payment_id: UUID


class PaymentDeclined(Refusal, frozen=True):
    """Surely nothing was charged."""

    order_id: UUID
    payment_id: UUID


class PaymentInDoubt(Message, frozen=True):
    """The gateway may or may not have taken it; it is being asked."""

    order_id: UUID
    payment_id: UUID


class PaymentHeld(Message, frozen=True):
    """The gateway looks at it; it is not paid yet."""

    order_id: UUID
    payment_id: UUID


class LateChargeReturned(Message, frozen=True):
    """A charge that was not found in time was booked after all, and has been given back."""

    order_id: UUID
    payment_id: UUID


class LateReturnRefused(Refusal, frozen=True):
    """A charge that was booked too late could not be given back yet: the gateway is asked again."""

    order_id: UUID
    payment_id: UUID


class OrderPaid(Message, frozen=True):
    order_id: UUID


class SiteCreated(Message, frozen=True):
    """The host has it, perhaps still preparing."""

    order_id: UUID


class SiteReady(Message, frozen=True):
    order_id: UUID


class PagesPublished(Message, frozen=True):
    order_id: UUID


class SiteHandedOver(Message, frozen=True):
    order_id: UUID


class OrderFailed(Refusal, frozen=True):
    """A paid order cannot be fulfilled: what was made is undone, and the money goes back."""

    order_id: UUID


class MoneyReturned(Message, frozen=True):
    order_id: UUID


class SiteRemoved(Message, frozen=True):
    order_id: UUID


class ReturnRefused(Refusal, frozen=True):
    """The gateway will not give the money back: a person has to."""

    order_id: UUID


class RemovalRefused(Refusal, frozen=True):
    """The host will not take the site away: a person has to."""

    order_id: UUID
