"""Ends a worker once at every place where a step can be cut, each in another onboarding, and counts at the vendors."""

from __future__ import annotations

import contextlib
import json
import queue
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from arumaldo.demo.files import write_whole
from arumaldo.errors import HubError
from arumaldo_prove.judge import Findings, judged
from arumaldo_prove.pages import Meter
from arumaldo_prove.people import Person
from arumaldo_prove.stage import Stage, staged

_PARALLEL = 12
_PATIENCE = 240.0
"""Seconds for one onboarding: its cut, a minute until an answer is final, and the cuts of its neighbours."""
_AFTERWARDS = 60.0
"""Seconds for what is still done when the last customer has seen the site: a mail, an entry in the books."""
_ACCOUNT_OF = "SELECT account_id::text FROM orders WHERE id::text = ANY(%s)"


@dataclass(frozen=True)
class Explored:
    """`well` of `cuts` places were cut and ended in one charge and one site; there are `places` of them."""

    seed: int
    places: int
    cuts: int
    well: int
    wrong: Sequence[str] = field(default=())

    @property
    def holds(self) -> bool:
        return self.cuts == self.well and self.cuts > 0

    def as_json(self) -> str:
        """One line."""
        return json.dumps({**asdict(self), "holds": self.holds})

    def as_table(self) -> str:
        """For people."""
        chosen = "" if self.cuts == self.places else f", chosen evenly from {self.places}"
        return "\n".join([*self.wrong, f"crash points: {self.well} of {self.cuts}{chosen}"])


def explore(config: Path, seed: int, most: int | None, say: Callable[[str], None]) -> Explored:
    """Find the places in one onboarding, then cut one in each of as many onboardings, or of `most`."""
    with tempfile.TemporaryDirectory(prefix="arumaldo-cuts-") as name:
        folder = Path(name)
        worker = ("-m", "arumaldo_prove.worker", "--cuts", name)
        with staged(config, say, worker=worker) as stage:
            return stage.during(lambda: _explore(stage, folder, seed, most))


def _explore(stage: Stage, folder: Path, seed: int, most: int | None) -> Explored:
    if not _walks(stage, seed).ended:
        raise HubError("the onboarding that was to show where it can be cut came to no end")
    found = list(dict.fromkeys((folder / "seen").read_text(encoding="utf-8").splitlines()))
    places = chosen(found, seed, most)
    write_whole(folder / "plan.json", json.dumps(places))
    stage.say(f"{len(found)} places to cut, of which {len(places)} are cut now")
    people = _all_walk(stage, seed, len(places))
    taken = json.loads((folder / "taken.json").read_text(encoding="utf-8"))
    by_number = {taken[account]: person for person in people for account in _account(stage, person) if account in taken}
    at_vendors = judged(people, stage.ledgers, _AFTERWARDS)
    wrong = _doubled(at_vendors)
    for number, place in enumerate(places):
        person = by_number.get(number)
        had = None if person is None else _had(at_vendors, people.index(person))
        if problem := _problem(person, (folder / f"hit-{number}").exists(), had):
            wrong.append(f"{place}: {problem}")
    return Explored(seed, len(found), len(places), max(0, len(places) - len(wrong)), wrong)


def chosen(places: Sequence[str], seed: int, most: int | None) -> list[str]:
    """At most so many, evenly along the way; the next seed chooses their neighbours."""
    step = -(-len(places) // most) if most else 1
    return list(places[seed % step :: step])


def _all_walk(stage: Stage, seed: int, count: int) -> list[Person]:
    """So many onboardings, a few at a time, in threads that nobody waits for after a Ctrl-C."""
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    people: queue.SimpleQueue[Person] = queue.SimpleQueue()
    for number in range(1, count + 1):
        numbers.put(seed + number)

    def one_after_the_other() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                people.put(_walks(stage, numbers.get_nowait()))

    for _ in range(_PARALLEL):
        threading.Thread(target=one_after_the_other, daemon=True).start()
    found = []
    for number in range(count):
        found.append(people.get())
        if number % 10 == 0:
            stage.say(f"{number} of {count} onboardings have ended")
    return found


def _walks(stage: Stage, number: int) -> Person:
    enough = threading.Event()
    person = Person(stage.tree.base_url, stage.tree.sandbox_url, number, enough, Meter())
    late = threading.Timer(_PATIENCE, enough.set)
    late.start()
    with person.browser:
        person.walk()
    late.cancel()
    return person


def _account(stage: Stage, person: Person) -> list[str]:
    return [account for (account,) in stage.rows(_ACCOUNT_OF, list(person.orders))]


def _doubled(found: Findings) -> list[str]:
    return [f"{count} {kind} too many" for kind, count in found.doubles.items() if count]


def _had(found: Findings, number: int) -> str:
    """What one customer has at the vendors beyond or short of one of everything; "": nothing."""
    counted = {"charges": found.charges[number], "sites": found.sites[number]}
    wrong = [f"{count} {kind}" for kind, count in counted.items() if count != 1]
    return ", ".join([*wrong, *found.amiss[number]])


def _problem(person: Person | None, was_cut: bool, had: str | None) -> str | None:
    """What is wrong with the onboarding that was to be cut there; None: nothing."""
    if person is None:
        return "no onboarding came so far"
    if not was_cut:
        return "it was not reached"
    if person.ended != "live":
        return f"no end: {person.said}"
    return had or None
