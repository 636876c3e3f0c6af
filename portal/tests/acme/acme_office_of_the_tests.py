"""The same plugin's office: books, contacts, mail and domains, from memory.

A mail to an address that begins with "nobody" is refused; so is the zone of a domain that begins with "theirs", which
somebody else has. A domain is delegated once its name is in `Names.delegated`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from arumaldo import Money, PluginSettings, Refused, hookimpl
from arumaldo.capabilities.billing import (
    Address,
    BillTo,
    Invoice,
    Plan,
    Quote,
    RecordedPayment,
    Subscription,
)
from arumaldo.capabilities.customers import Contact, Person
from arumaldo.capabilities.dns import Record, Shield, Zone
from arumaldo.capabilities.email import Mail, SentMail


class Till:
    """Ten per cent of tax."""

    subscriptions: ClassVar[dict[str, Subscription]] = {}
    payments: ClassVar[dict[str, RecordedPayment]] = {}

    def __init__(self, settings: PluginSettings) -> None:
        self._settings = settings

    @hookimpl
    def quote(self, plan: Plan, address: Address) -> Quote:
        if address.postal_code == "nowhere":
            raise Refused("acme", "We do not know this postal code.")
        tax = Money(minor=plan.price.minor // 10, currency=plan.price.currency)
        return Quote(net=plan.price, tax=tax, total=plan.price + tax, tax_label="sales tax 10 %")

    @hookimpl
    def create_bill_to(self, reference: str, name: str, email: str, address: Address) -> BillTo:
        return BillTo(id=f"bt-{reference}", reference=reference)

    @hookimpl
    def find_bill_tos(self, reference: str, email: str) -> list[BillTo]:
        return []

    @hookimpl
    def create_subscription(
        self, reference: str, bill_to_id: str, plan: Plan, address: Address, quote: Quote
    ) -> Subscription:
        invoice = Invoice(id=f"in-{reference}", number="INV-000042", total=quote.total, due=quote.total)
        made = Subscription(id=f"su-{reference}", reference=reference, invoice=invoice, made_at=datetime.now(UTC))
        return self.subscriptions.setdefault(reference, made)

    @hookimpl
    def find_subscriptions(self, reference: str, bill_to_id: str) -> list[Subscription]:
        return [self.subscriptions[reference]] if reference in self.subscriptions else []

    @hookimpl
    def list_subscriptions(self, since: datetime) -> list[Subscription]:
        return list(self.subscriptions.values())

    @hookimpl
    def record_payment(self, reference: str, invoice_id: str, amount: Money, charge_id: str) -> RecordedPayment:
        made = RecordedPayment(id=f"pa-{reference}", reference=reference, invoice_id=invoice_id)
        return self.payments.setdefault(reference, made)

    @hookimpl
    def find_payments(self, reference: str, invoice_id: str) -> list[RecordedPayment]:
        return [self.payments[reference]] if reference in self.payments else []

    @hookimpl
    def get_invoice(self, invoice_id: str) -> Invoice:
        return next(one.invoice for one in self.subscriptions.values() if one.invoice.id == invoice_id)

    @hookimpl
    def remove_subscription(self, subscription_id: str) -> None:
        for key in [key for key, one in self.subscriptions.items() if one.id == subscription_id]:
            del self.subscriptions[key]


class Contacts:
    """Everybody is a contact under their own address."""

    def __init__(self, settings: PluginSettings) -> None:
        self._settings = settings

    @hookimpl
    def put_contact(self, person: Person) -> Contact:
        return Contact(id=person.email)


class Post:
    """Mail, kept to be read."""

    sent: ClassVar[dict[str, Mail]] = {}

    def __init__(self, settings: PluginSettings) -> None:
        self._settings = settings

    @hookimpl
    def send_mail(self, reference: str, mail: Mail) -> SentMail:
        if mail.to.startswith("nobody"):
            raise Refused("acme", "there is no such address")
        self.sent[reference] = mail
        return SentMail(id=f"ma-{reference}", reference=reference)

    @hookimpl
    def find_mails(self, reference: str, mail: Mail) -> list[SentMail]:
        return [SentMail(id=f"ma-{reference}", reference=reference)] if reference in self.sent else []

    @hookimpl
    def put_subscriber(self, email: str, business: str) -> None:
        return None


class Names:
    """Domains that are delegated when a test says so."""

    zones: ClassVar[dict[str, Zone]] = {}
    delegated: ClassVar[set[str]] = set()

    def __init__(self, settings: PluginSettings) -> None:
        self._settings = settings

    @hookimpl
    def create_zone(self, reference: str, name: str) -> Zone:
        if name.startswith("theirs"):
            raise Refused("acme", "somebody else has it")
        servers = ["ns1.acme.example", "ns2.acme.example"]
        zone = Zone(id=f"zo-{reference}", made_at=datetime.now(UTC), name=name, name_servers=servers, state="pending")
        return self.zones.setdefault(name, zone)

    @hookimpl
    def find_zones(self, reference: str, name: str) -> list[Zone]:
        return [self.zones[name]] if name in self.zones else []

    @hookimpl
    def get_zone(self, zone_id: str) -> Zone:
        zone = next(zone for zone in self.zones.values() if zone.id == zone_id)
        return zone.model_copy(update={"state": "active"}) if zone.name in self.delegated else zone

    @hookimpl
    def put_records(self, zone_id: str, records: list[Record]) -> None:
        return None

    @hookimpl
    def leave_zone(self, zone_id: str, records: list[Record]) -> None:
        return None

    @hookimpl
    def put_shield(self, zone_id: str, records: list[Record], ours: bool) -> Shield:
        return Shield(encrypted="to the host", https_only=True, cached=True, firewall=True)

    @hookimpl
    def remove_zone(self, zone_id: str) -> None:
        for name in [name for name, zone in self.zones.items() if zone.id == zone_id]:
            del self.zones[name]
