"""What the vendors' ledgers hold after a walk, counted, and whether it is what it should be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from arumaldo.flows.letters import LETTERS
from arumaldo.http import new_client
from arumaldo.sandbox import Entry

Ledgers = Mapping[str, Mapping[str, Sequence[Entry]]]
"""Plugin → kind → everything that was ever made there."""

ONCE = ("charges", "contacts", "emails", "sites", "subscriptions", "zones")
"""The kinds of which every customer must have exactly one: of mails, one of each `kind` that the ledger says."""
_AT_EACH = {"contacts"}
"""Of these there is one at each vendor who keeps any: the CRM has a contact, and so has the mail list."""
TOLD_TO_THE_LIVE = tuple(sorted(LETTERS.keys() - {"money-back"}))
"""The kinds of mail that somebody with a site at their own domain has got."""
_SORTED = {"emails": TOLD_TO_THE_LIVE}
"""Of these there is one of each sort."""
_SORT = ": "


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
        """Whether every customer is live, with one of everything that is made once, and nothing twice."""
        return self.failed == 0 and self.doubles == 0 and once_each(self.ledgers, self.customers)

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
    with new_client(trust_env=False, timeout=30) as client:
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
    """How many there are, by plugin and kind; where a ledger tells sorts apart, also by "kind: sort"."""
    return {plugin: _counted(kinds) for plugin, kinds in ledgers.items()}


def _counted(kinds: Mapping[str, Sequence[Entry]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind, entries in kinds.items():
        found[kind] = len(entries)
        sorts = Counter(entry.facts["kind"] for entry in entries if "kind" in entry.facts)
        found |= {f"{kind}{_SORT}{sort}": count for sort, count in sorted(sorts.items())}
    return found


def once_each(found: Mapping[str, Mapping[str, int]], customers: int) -> bool:
    """Whether `counts` found as many as there are customers of everything that is made once for each."""
    return all(_is_once(found, kind, customers) for kind in ONCE)


def _is_once(found: Mapping[str, Mapping[str, int]], kind: str, customers: int) -> bool:
    """Whether there is one for each customer: in all, or at each vendor that keeps any, or of each sort."""
    if kind in _AT_EACH:
        at = [kinds[kind] for kinds in found.values() if kind in kinds]
        return bool(at) and all(count == customers for count in at)
    names = [f"{kind}{_SORT}{sort}" for sort in _SORTED[kind]] if kind in _SORTED else [kind]
    return all(sum(kinds.get(name, 0) for kinds in found.values()) == customers for name in names)


def doubles(ledgers: Ledgers, customers: int) -> int:
    """Objects beyond one per thing they were made for, and charges, sites and zones beyond one for each customer.

    Objects without our reference (an answer of a language model) are nobody's second one.
    """
    kinds = {kind for of_plugin in ledgers.values() for kind in of_plugin}
    return sum(_doubles(ledgers, kind, customers) for kind in kinds)


def _doubles(ledgers: Ledgers, kind: str, customers: int) -> int:
    at = [list(of_plugin.get(kind, ())) for of_plugin in ledgers.values()]
    if kind in _AT_EACH:
        return sum(map(_twice, at))
    found = list(chain(*at))
    beyond = len(found) - customers if kind in ONCE and kind not in _SORTED else 0
    return max(_twice(found), beyond)


def _twice(entries: Sequence[Entry]) -> int:
    references = Counter(entry.reference for entry in entries if entry.reference)
    return sum(times - 1 for times in references.values())
