"""Counts what exists at the vendors against what the customers' pages say. It believes nothing else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from uuid import UUID

from arumaldo.bus.work import Reference
from arumaldo.demo.report import TOLD_TO_THE_LIVE, Ledgers
from arumaldo.flows.letters import LETTERS
from arumaldo.sandbox import Entry
from arumaldo_prove.people import Person

_STEPS = {
    "charges": "payments.charge",
    "sites": "hosting.create_site",
    "returns": "payments.give_back",
    "subscriptions": "billing.create_subscription",
    "invoices": "billing.create_subscription",
    "payments": "billing.record_payment",
}
"""Kind of object → the step that makes it for an order, from which its reference follows."""
_KINDS = (*_STEPS, "customers", "emails", "zones", "contacts")
"""All kinds that are counted: of an order, of a person by their address (mails: of each sort), or of a domain."""
_AT_EACH = {"contacts"}
"""Of these one person has one at each vendor that keeps any."""
_OF_AN_ACCOUNT, _OF_A_DOMAIN = ("confirm",), ("name-servers", "connected")
"""The sorts of mail that are not about an order."""
_LIVE_HAS = ("subscriptions", "invoices", "payments")
_KEPT = 10
"""So much of a reference is kept by a vendor that has room for a name alone."""
_GENERATIONS = 20
_GLANCE = 1.0


@dataclass(frozen=True)
class Findings:
    """`doubles`: kind → objects beyond one per order, counted also when they were undone later (`undone` of them).

    `lost`: orders whose money was taken, and that have neither a site nor all of that money back. `both`: orders that
    have a site and all of their money.
    """

    charges: list[int]
    """For each customer: charges that took effect, returned ones too."""
    kept: list[int]
    """For each customer: charges whose money did not go back."""
    sites: list[int]
    amiss: list[list[str]]
    """For each customer who came to an end: what they should have beside it and have not, or still have."""
    doubled: list[str]
    """What they are, for people."""
    doubles: dict[str, int]
    undone: dict[str, int]
    lost: int
    both: int
    refunds: int


def judge(people: Sequence[Person], ledgers: Ledgers) -> Findings:
    """What the vendors' books say of these customers."""
    orders = {_short(one): order for person in people for order in person.orders for one in _references(order)}
    kinds = {kind: list(_in_effect(ledgers, kind)) for kind in _KINDS}
    found = {kind: _by_thing(kind, entries, orders) for kind, entries in kinds.items()}
    allowed = _allowed(people)
    doubled = {kind: [one[_most(allowed, kind, thing) :] for thing, one in things.items()]
               for kind, things in found.items()}  # fmt: skip
    paid, live = set(found["charges"]), _with_a_site(found["sites"])
    is_returned = _returns(kinds["returns"])
    returned = {order for order, charges in found["charges"].items() if all(map(is_returned, charges))}
    kept = {order: [one for one in charges if not is_returned(one)] for order, charges in found["charges"].items()}
    kept_by = {kind: sorted(vendor for vendor, of in ledgers.items() if kind in of) for kind in _KINDS}
    return Findings(
        charges=[_count(person, found["charges"]) for person in people],
        kept=[_count(person, kept) for person in people],
        sites=[_count(person, found["sites"]) for person in people],
        amiss=[_amiss(person, found, kept_by) for person in people],
        doubled=[
            f"{kind} {thing}: {len(surplus)} too many"
            for kind, things in found.items()
            for thing, surplus in zip(things, doubled[kind], strict=True)
            if surplus
        ],
        doubles={kind: sum(map(len, surplus)) for kind, surplus in doubled.items()},
        undone={kind: sum(e.state == "undone" for e in chain(*surplus)) for kind, surplus in doubled.items()},
        lost=len(paid - live - returned),
        both=len(paid & live & returned),
        refunds=len(kinds["returns"]),
    )


def judged(people: Sequence[Person], ledgers: Callable[[], Ledgers], patience: float) -> Findings:
    """The same, as soon as nothing is amiss with anybody; after so many seconds, whatever there is then."""
    ends_at = time.monotonic() + patience
    while any((found := judge(people, ledgers())).amiss) and time.monotonic() < ends_at:
        time.sleep(_GLANCE)
    return found


def _allowed(people: Iterable[Person]) -> dict[tuple[str, str], int]:
    """(Kind, address, or the sort of a mail and the address) → how many there may be.

    Who lost their account, order or domain with the book has signed up, bought or entered it anew.
    """
    allowed = {}
    for person in people:
        allowed["customers", person.email] = allowed["contacts", person.email] = person.accounts
        times = dict.fromkeys(_OF_AN_ACCOUNT, person.accounts) | dict.fromkeys(_OF_A_DOMAIN, person.entered)
        allowed |= {("emails", f"{sort} {person.email}"): times.get(sort, len(person.orders)) for sort in LETTERS}
    return allowed


def _most(allowed: Mapping[tuple[str, str], int], kind: str, thing: str) -> int:
    return max(1, allowed.get((kind, thing), allowed.get((kind, _whose(thing)), 1)))


def _amiss(
    person: Person, found: Mapping[str, Mapping[str, Sequence[Entry]]], kept_by: Mapping[str, Sequence[str]]
) -> list[str]:
    """What somebody lacks beside a live site, of the kinds that any vendor keeps; or what outlived their money."""
    there = {kind: {thing for thing, entries in things.items() if entries[0].state == "live"}
             for kind, things in found.items()}  # fmt: skip
    if person.ended == "returned":
        return ["a subscription for money that went back"] if there["subscriptions"] & person.orders else []
    if person.ended != "live":
        return []
    wanted = {"customers": {person.email}, "zones": person.domains, **dict.fromkeys(_LIVE_HAS, person.orders)}
    lacks = [f"no {kind}" for kind, any_of in wanted.items() if kept_by[kind] and not there[kind] & any_of]
    lacks += [f"no contact at {at}" for at in kept_by["contacts"] if f"{at} {person.email}" not in there["contacts"]]
    if kept_by["emails"]:
        lacks += [f"no mail {sort}" for sort in TOLD_TO_THE_LIVE if f"{sort} {person.email}" not in there["emails"]]
    return lacks


def _references(order: str) -> Iterable[str]:
    for generation in range(1, _GENERATIONS):
        for step in _STEPS.values():
            yield Reference(UUID(order), generation).at(step)


def _short(reference: str) -> str:
    return reference[:_KEPT]


def _in_effect(ledgers: Ledgers, kind: str) -> Iterable[Entry]:
    for vendor, kinds in ledgers.items():
        for entry in kinds.get(kind, ()):
            if entry.state != "refused":
                yield _marked(entry, vendor) if kind in _AT_EACH else entry


def _marked(entry: Entry, vendor: str) -> Entry:
    address = entry.facts.get("email") or entry.reference
    return entry.model_copy(update={"id": f"{vendor} {entry.id}", "facts": {"email": f"{vendor} {address}"}})


def _by_thing(kind: str, entries: Iterable[Entry], orders: dict[str, str]) -> dict[str, list[Entry]]:
    """What was made, by what it was made for. What has no order that a page named stands for itself.

    Those that are in force come first, so that what is surplus is what was undone.
    """
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.state != "live"):
        found.setdefault(_thing(kind, entry, orders), []).append(entry)
    return found


def _thing(kind: str, entry: Entry, orders: Mapping[str, str]) -> str:
    """The order, "the sort and the address" of a mail, the address of a person, the domain; else our reference."""
    own = entry.reference or entry.id
    if kind == "emails" and "to" in entry.facts:
        return f"{entry.facts.get('kind', '')} {entry.facts['to']}"
    if kind in ("contacts", "customers"):
        return entry.facts.get("email") or own
    return orders.get(_short(own), _short(own)) if kind in _STEPS else own


def _whose(thing: str) -> str:
    """The address, where a thing ends with one."""
    return thing.rpartition(" ")[2]


def _count(person: Person, by_order: dict[str, list[Entry]]) -> int:
    return sum(len(by_order.get(order, ())) for order in person.orders)


def _with_a_site(sites: Mapping[str, Sequence[Entry]]) -> set[str]:
    return {order for order, entries in sites.items() if any(entry.state == "live" for entry in entries)}


def _returns(returns: Iterable[Entry]) -> Callable[[Entry], bool]:
    """Whether a charge went back to the cent, by the returns that name it; a part is not enough."""
    back: Counter[tuple[str, str]] = Counter()
    for entry in returns:
        if entry.state == "live":
            amount, currency = _money(entry)
            back[entry.facts.get("charge", ""), currency] += amount

    def is_returned(charge: Entry) -> bool:
        amount, currency = _money(charge)
        return amount > 0 and back[charge.id, currency] >= amount

    return is_returned


def _money(entry: Entry) -> tuple[int, str]:
    """The `amount` of a ledger's line ("20.57 USD") in hundredths; nothing where the ledger does not say it."""
    number, _, currency = entry.facts.get("amount", "0 -").partition(" ")
    return int(Decimal(number) * 100), currency
