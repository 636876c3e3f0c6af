"""Duties: what one worker does for all, now and then. Whoever holds one and goes away is replaced."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_TAKE = text("""
UPDATE duties SET holder = :worker, began_at = hub_now()
WHERE name = :name AND due_at <= hub_now() AND (
  holder IS NULL OR began_at < hub_now() - interval '10 minutes'
  OR NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = holder AND w.seen_at > hub_now() - interval '6 seconds'))
RETURNING name
""")
_END = text("""
UPDATE duties SET holder = NULL, ended_at = hub_now(), problem = :problem,
                  due_at = hub_now() + make_interval(secs => :again)
WHERE name = :name AND holder = :worker
""")
_HURRY = text("UPDATE duties SET due_at = hub_now() WHERE name = :name AND due_at > hub_now()")


def take(session: Session, name: str, worker: int) -> bool:
    """Whether the duty is due and now this worker's; a second call while somebody living holds it answers False."""
    return session.execute(_TAKE, {"name": name, "worker": worker}).one_or_none() is not None


def end(session: Session, name: str, worker: int, again: float, problem: str | None = None) -> None:
    """Give the duty back, due `again` seconds from now; changes nothing when it is another's by now."""
    session.execute(
        _END, {"name": name, "worker": worker, "again": again, "problem": problem and problem.replace("\x00", "")[:500]}
    )


def hurry(session: Session, name: str) -> None:
    """Let the duty be due now."""
    session.execute(_HURRY, {"name": name})
