"""Doubts: calls of which nobody can tell whether they took effect, and the word of a person that ends one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import Kind, kind_of
from arumaldo.errors import HubError

NOT_CHARGED = "It did not go through, and nothing was charged."
_MAY_LAST = 60.0
"""Seconds beyond `sure_after`, after which a question that is still open is worth a person's look."""

_DOUBTS = text("""
SELECT e.id, e.account_id, e.step, e.provider, e.problem, e.intended_at, e.subject,
       extract(epoch FROM hub_now() - e.intended_at)::float AS age
FROM effects e WHERE e.state IN ('intended', 'unknown') ORDER BY e.intended_at
""")
# Held until the word is written: whoever claims one of them afterwards reads it.
_STEPS = text("""
SELECT id, holder FROM deliveries
WHERE account_id = :account AND lane = :lane AND state = 'waiting' ORDER BY id FOR UPDATE
""")
_WAKE = text("UPDATE deliveries SET due_at = hub_now() WHERE id = ANY(:steps)")
_FORGET = text("DELETE FROM effects WHERE id = :id AND state IN ('intended', 'unknown')")
_REFUSE = text("""
UPDATE effects SET state = 'refused', problem = :problem, settled_at = hub_now()
WHERE id = :id AND state IN ('intended', 'unknown')
""")


def lasting(session: Session) -> Sequence[Row[Any]]:
    """Those that have lasted longer than an answer should take, the oldest first."""
    return [row for row in session.execute(_DOUBTS) if row.age > _kind(row.step).sure_after + _MAY_LAST]


def deny(session: Session, effect: UUID) -> str:
    """A person looked: the vendor does not have it (any more). The step goes on at once; which one, for people.

    Money counts as not taken, and its customer may try again; anything else is made now. HubError when the doubt is no
    lasting one, when it has ended (so a second call changes nothing), or while a worker is at it.
    """
    row = next((row for row in lasting(session) if row.id == effect), None)
    if row is None:
        raise HubError(f"{effect} is not in doubt for long, or not any more; arumaldo today lists what is.")
    steps = session.execute(_STEPS, {"account": row.account_id, "lane": row.step.partition(".")[0]}).all()
    if any(step.holder is not None for step in steps):
        raise HubError("A worker is asking the vendor at this moment. Say this again in half a minute.")
    if _kind(row.step).money:
        session.execute(_REFUSE, {"id": effect, "problem": NOT_CHARGED})
    else:
        session.execute(_FORGET, {"id": effect})
    session.execute(_WAKE, {"steps": [step.id for step in steps]})
    return f"{row.step} at {row.provider}"


def _kind(step: str) -> Kind:
    capability, _, hook = step.partition(".")
    return kind_of(getattr(CAPABILITIES.get(capability), hook, None)) or Kind("creates")
