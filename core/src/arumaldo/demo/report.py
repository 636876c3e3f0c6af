"""What the vendors' ledgers hold after a walk, counted, and whether it is what it should be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from arumaldo.sandbox import Entry

Ledgers = Mapping[str, Mapping[str, Sequence[Entry]]]
"""Plugin → kind → everything that was ever made there."""

ONCE = ("charges", "sites")
"""The kinds of which every customer must have exactly one."""


@dataclass(frozen=True)
class Report:
    """The end of a walk. `seconds` is how long it took."""

    customers: int
    live: int
    doubles: int
    seconds: float
    ledgers: Mapping[str, Mapping[str, int]]
    """Plugin → kind → how many objects are in force there."""
    reasons: Sequence[str] = field(default=())
    """Why customers have no site, a sentence each."""

    @property
    def failed(self) -> int:
        return self.customers - self.live

    @property
    def agrees(self) -> bool:
        """Whether every customer is live, with one charge and one site each and nothing twice."""
        totals = [sum(kinds.get(kind, 0) for kinds in self.ledgers.values()) for kind in ONCE]
        return self.failed == 0 and self.doubles == 0 and all(total == self.customers for total in totals)

    def as_json(self) -> str:
        """One line."""
        facts: dict[str, Any] = {
            "customers": self.customers,
            "live": self.live,
            "failed": self.failed,
            "doubles": self.doubles,
            "seconds": round(self.seconds, 1),
            "ledgers": self.ledgers,
        }
        return json.dumps(facts)

    def as_text(self) -> str:
        """For people: a line for the customers, then one for each kind of object."""
        head = f"{self.live} of {self.customers} customers are live, after {self.seconds:.1f} seconds."
        verdict = "Nothing exists twice." if not self.doubles else f"{self.doubles} objects exist twice."
        rows = [
            f"  {plugin:16} {kind:16} {count:>6}"
            for plugin, kinds in self.ledgers.items()
            for kind, count in kinds.items()
        ]
        return "\n".join([f"{head} {verdict}", *rows])


def read_ledgers(sandbox_url: str) -> Ledgers:
    """All ledgers as they are now."""
    with httpx2.Client(trust_env=False, timeout=30) as client:
        answer = client.get(f"{sandbox_url}/_control/ledger").raise_for_status()
    return {
        plugin: {kind: [Entry.model_validate(entry) for entry in entries] for kind, entries in kinds.items()}
        for plugin, kinds in answer.json().items()
    }


def since(before: Ledgers, after: Ledgers) -> Ledgers:
    """What is in force in `after` and was not there before."""
    return {
        plugin: {kind: _new(before.get(plugin, {}).get(kind, ()), entries) for kind, entries in kinds.items()}
        for plugin, kinds in after.items()
    }


def _new(before: Sequence[Entry], after: Sequence[Entry]) -> list[Entry]:
    known = {entry.id for entry in before}
    return [entry for entry in after if entry.state == "live" and entry.id not in known]


def counts(ledgers: Ledgers) -> dict[str, dict[str, int]]:
    """How many there are, by plugin and kind."""
    return {plugin: {kind: len(entries) for kind, entries in kinds.items()} for plugin, kinds in ledgers.items()}


def doubles(ledgers: Ledgers, customers: int) -> int:
    """Objects beyond one per thing they were made for, and charges and sites beyond one for each customer.

    Objects without our reference (an answer of a language model) are nobody's second one.
    """
    found = 0
    kinds = {kind for of_plugin in ledgers.values() for kind in of_plugin}
    for kind in kinds:
        references: Counter[str] = Counter()
        for of_plugin in ledgers.values():
            references.update(entry.reference for entry in of_plugin.get(kind, ()) if entry.reference)
        twice = sum(times - 1 for times in references.values())
        total = sum(len(of_plugin.get(kind, ())) for of_plugin in ledgers.values())
        found += max(twice, total - customers) if kind in ONCE else twice
    return found
