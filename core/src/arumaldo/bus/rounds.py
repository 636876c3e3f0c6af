"""Rounds: one worker compares the book with the vendors now and then; after a restoration, before anything works."""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from arumaldo.bus import duties
from arumaldo.bus.deliveries import end_pause
from arumaldo.bus.reconcile import TRIES, Outcome, Reconciler
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import kind_of
from arumaldo.store.scope import Store

log = logging.getLogger(__name__)

RECONCILE = "reconcile"
RESTORED = "restored"
"""The pause that `arumaldo restore` leaves, and the first complete comparison ends."""
LOOK_BACK = timedelta(days=2)
_BEFORE_THE_COPY = timedelta(days=1)
_EVERY_LOOK = 1.0
_AGAIN = 5.0
PATIENT_TRIES = 10
"""All work waits for the comparison after a restoration."""
LISTS_ARE_WHOLE_AFTER = timedelta(
    seconds=max(
        kind.sure_after
        for hooks in CAPABILITIES.values()
        for hook in vars(hooks).values()
        if (kind := kind_of(hook)) is not None
    )
)
"""By then, all that was made before a restoration stands in the vendors' lists."""


@dataclass(frozen=True)
class Restored:
    """A restoration after which no comparison was complete yet."""

    copied_at: datetime
    ready_in: float
    """Seconds until the vendors' lists are whole."""


class Rounds:
    """A thread of a worker process that takes the duty whenever it is due and nobody living has it."""

    def __init__(self, store: Store, reconciler: Reconciler, worker: int, every: float) -> None:
        self._store = store
        self._reconciler = reconciler
        self._worker = worker
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin to look whether the duty is due."""
        self._thread.start()

    def stop(self) -> None:
        """Take the duty no more; a comparison under way is taken up by another worker when this one is gone."""
        self._over.set()
        self._thread.join(timeout=1.0)

    def _go(self) -> None:
        while not self._over.wait(_EVERY_LOOK * random.uniform(0.8, 1.2)):  # noqa: S311 - so that workers do not march in step
            try:
                with self._store.hub() as session:
                    mine = duties.take(session, RECONCILE, self._worker)
                if mine:
                    self._once()
            except DBAPIError:
                log.warning("the vendors cannot be compared with the book: the database cannot be reached")
            except Exception:
                log.exception("the comparison with the vendors failed")

    def _once(self) -> None:
        again = _AGAIN
        problem: str | None = "the comparison failed; the worker's log says why"
        try:
            again, problem = self._round()
        finally:
            with self._store.hub() as session:
                duties.end(session, RECONCILE, self._worker, again, problem)

    def _round(self) -> tuple[float, str | None]:
        """(seconds until the next one, what hindered this one)"""
        with self._store.hub() as session:
            restored = unreconciled(session)
        if restored is not None and restored.ready_in > 0:
            return min(restored.ready_in, _AGAIN), None
        outcome = compare(self._store, self._reconciler, restored)
        hindered = bool(outcome.problems)
        return _AGAIN if hindered and restored is not None else self._every, "; ".join(outcome.problems) or None


def compare(store: Store, reconciler: Reconciler, restored: Restored | None) -> Outcome:
    """One comparison of the last two days, or of all since the copy; a complete one lets a restored hub work.

    A second one does what the first one could not.
    """
    with store.hub() as session:
        now: datetime = session.execute(text("SELECT hub_now()")).scalar_one()
    since = min(now - LOOK_BACK, restored.copied_at - _BEFORE_THE_COPY) if restored else now - LOOK_BACK
    outcome = reconciler.run(since, PATIENT_TRIES if restored else TRIES)
    if restored is not None and not outcome.problems:
        with store.hub() as session:
            session.execute(text("UPDATE restorations SET reconciled_at = hub_now() WHERE reconciled_at IS NULL"))
            end_pause(session, RESTORED)
        log.warning("the restored book was compared with all vendors: work goes on (%s)", outcome)
    return outcome


def compare_now(store: Store, reconciler: Reconciler) -> Outcome:
    """One comparison, whoever else is at it. In a restored book whose vendors' lists may not be whole yet: Outcome
    with that as its problem."""
    with store.hub() as session:
        restored = unreconciled(session)
    if restored is not None and restored.ready_in > 0:
        return Outcome(problems=(f"the vendors' lists may lag behind for another {restored.ready_in:.0f} s",))
    return compare(store, reconciler, restored)


def is_being_compared(session: Session) -> bool:
    """Whether this is a restored book that may not know yet what vendors did."""
    found: bool = session.execute(
        text("SELECT EXISTS (SELECT 1 FROM restorations WHERE reconciled_at IS NULL)")
    ).scalar_one()
    return found


def unreconciled(session: Session) -> Restored | None:
    """The restoration that waits for its comparison; None when there is none."""
    row = session.execute(
        text("""
        SELECT min(copied_at) AS copied_at, extract(epoch FROM max(restored_at) + :lag - hub_now())::float AS ready_in
        FROM restorations WHERE reconciled_at IS NULL HAVING count(*) > 0
        """),
        {"lag": LISTS_ARE_WHOLE_AFTER},
    ).one_or_none()
    return None if row is None else Restored(row.copied_at, row.ready_in)
