"""The judge finds what it is there to find."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from arumaldo_prove.judge import judge
from arumaldo_prove.pages import Meter
from arumaldo_prove.people import Person

from arumaldo.bus.work import Reference
from arumaldo.demo.report import Ledgers
from arumaldo.sandbox import Entry

State = Any
CHARGE, SITE = "payments.charge", "hosting.create_site"
SUBSCRIPTION, PAYMENT = "billing.create_subscription", "billing.record_payment"
MAILS = ("confirm", "connected", "handover", "name-servers", "receipt")


@pytest.fixture
def order() -> uuid.UUID:
    return uuid.uuid4()


@pytest.fixture
def person(order: uuid.UUID) -> Person:
    someone = Person("http://localhost:1", "http://localhost:2", 1, threading.Event(), Meter())
    someone.orders.add(str(order))
    return someone


@pytest.fixture
def made(order: uuid.UUID) -> Callable[..., Entry]:
    """One object for the order."""

    def make(
        step: str, state: State = "live", generation: int = 1, of: uuid.UUID | None = None, amount: str = "19.00 USD"
    ) -> Entry:
        reference = Reference(of or order, generation).at(step)
        return Entry(id=uuid.uuid4().hex, reference=reference, state=state, facts={"amount": amount})

    return make


def back(charge: Entry, amount: str = "19.00 USD", state: State = "live") -> Entry:
    """What the gateway's ledger says of a return."""
    return Entry(id=uuid.uuid4().hex, reference="it", state=state, facts={"amount": amount, "charge": charge.id})


def books(charges: list[Entry], sites: list[Entry], returns: list[Entry] | None = None) -> Ledgers:
    return {"gateway": {"charges": charges, "returns": returns or []}, "host": {"sites": sites}}


def test_one_charge_and_one_site_are_right(person: Person, made: Callable[..., Entry]) -> None:
    found = judge([person], books([made(CHARGE)], [made(SITE)]))
    assert (found.charges, found.sites) == ([1], [1])
    assert (sum(found.doubles.values()), sum(found.undone.values()), found.lost, found.both) == (0, 0, 0, 0)


def test_a_second_charge_is_found_although_it_was_given_back(person: Person, made: Callable[..., Entry]) -> None:
    found = judge([person], books([made(CHARGE, "undone"), made(CHARGE)], [made(SITE)]))
    assert (found.charges, found.doubles["charges"], found.undone["charges"]) == ([2], 1, 1)


def test_a_charge_of_the_next_try_is_a_second_one_of_the_same_order(person: Person, made: Callable[..., Entry]) -> None:
    found = judge([person], books([made(CHARGE), made(CHARGE, generation=2)], [made(SITE)]))
    assert found.doubles["charges"] == 1


def test_a_declined_charge_is_none(person: Person, made: Callable[..., Entry]) -> None:
    found = judge([person], books([made(CHARGE, "refused"), made(CHARGE, generation=2)], [made(SITE)]))
    assert (found.charges, found.doubles["charges"]) == ([1], 0)


def test_a_second_site_is_found_also_of_an_order_that_no_page_named(person: Person, made: Callable[..., Entry]) -> None:
    stranger = uuid.uuid4()
    found = judge([person], books([], [made(SITE, of=stranger), made(SITE, of=stranger)]))
    assert found.doubles["sites"] == 1


def test_money_without_a_site_is_lost(person: Person, made: Callable[..., Entry]) -> None:
    assert judge([person], books([made(CHARGE)], [made(SITE, "undone")])).lost == 1


def test_money_that_went_back_is_not_lost(person: Person, made: Callable[..., Entry]) -> None:
    charge = made(CHARGE, "undone")
    found = judge([person], books([charge], [made(SITE, "undone")], [back(charge)]))
    assert (found.lost, found.both, found.refunds) == (0, 0, 1)


def test_two_parts_that_make_the_whole_are_a_full_return(person: Person, made: Callable[..., Entry]) -> None:
    charge = made(CHARGE)
    assert judge([person], books([charge], [], [back(charge, "18.99 USD"), back(charge, "0.01 USD")])).lost == 0


@pytest.mark.parametrize("part", ["18.99 USD", "19.00 EUR"])
def test_a_part_of_the_money_is_no_return(person: Person, made: Callable[..., Entry], part: str) -> None:
    charge = made(CHARGE, "undone")
    assert judge([person], books([charge], [], [back(charge, part)])).lost == 1


def test_a_return_that_was_taken_back_or_belongs_to_another_charge_is_none(
    person: Person, made: Callable[..., Entry]
) -> None:
    charge = made(CHARGE)
    assert judge([person], books([charge], [], [back(charge, state="undone")])).lost == 1
    assert judge([person], books([charge], [], [back(made(CHARGE))])).lost == 1


def test_a_charge_that_calls_itself_undone_is_lost_as_long_as_no_return_is_in_the_books(
    person: Person, made: Callable[..., Entry]
) -> None:
    assert judge([person], books([made(CHARGE, "undone")], [])).lost == 1


def test_one_of_two_charges_back_is_not_all_the_money(person: Person, made: Callable[..., Entry]) -> None:
    first, second = made(CHARGE), made(CHARGE)
    assert judge([person], books([first, second], [], [back(first)])).lost == 1
    assert judge([person], books([first, second], [made(SITE)], [back(first)])).both == 0


def test_a_site_together_with_all_the_money_is_told(person: Person, made: Callable[..., Entry]) -> None:
    charge = made(CHARGE, "undone")
    assert judge([person], books([charge], [made(SITE)], [back(charge)])).both == 1


def test_a_vendor_that_keeps_only_the_beginning_of_a_reference_is_understood(
    person: Person, made: Callable[..., Entry]
) -> None:
    whole = made(SITE)
    part = whole.model_copy(update={"id": "another", "reference": (whole.reference or "")[:10]})
    assert judge([person], books([made(CHARGE)], [part])).lost == 0
    assert judge([person], books([made(CHARGE)], [whole, part])).doubles["sites"] == 1


def test_two_sites_of_an_order_that_no_page_named_are_two_however_much_of_the_reference_is_kept(
    person: Person, made: Callable[..., Entry]
) -> None:
    whole = made(SITE, of=uuid.uuid4())
    part = whole.model_copy(update={"id": "another", "reference": (whole.reference or "")[:10]})
    assert judge([person], books([], [whole, part])).doubles["sites"] == 1


@pytest.fixture
def everything(person: Person, made: Callable[..., Entry]) -> dict[str, dict[str, list[Entry]]]:
    """What a customer has who came to a live site at a domain of their own."""
    person.ended = "live"
    person.accounts = 1
    person.domains.add("sunrise.example")

    def of(**facts: str) -> Entry:
        return Entry(id=uuid.uuid4().hex, reference=uuid.uuid4().hex, facts=facts)

    return {
        "gateway": {"charges": [made(CHARGE)]},
        "host": {"sites": [made(SITE)]},
        "books": {
            "subscriptions": [made(SUBSCRIPTION)], "invoices": [made(SUBSCRIPTION)], "payments": [made(PAYMENT)],
            "customers": [of(email=person.email)], "contacts": [of(email=person.email)],
        },
        "post": {
            "emails": [of(kind=kind, to=person.email) for kind in MAILS], "contacts": [of(email=person.email)],
        },
        "names": {"zones": [Entry(id="z1", reference="sunrise.example")]},
    }  # fmt: skip


def test_one_of_everything_is_right(person: Person, everything: Ledgers) -> None:
    found = judge([person], everything)
    assert (found.amiss, sum(found.doubles.values())) == ([[]], 0)


@pytest.mark.parametrize("kind", ["subscriptions", "invoices", "payments", "customers", "contacts", "emails", "zones"])
def test_one_thing_that_is_missing_is_amiss_and_a_second_one_is_a_double(
    person: Person, everything: dict[str, dict[str, list[Entry]]], kind: str
) -> None:
    vendor = next(name for name, kinds in everything.items() if kind in kinds)
    entries = everything[vendor][kind]
    last = entries.pop()
    assert len(judge([person], everything).amiss[0]) == 1
    entries += [last, last.model_copy(update={"id": "another"})]
    found = judge([person], everything)
    assert (found.amiss, found.doubles[kind]) == ([[]], 1)


@pytest.mark.parametrize(
    ("sort", "anew"),
    [
        ("confirm", lambda person: setattr(person, "accounts", 2)),
        ("receipt", lambda person: person.orders.add(str(uuid.uuid4()))),
        ("name-servers", lambda person: setattr(person, "entered", 2)),
    ],
)
def test_what_a_lost_book_had_forgotten_is_mailed_about_twice_and_nothing_else(
    person: Person, everything: dict[str, dict[str, list[Entry]]], sort: str, anew: Callable[[Person], None]
) -> None:
    emails = everything["post"]["emails"]
    twice = next(mail for mail in emails if mail.facts["kind"] == sort)
    other = next(mail for mail in emails if mail.facts["kind"] == "connected")
    emails.append(twice.model_copy(update={"id": "another", "reference": "another"}))
    found = judge([person], everything)
    assert found.doubles["emails"] == 1
    assert found.doubled == [f"emails {sort} {person.email}: 1 too many"]
    anew(person)
    assert judge([person], everything).doubles["emails"] == 0
    emails += [other.model_copy(update={"id": f"more {n}", "reference": f"more {n}"}) for n in range(2)]
    assert judge([person], everything).doubles["emails"] > 0


def test_a_subscription_that_outlives_the_money_is_amiss(
    person: Person, everything: dict[str, dict[str, list[Entry]]]
) -> None:
    person.ended = "returned"
    assert judge([person], everything).amiss == [["a subscription for money that went back"]]
    everything["books"]["subscriptions"] = []
    assert judge([person], everything).amiss == [[]]
