"""How long the deliveries of a dead or frozen worker wait until another one holds them.

Time in which no worker at all lived, or the database was away, is not counted, for there was nobody to take over: a
plugin that ends its process can meet the last one that neither the monkey killed nor froze. The result's `unmanned_s`
says how long that lasted, and its `takeover_whole_s` leaves nothing out.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime

import psycopg

from arumaldo_prove.happenings import Diary
from arumaldo_prove.presence import NOBODY_WORKS
from arumaldo_prove.stage import Stage

_GLANCE = 0.1
_GIVEN_UP = 60.0
_LONGEST = 10
# What is left of a plugin that hangs on purpose waits for that plugin's other victims, and nobody waits for it.
_HELD = """
SELECT d.id, d.token, d.due_at, d.handler FROM deliveries d JOIN workers w ON w.id = d.holder
WHERE d.state = 'waiting' AND w.pid = %s AND d.handler <> 'listener:saboteur'
"""
# Released is not yet taken, although it raises the token by one, too; whatever raised it further was taken.
_OUTCOME = """
SELECT d.id, one.token,
  concat_ws(' ', d.state, 'holder', d.holder, 'token', d.token, 'deaths', d.deaths, 'due', d.due_at), CASE
  WHEN d.token = one.token AND (d.holder IS NULL OR d.state <> 'waiting') THEN 'ended by its own holder'
  WHEN d.token > one.token + 1 THEN 'taken'
  WHEN d.token > one.token AND (d.holder IS NOT NULL OR d.state <> 'waiting' OR d.due_at <> one.due_at) THEN 'taken'
  ELSE 'left' END
FROM deliveries d JOIN unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS one (id, token, due_at) USING (id)
"""


@dataclass(frozen=True)
class _Left:
    """A delivery that its holder left behind."""

    id: int
    token: int
    due_at: datetime
    handler: str
    since: float
    seen: list[str]
    """What became of it, each change with the time since then."""

    def note(self, row: str, waited: float) -> None:
        if not self.seen or not self.seen[-1].endswith(row):
            self.seen.append(f"+{waited:.1f} s {row}")


class Takeovers:
    """Watches, in a thread of its own, what was left behind; `seconds` grows by one number for each take-over.

    So does `whole`, by the time on the clock.
    """

    def __init__(self, stage: Stage, diary: Diary) -> None:
        self.seconds: list[float] = []
        self.whole: list[float] = []
        self._told: list[tuple[float, str]] = []
        self._stage, self._diary = stage, diary
        self._lock = threading.Lock()
        self._left: list[_Left] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="takeovers", daemon=True)
        self._thread.start()

    def died(self, pid: int) -> None:
        """The process ended, or stands still, since now: note what it holds. Nothing when the database is away.

        A second call for the same process adds what the first one could not see.
        """
        since = time.monotonic()
        with contextlib.suppress(psycopg.Error):
            rows = self._stage.rows(_HELD, pid)
            found = [_Left(delivery, token, due_at, handler, since, []) for delivery, token, due_at, handler in rows]
            with self._lock:
                known = {(one.id, one.token) for one in self._left}
                self._left += [one for one in found if (one.id, one.token) not in known]

    @property
    def longest(self) -> list[str]:
        """Those that took longest: which step, how long, what became of it, and what was on meanwhile."""
        return [told for _, told in self._told]

    def forget(self) -> None:
        """The book that said what was left behind is lost."""
        with self._lock:
            self._left.clear()

    def close(self) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _watch(self) -> None:
        while not self._over.wait(_GLANCE):
            with self._lock:
                left = list(self._left)
            if left:
                with contextlib.suppress(psycopg.Error):
                    self._look(left)

    def _look(self, left: list[_Left]) -> None:
        columns = ([one.id for one in left], [one.token for one in left], [one.due_at for one in left])
        found = self._stage.rows(_OUTCOME, *columns)  # one that lost two holders is in it twice
        outcomes = {(delivery, token): (row, outcome) for delivery, token, row, outcome in found}
        for one in left:
            waited = time.monotonic() - one.since
            row, outcome = outcomes.get((one.id, one.token), ("", "unknown to this book"))
            outcome = "taken" if waited > _GIVEN_UP else outcome
            one.note(row, waited)
            if outcome == "taken":
                self._taken(one, waited)
            if outcome != "left":
                with self._lock, contextlib.suppress(ValueError):  # forgotten meanwhile
                    self._left.remove(one)

    def _taken(self, one: _Left, waited: float) -> None:
        began, ended = one.since, one.since + waited
        took = waited - self._diary.seconds_of(NOBODY_WORKS, began, ended)
        self.seconds.append(took)
        self.whole.append(waited)
        on = "; ".join(self._diary.during(began, ended))
        told = f"{one.handler} (delivery {one.id}) after {took:.1f} s: {', '.join(one.seen)}; {on}"
        self._told = sorted([*self._told, (took, told)], reverse=True)[:_LONGEST]
