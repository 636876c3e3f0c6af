"""Who somebody is: in the CRM, on the mail list, and whether the address is theirs."""

from __future__ import annotations

from arumaldo.bus.handlers import handles
from arumaldo.bus.work import Work
from arumaldo.capabilities.customers import Person
from arumaldo.flows import facts
from arumaldo.flows.mails import owner_of
from arumaldo.store.business import Brief
from arumaldo.store.scope import Rows

# What a vendor refuses here is set aside and stands on the operator's list; the customer goes on meanwhile.


@handles(facts.AccountOpened, calls="customers")
def put_the_contact(message: facts.AccountOpened, work: Work) -> None:
    _put_the_contact(work)


@handles(facts.PreviewApproved, calls="customers")
def name_the_contacts_business(message: facts.PreviewApproved, work: Work) -> None:
    """By now the customer has said what the business is called."""
    _put_the_contact(work)


@handles(facts.AddressConfirmed, calls="customers")
def put_the_confirmed_contact(message: facts.AddressConfirmed, work: Work) -> None:
    """The address may be another one than at first."""
    _put_the_contact(work)


@handles(facts.AddressConfirmed, calls="email")
def put_on_the_mail_list(message: facts.AddressConfirmed, work: Work) -> None:
    """Only who has shown that the address is theirs hears from us."""
    with work.transaction() as rows:
        person = _person(rows)
    work.hub.email.put_subscriber(email=person.email, business=person.business)


def _put_the_contact(work: Work) -> None:
    with work.transaction() as rows:
        person = _person(rows)
    work.hub.customers.put_contact(person=person)


def _person(rows: Rows) -> Person:
    brief = rows.first(Brief, order_by=Brief.id.desc())
    return Person(email=owner_of(rows).email, business=str(brief.answers.get("business_name", "")) if brief else "")
