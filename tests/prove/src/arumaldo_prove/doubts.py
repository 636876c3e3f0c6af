"""How long it stayed in doubt whether a call to a vendor had made something.

`doubt_s`: from the intent of a call to the moment at which the book says what came of it, by the database's clock, of
all calls that were in doubt: marked as unknown, or open for more than six seconds.

`doubt_beyond_s`: the longest time after its documented `sure_after` in which a question stayed open, *and nobody was
at it, and somebody could have been*. After `sure_after` an empty answer of the vendor is final, so from then on one
look-up that is answered ends the doubt; a look-up that the vendor fails does not, and the next one has its own time.
What is not counted:

- while a worker holds the step: it asks, and waits for the vendor's answer; when it is dead or frozen, `takeover_s`
  says how long that lasts;
- while the vendor is left alone because it said so itself (Retry-After), failed five times in a row, or did not accept
  us: then it waits for a person;
- while all work is paused, because a restored book is being compared with the vendors;
- while no living worker has a thread free for it: after a restoration everything is in doubt at once, and takes turns;
- while the database is away, or no worker lives (`unmanned_s` says how long): nothing can be held then.

What is counted is ours: pauses between two looks, back-off after a look that failed, and steps that lie around.
`doubt_past_sure_s` is the same with nothing left out.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import kind_of
from arumaldo.workers import LANE_THREADS
from arumaldo_prove.stage import Stage

_GLANCE = 0.5
_AWAY = 2.0
"""Seconds between two looks at the database above which it was away."""
_OPEN_FOR_LONG = 6.0
_OPEN = """
WITH living AS (SELECT id FROM workers WHERE seen_at > hub_now() - interval '4 seconds')
SELECT e.id, e.step, e.state, e.intended_at, greatest(e.intended_at, e.created_at) AS began_at, hub_now() AS now,
       EXISTS (SELECT 1 FROM deliveries d WHERE d.account_id = e.account_id AND d.state = 'waiting'
               AND d.lane = split_part(e.step, '.', 1) AND d.holder IS NOT NULL) AS is_asked,
       (SELECT coalesce(sum(d.token), 0) FROM deliveries d WHERE d.account_id = e.account_id AND d.state = 'waiting'
        AND d.lane = split_part(e.step, '.', 1)) AS claims,
       coalesce(c.not_before > hub_now() OR c.parked_at IS NOT NULL, false) OR EXISTS (SELECT 1 FROM pauses)
         AS is_closed,
       (SELECT count(*) > 0 AND count(*) * {threads} <= (
          SELECT count(*) FROM deliveries h JOIN living l ON l.id = h.holder
          WHERE h.state = 'waiting' AND h.lane = split_part(e.step, '.', 1)) FROM living) AS is_crowded,
       NOT EXISTS (SELECT 1 FROM living) AS is_unmanned,
       (SELECT format('%%s, due in %%s s: %%s', d.handler, round(extract(epoch FROM d.due_at - hub_now())), d.waits_for)
        FROM deliveries d WHERE d.account_id = e.account_id AND d.state = 'waiting'
        AND d.lane = split_part(e.step, '.', 1) ORDER BY d.id LIMIT 1) AS step_said
FROM effects e
LEFT JOIN provider_clocks c
  ON c.reseller_id = e.reseller_id AND c.provider = e.provider || '/' || split_part(e.step, '.', 1)
WHERE e.state IN ('intended', 'unknown')
""".replace("{threads}", str(LANE_THREADS))
_ENDED = "SELECT id, intended_at, settled_at FROM effects WHERE id = ANY(%s)"


@dataclass(frozen=True)
class Open:
    """One question as the book shows it now."""

    id: Any
    step: str
    state: str
    intended_at: datetime
    """From when on an answer may be final; in a restored book, from the restoration, long before the call itself."""
    began_at: datetime
    now: datetime
    is_asked: bool
    claims: int
    """Rises whenever somebody takes it up."""
    is_closed: bool
    is_crowded: bool = False
    """Whether no living worker has a thread free for it."""
    is_unmanned: bool = False
    """Whether no worker lives."""
    step_said: str | None = None
    """Why the step waits, and for how long."""


@dataclass
class Doubt:
    """One question from its beginning to its end; seconds."""

    step: str
    began_at: datetime
    seen_at: datetime
    was_unknown: bool = False
    seconds: float = 0.0
    beyond: float = 0.0
    """Counted: the longest stretch. The next five say what went by after `sure_after`, and why."""
    waited: float = 0.0
    asked: float = 0.0
    closed: float = 0.0
    away: float = 0.0
    crowded: float = 0.0
    step_said: str = ""
    """At the end of the longest stretch."""
    _stretch: float = 0.0
    _claims: int = 0

    @property
    def past_sure(self) -> float:
        return max(0.0, self.seconds - sure_after(self.step))

    @property
    def counts(self) -> bool:
        return self.was_unknown or self.seconds > _OPEN_FOR_LONG

    def add(self, seconds: float, row: Open, *, is_away: bool) -> None:
        """So many seconds after `sure_after` went by."""
        is_away = is_away or row.is_unmanned
        if is_away or row.is_asked or row.is_closed or row.is_crowded or row.claims != self._claims:
            self._stretch = 0.0
        self._claims = row.claims
        if is_away:
            self.away += seconds
        elif row.is_asked:
            self.asked += seconds
        elif row.is_closed:
            self.closed += seconds
        elif row.is_crowded:
            self.crowded += seconds
        else:
            self.waited += seconds
            self._stretch += seconds
            if self._stretch > self.beyond:
                self.beyond, self.step_said = self._stretch, row.step_said or "no step of it is left"

    def told(self) -> str:
        """For whoever wants to know what took so long."""
        parts = {
            "with a worker": self.asked, "vendor left alone": self.closed, "nobody there": self.away,
            "no thread free": self.crowded, "waiting": self.waited,
        }  # fmt: skip
        why = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in parts.items() if seconds)
        said = f"; {self.beyond:.1f} s of it at a stretch, {self.step_said}" if self.beyond else ""
        return f"{self.step} {self.seconds:.1f} s; after it was sure: {why or 'nothing'}{said}"


@dataclass
class Questions:
    """Keeps account of the open questions from one look at the book to the next."""

    settled: list[Doubt] = field(default_factory=list)
    _open: dict[tuple[Any, datetime], Doubt] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Any]:
        """The effects that were open at the last look, those of a withdrawn intent too."""
        return [key for key, _ in self._open]

    def look(self, rows: Iterable[Open]) -> None:
        """What is open now."""
        for row in rows:
            key = (row.id, row.intended_at)
            doubt = self._open.setdefault(key, Doubt(row.step, row.began_at, row.began_at))
            doubt.was_unknown |= row.state == "unknown"
            since_sure = (row.now - row.intended_at).total_seconds() - sure_after(row.step)
            passed = (row.now - doubt.seen_at).total_seconds()
            doubt.add(max(0.0, min(passed, since_sure)), row, is_away=passed > _AWAY)
            doubt.seen_at, doubt.seconds = row.now, (row.now - row.began_at).total_seconds()

    def close(self, still: Iterable[Open], ended: Iterable[tuple[Any, datetime, datetime | None]]) -> None:
        """What is not open any more: settled, asked anew (the question before is answered), or withdrawn."""
        stays = {(row.id, row.intended_at) for row in still}
        known = {effect: (intended_at, settled_at) for effect, intended_at, settled_at in ended}
        for key in [key for key in self._open if key not in stays]:
            doubt = self._open.pop(key)
            intended_at, settled_at = known.get(key[0], (key[1], None))
            end = settled_at if intended_at == key[1] else intended_at
            if end is not None:
                doubt.seconds = (end - doubt.began_at).total_seconds()
            self.settled.append(doubt)

    def all(self) -> Sequence[Doubt]:
        """Every question that was one, those that are still open too."""
        return [doubt for doubt in (*self.settled, *self._open.values()) if doubt.counts]


class Doubts:
    """Looks at the book twice a second, in a thread of its own."""

    def __init__(self, stage: Stage) -> None:
        self.questions = Questions()
        self._stage = stage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="doubts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """A last look, and no more."""
        self._over.set()
        self._thread.join(timeout=10)
        with contextlib.suppress(psycopg.Error):
            self._look()

    def _watch(self) -> None:
        while not self._over.wait(_GLANCE):
            with contextlib.suppress(psycopg.Error):
                self._look()

    def _look(self) -> None:
        rows = [Open(*row) for row in self._stage.rows(_OPEN)]
        known = self.questions.waiting
        ended = self._stage.rows(_ENDED, known) if known else []
        self.questions.close(rows, ended)
        self.questions.look(rows)


def sure_after(step: str) -> float:
    """The documented seconds after which an empty answer to the look-up of this step is final."""
    capability, _, hook = step.partition(".")
    kind = kind_of(getattr(CAPABILITIES[capability], hook))
    return kind.sure_after if kind else 0.0
