"""Switches the saboteur on and off, by changing the configuration of what runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from arumaldo.bus.run import DEADLY
from arumaldo.errors import ConfigError
from arumaldo_prove.saboteur.deeds import DEEDS, read_notes
from arumaldo_prove.stage import Stage

PLUGIN_FAULTS = {f"plugin-{deed}": deed for deed in DEEDS}
_MESSAGES, _PRICE = 31, 1
"""What the saboteur is shown of each customer."""
_DEEDS_EACH = 6
_MOST = 0.2
_BEHIND = "zoho"
"""Whose books the saboteur keeps."""
_BILLING = re.compile(r"(?m)^billing\s*=.*$")


@dataclass(frozen=True)
class Poison:
    """What became of the messages that always end or hold up whoever runs them."""

    messages: int
    most_workers: int
    """So many workers were ended or held up by one and the same message, at most."""
    alone: int
    """So many times one of them ran in a process of its own."""

    @property
    def isolated(self) -> bool:
        return self.most_workers <= DEADLY


def share_for(customers: int) -> float:
    """Enough that each deed is done at about six things, however many customers there are."""
    return min(_MOST, _DEEDS_EACH / (customers * (_MESSAGES + _PRICE)))


class Sabotage:
    """The saboteur in the configuration of a stage: not there, switched on, and there without doing harm."""

    def __init__(self, stage: Stage, names: Sequence[str], customers: int) -> None:
        self._stage = stage
        self._deeds = [deed for name, deed in PLUGIN_FAULTS.items() if name in names]
        self._share = share_for(customers)
        self._notes = stage.config.parent / "saboteur"
        self._billing = ""

    def begin(self) -> None:
        """From now on it hears all messages and serves new customers. ConfigError: nobody is named for billing."""
        if not self._deeds:
            return
        with self._stage.changing:
            text = self._stage.config.read_text(encoding="utf-8")
            found = _BILLING.search(text)
            if found is None:
                raise ConfigError("the configuration names nobody for billing")
            self._billing = found[0]
            changed = _BILLING.sub('billing = "saboteur"', text, count=1)
            shares = "".join(f"{deed} = {self._share:.4f}\n" for deed in self._deeds)
            self._stage.config.write_text(f"{changed}\n{self._table()}{shares}", encoding="utf-8")

    def end(self) -> None:
        """It stays, because customers are bound to it, and does its work from now on; what hangs, hangs."""
        if not self._billing:
            return
        with self._stage.changing:
            text = self._stage.config.read_text(encoding="utf-8").partition(self._table())[0]
            self._stage.config.write_text(_BILLING.sub(self._billing, text, count=1) + self._table(), encoding="utf-8")
        self._billing = ""

    def counts(self) -> dict[str, int]:
        """How often it did what it was asked for: when it heard of something, and `…-in-a-call` of its own."""
        notes = read_notes(self._notes)
        heard = Counter(str(note["deed"]) for note in notes if _is_event(note))
        called = Counter(str(note["deed"]) for note in notes if not _is_event(note))
        asked = {name: deed for name, deed in PLUGIN_FAULTS.items() if deed in self._deeds}
        return {name: heard[deed] for name, deed in asked.items()} | {
            f"{name}-in-a-call": called[deed] for name, deed in asked.items()
        }

    def poison(self) -> Poison:
        """What became of its poison."""
        return poison_in(read_notes(self._notes))

    def _table(self) -> str:
        books = f"{self._stage.tree.sandbox_url}/{_BEHIND}"
        return f"[plugins.saboteur]\nnotes = '{self._notes}'\nbooks = '{books}'\n"


def poison_in(notes: Sequence[dict[str, object]]) -> Poison:
    """A message that raises ends nobody and is not counted; nor is a price, which goes wrong but once."""
    fatal = [note for note in notes if note["deed"] != "raises" and _is_event(note)]
    workers = Counter(str(note["what"]) for note in fatal if not note["alone"])
    return Poison(len(workers), max(workers.values(), default=0), sum(bool(note["alone"]) for note in fatal))


def _is_event(note: dict[str, object]) -> bool:
    return str(note["what"]).startswith("event ")
