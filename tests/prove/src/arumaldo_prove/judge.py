"""Counts what exists at the vendors against what the customers' pages say. It believes nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from uuid import UUID

from arumaldo.bus.work import Reference
from arumaldo.demo.report import Ledgers
from arumaldo.sandbox import Entry
from arumaldo_prove.people import Person

_STEPS = {
    "charges": "payments.charge",
    "sites": "hosting.create_site",
    "returns": "payments.give_back",
    "subscriptions": "billing.create_subscription",
}
"""Kind of object → the step that makes it for an order, from which its reference follows."""
_KINDS = (*_STEPS, "customers", "payments", "emails", "zones", "contacts")
"""All kinds that are counted; each of the others bears what it was made for: our reference, or an address."""
_AT_EACH = {"contacts"}
"""Of these one person has one at each vendor that keeps any."""
_KEPT = 10
"""So much of a reference is kept by a vendor that has room for a name alone."""
_GENERATIONS = 20


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
    doubles: dict[str, int]
    undone: dict[str, int]
    lost: int
    both: int
    refunds: int


def judge(people: Sequence[Person], ledgers: Ledgers) -> Findings:
    """What the vendors' books say of these customers."""
    orders = {_short(one): order for person in people for order in person.orders for one in _references(order)}
    kinds = {kind: list(_in_effect(ledgers, kind)) for kind in _KINDS}
    by_order = {kind: _by_order(entries, orders) for kind, entries in kinds.items()}
    doubled = {kind: [entries[1:] for entries in found.values()] for kind, found in by_order.items()}
    paid, live = set(by_order["charges"]), _with_a_site(by_order["sites"])
    is_returned = _returns(kinds["returns"])
    returned = {order for order, charges in by_order["charges"].items() if all(map(is_returned, charges))}
    kept = {order: [one for one in found if not is_returned(one)] for order, found in by_order["charges"].items()}
    return Findings(
        charges=[_count(person, by_order["charges"]) for person in people],
        kept=[_count(person, kept) for person in people],
        sites=[_count(person, by_order["sites"]) for person in people],
        doubles={kind: sum(map(len, surplus)) for kind, surplus in doubled.items()},
        undone={kind: sum(e.state == "undone" for e in chain(*surplus)) for kind, surplus in doubled.items()},
        lost=len(paid - live - returned),
        both=len(paid & live & returned),
        refunds=len(kinds["returns"]),
    )


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
    return entry.model_copy(update={"reference": f"{vendor} {entry.reference}", "id": f"{vendor} {entry.id}"})


def _by_order(entries: Iterable[Entry], orders: dict[str, str]) -> dict[str, list[Entry]]:
    """What has no order that a page named stands for itself, by its reference: also there one is enough.

    Those that are in force come first, so that what is surplus is what was undone.
    """
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.state != "live"):
        reference = entry.reference or entry.id
        found.setdefault(orders.get(_short(reference), reference), []).append(entry)
    return found


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
