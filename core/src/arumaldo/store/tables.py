"""All tables, so that the metadata is whole."""

from arumaldo.store.base import Row
from arumaldo.store.business import Brief, Preview
from arumaldo.store.domains import Domain
from arumaldo.store.journal import Binding, ConfigVersion, Delivery, Effect, MessageRow, ProviderClock, Worker
from arumaldo.store.mails import MailRow
from arumaldo.store.orders import Order, Payment, Site, SubscriptionRow
from arumaldo.store.people import Account, Attempt, Confirmation, LogIn, Member, Reseller, User
from arumaldo.store.upkeep import Duty, Finding, Pause, Restoration

__all__ = [
    "Account",
    "Attempt",
    "Binding",
    "Brief",
    "ConfigVersion",
    "Confirmation",
    "Delivery",
    "Domain",
    "Duty",
    "Effect",
    "Finding",
    "LogIn",
    "MailRow",
    "Member",
    "MessageRow",
    "Order",
    "Pause",
    "Payment",
    "Preview",
    "ProviderClock",
    "Reseller",
    "Restoration",
    "Row",
    "Site",
    "SubscriptionRow",
    "User",
    "Worker",
]
