"""The judge finds what it is there to find."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from arumaldo_prove.judge import judge
from arumaldo_prove.people import Meter, Person

from arumaldo.bus.work import Reference
from arumaldo.demo.report import Ledgers
from arumaldo.sandbox import Entry

State = Any
CHARGE, SITE = "payments.charge", "hosting.create_site"


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

    def make(step: str, state: State = "live", generation: int = 1, of: uuid.UUID | None = None) -> Entry:
        return Entry(id=uuid.uuid4().hex, reference=Reference(of or order, generation).at(step), state=state)

    return make


def books(charges: list[Entry], sites: list[Entry], returns: list[Entry] | None = None) -> Ledgers:
    return {"gateway": {"charges": charges, "returns": returns or []}, "host": {"sites": sites}}


def test_one_charge_and_one_site_are_right(person: Person, made: Callable[..., Entry]) -> None:
    found = judge([person], books([made(CHARGE)], [made(SITE)]))
    assert (found.charges, found.sites) == ([1], [1])
    assert (sum(found.doubles.values()), found.undone, found.lost) == (0, 0, 0)


def test_a_second_charge_is_found_although_it_was_given_back(person: Person, made: Callable[..., Entry]) -> None:
    found = judge([person], books([made(CHARGE, "undone"), made(CHARGE)], [made(SITE)]))
    assert (found.charges, found.doubles["charges"], found.undone) == ([2], 1, 1)


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
    back = Entry(id="back", reference="the return")
    found = judge([person], books([made(CHARGE, "undone")], [made(SITE, "undone")], [back]))
    assert (found.lost, found.refunds) == (0, 1)


def test_a_vendor_that_keeps_only_the_beginning_of_a_reference_is_understood(
    person: Person, made: Callable[..., Entry]
) -> None:
    whole = made(SITE)
    part = whole.model_copy(update={"id": "another", "reference": (whole.reference or "")[:10]})
    assert judge([person], books([made(CHARGE)], [part])).lost == 0
    assert judge([person], books([made(CHARGE)], [whole, part])).doubles["sites"] == 1
