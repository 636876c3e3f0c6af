"""Who keeps the books, the contacts and the mail in these tests."""

from __future__ import annotations

from datetime import UTC, datetime

from arumaldo import hookimpl
from arumaldo.capabilities.billing import Address, BillTo, Invoice, Plan, Quote, RecordedPayment, Subscription
from arumaldo.capabilities.customers import Contact, Person
from arumaldo.capabilities.email import Mail, SentMail
from arumaldo.money import Money


class Clerk:
    """What `trouble` holds for a hook happens once each time it is called, in order."""

    def __init__(self) -> None:
        self.trouble: dict[str, list[BaseException]] = {}
        self.bill_tos: dict[str, str] = {}
        self.subscriptions: dict[str, str] = {}
        """Id → reference, of those that stand."""
        self.recorded: dict[str, str] = {}
        self.mailed: list[str] = []
        """Kinds of mail, in the order in which they were sent."""
        self.sent: list[Mail] = []
        self.contacts: list[Person] = []
        self.listed: list[str] = []
        """Who is on the mail list, in the order in which they were put there."""
        self._references: dict[str, str] = {}

    def suffers(self, hook: str) -> None:
        if waiting := self.trouble.get(hook):
            raise waiting.pop(0)

    @hookimpl
    def create_bill_to(self, reference: str, name: str, email: str, address: Address) -> BillTo:
        self.suffers("before create_bill_to")
        self.bill_tos[f"b-{reference}"] = reference
        self.suffers("after create_bill_to")
        return BillTo(id=f"b-{reference}", reference=reference)

    @hookimpl
    def find_bill_tos(self, reference: str, email: str) -> list[BillTo]:
        self.suffers("find_bill_tos")
        return [BillTo(id=key, reference=name) for key, name in self.bill_tos.items() if name == reference]

    @hookimpl
    def create_subscription(
        self, reference: str, bill_to_id: str, plan: Plan, address: Address, quote: Quote
    ) -> Subscription:
        self.suffers("before create_subscription")
        self.subscriptions[f"u-{reference}"] = reference
        self.suffers("after create_subscription")
        return _subscription(f"u-{reference}", reference)

    @hookimpl
    def find_subscriptions(self, reference: str, bill_to_id: str) -> list[Subscription]:
        self.suffers("find_subscriptions")
        return [_subscription(key, name) for key, name in self.subscriptions.items() if name == reference]

    @hookimpl
    def list_subscriptions(self, since: datetime) -> list[Subscription]:
        return [_subscription(key, name) for key, name in self.subscriptions.items()]

    @hookimpl
    def record_payment(self, reference: str, invoice_id: str, amount: Money, charge_id: str) -> RecordedPayment:
        self.suffers("record_payment")
        self.recorded[reference] = charge_id
        self.suffers("after record_payment")
        return RecordedPayment(id=f"p-{reference}", reference=reference, invoice_id=invoice_id)

    @hookimpl
    def find_payments(self, reference: str, invoice_id: str) -> list[RecordedPayment]:
        made = [name for name in self.recorded if name == reference]
        return [RecordedPayment(id=f"p-{name}", reference=name, invoice_id=invoice_id) for name in made]

    @hookimpl
    def remove_subscription(self, subscription_id: str) -> None:
        self.suffers("remove_subscription")
        self.subscriptions.pop(subscription_id, None)

    @hookimpl
    def send_mail(self, reference: str, mail: Mail) -> SentMail:
        self.suffers("send_mail")
        self.mailed.append(mail.kind)
        self.sent.append(mail)
        self._references[reference] = mail.kind
        self.suffers("after send_mail")
        return SentMail(id=f"m-{reference}", reference=reference)

    @hookimpl
    def find_mails(self, reference: str, mail: Mail) -> list[SentMail]:
        return [SentMail(id=f"m-{reference}", reference=reference)] if reference in self._references else []

    @hookimpl
    def put_subscriber(self, email: str, business: str) -> None:
        self.suffers("put_subscriber")
        self.listed.append(email)

    @hookimpl
    def put_contact(self, person: Person) -> Contact:
        self.suffers("put_contact")
        self.contacts.append(person)
        return Contact(id=person.email)


def _subscription(key: str, reference: str) -> Subscription:
    invoice = Invoice(id=f"i-{key}", number="INV-1", total=Money(minor=1900), due=Money(minor=0))
    return Subscription(id=key, reference=reference, invoice=invoice, made_at=datetime.now(UTC))
