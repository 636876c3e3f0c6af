"""Every message of the flows: facts in the past tense."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from arumaldo.bus.messages import Message, Refusal
from arumaldo.store.journal import TAKEN


class AccountOpened(Message, frozen=True):
    """Somebody signed up."""

    user_id: UUID


class AddressConfirmed(Message, frozen=True):
    """Somebody showed that the mail address is theirs."""

    user_id: UUID


class MailDue(Message, frozen=True):
    """There is something to tell a customer."""

    mail_id: UUID


class MailSent(Message, frozen=True):
    mail_id: UUID


class MailRefused(Refusal, frozen=True):
    """The mail cannot be sent, to this address or at all."""

    mail_id: UUID


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


class InvoicePaid(Message, frozen=True):
    """The subscription stands in the books, and its first invoice is paid."""

    order_id: UUID


class SubscriptionRemoved(Message, frozen=True):
    order_id: UUID


class SubscriptionRemovalRefused(Refusal, frozen=True):
    """The books will not end the subscription of a failed order: a person has to."""

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


class DomainEntered(Message, frozen=True):
    """A customer has a domain of their own; the name is claimed for them."""

    domain_id: UUID


class DomainTaken(Refusal, frozen=True):
    """The zone is there already, and we did not make it: it may be used once the operator says so."""

    domain_id: UUID


class DomainRefused(Refusal, frozen=True):
    """The domain cannot be connected; the site goes on at the host's own address."""

    domain_id: UUID

    @classmethod
    def of(cls, message: Message, reason: str) -> Refusal:
        """`DomainTaken` where the look has found what others made; whatever else was refused is this."""
        return DomainTaken.of(message, reason) if reason == TAKEN else super().of(message, reason)


class ZoneMade(Message, frozen=True):
    """The zone exists at the provider."""

    domain_id: UUID


class TargetsKnown(Message, frozen=True):
    """Where the domain has to lead, as the host said. `records` are `dns.Record`s."""

    domain_id: UUID
    records: list[dict[str, Any]]


class RecordsPut(Message, frozen=True):
    """The zone leads to the site; its name servers are shown, and now it is the customer's turn."""

    domain_id: UUID


class DomainDelegated(Message, frozen=True):
    """The registrar names our name servers."""

    domain_id: UUID


class DomainAttached(Message, frozen=True):
    """The host answers under the domain."""

    domain_id: UUID


class DomainConnected(Message, frozen=True):
    """Encrypted, cached and protected: the site's address is the customer's own."""

    domain_id: UUID


class DomainGivenUp(Message, frozen=True):
    """The customer takes the domain back; what was made for it is taken away."""

    domain_id: UUID


class DomainDetached(Message, frozen=True):
    """The host no longer answers under the domain."""

    domain_id: UUID


class DomainLeft(Message, frozen=True):
    """Nothing of the domain is left with us, and the name is free."""

    domain_id: UUID


class DomainRemovalRefused(Refusal, frozen=True):
    """A vendor would not take something of a domain away: it is asked again."""

    domain_id: UUID
