"""Deliveries: claim, finish, put back. Every change names the token, so that nobody acts for a holder that is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from arumaldo.bus.outbox import ring_after_commit
from arumaldo.errors import HubError
from arumaldo.store.scope import Owner, Store

MOST_DUE = 100
"""So many of each lane are told to a sweep; with fewer, it knows them all."""
# Six seconds without a heartbeat, and a worker's deliveries are free.
_FREE = """
  (d.holder IS NULL OR d.held_until < hub_now() OR NOT EXISTS (
     SELECT 1 FROM workers w WHERE w.id = d.holder AND w.seen_at > hub_now() - interval '6 seconds'))
"""
# As a scalar subquery it is one look into the index for each row, however many wait behind the same first.
_FIRST_OF_ITS_KEY = """
  d.id = (SELECT min(o.id) FROM deliveries o WHERE o.key = d.key AND o.state = 'waiting')
"""
_ALL_WORK = "NOT EXISTS (SELECT 1 FROM pauses)"
_HELD = """
  d.id, d.token, d.attempt, d.deaths, d.faults, d.failing_since, d.handler, d.lane, d.key, d.within, d.created_at,
  d.reseller_id, d.account_id,
  m.id AS message_id, m.type, m.version, m.body, m.created_at AS published_at
"""
_CLAIM = text(f"""
WITH free AS (
  SELECT d.id FROM deliveries d
  WHERE d.id = :id AND d.state = 'waiting' AND d.due_at <= hub_now() AND {_FREE} AND {_FIRST_OF_ITS_KEY} AND {_ALL_WORK}
  FOR UPDATE SKIP LOCKED
)
UPDATE deliveries d
SET holder = :worker, token = d.token + 1, attempt = d.attempt + 1, config_version = :config,
    deaths = d.deaths + CASE WHEN d.holder IS NULL THEN 0 ELSE 1 END,
    held_until = hub_now() + make_interval(secs => d.within)
FROM messages m, free
WHERE d.id = free.id AND m.id = d.message_id
RETURNING {_HELD}
""")  # noqa: S608 - constants of this file
_READ = text(f"""
SELECT {_HELD} FROM deliveries d JOIN messages m ON m.id = d.message_id
WHERE d.id = :id AND d.token = :token AND d.state = 'waiting' AND d.holder IS NOT NULL
""")  # noqa: S608 - constants of this file
_LOCK = text("""
SELECT id FROM deliveries WHERE id = :id AND token = :token AND state = 'waiting' FOR UPDATE
""")
_END = text("""
UPDATE deliveries SET state = :state, holder = NULL, held_until = NULL, finished_at = hub_now(), waits_for = :why
WHERE id = :id AND token = :token AND state = 'waiting'
""")
_PUT_BACK = text("""
UPDATE deliveries
SET holder = NULL, held_until = NULL, due_at = hub_now() + make_interval(secs => :after), waits_for = :why,
    attempt = CASE WHEN :counts THEN attempt ELSE attempt - 1 END,
    failing_since = CASE WHEN CAST(:failing AS boolean) THEN coalesce(failing_since, hub_now())
                         WHEN CAST(:failing AS boolean) IS NULL THEN failing_since END,
    faults = faults + CASE WHEN :fault THEN 1 ELSE 0 END,
    deaths = CASE WHEN :ran THEN 0 ELSE deaths END
WHERE id = :id AND token = :token AND state = 'waiting'
""")
# While nothing was begun, no vendor failed.
_NOBODY_FAILED = text(
    "UPDATE deliveries SET failing_since = NULL WHERE state = 'waiting' AND failing_since IS NOT NULL"
)
_REPLAY = text("""
UPDATE deliveries
SET state = 'waiting', due_at = hub_now(), attempt = 0, faults = 0, deaths = 0, finished_at = NULL, failing_since = NULL
WHERE id = :id AND state = 'quarantined' RETURNING id
""")
_NEXT_OF_KEY = text("""
SELECT id, lane FROM deliveries WHERE key = :key AND state = 'waiting' AND id <> :id ORDER BY id LIMIT 1
""")
_DUE = text(f"""
SELECT found.id, found.lane FROM unnest(CAST(:lanes AS text[])) AS one (lane), LATERAL (
  SELECT d.id, d.lane FROM deliveries d
  WHERE d.lane = one.lane AND d.state = 'waiting' AND d.due_at <= hub_now() AND {_FREE} AND {_FIRST_OF_ITS_KEY}
    AND {_ALL_WORK}
  ORDER BY d.due_at LIMIT :most
) AS found
""")  # noqa: S608 - constants of this file
# The token rises, so that a holder that comes back finds itself overtaken; a row that a frozen one has locked is left.
# What was released before, and was not taken since, comes along: whoever was to ring for it may have died as well. But
# not what listeners are told, for which nobody waits, and which may be what its holders die of. Nor is that, or what
# has outlived a holder before, taken over at once: it would end one worker after the other before any is back.
_RELEASE = text(f"""
WITH freed AS (
  UPDATE deliveries SET holder = NULL, held_until = NULL, token = token + 1, deaths = deaths + 1
  WHERE id IN (
    SELECT d.id FROM deliveries d
    WHERE d.state = 'waiting' AND d.holder IS NOT NULL
      AND ({_FREE} OR (d.holder = ANY(CAST(:gone AS bigint[])) AND d.deaths = 0 AND d.lane <> 'events'))
    FOR UPDATE SKIP LOCKED
  )
  RETURNING lane, id
)
SELECT lane, id FROM freed
UNION ALL
SELECT d.lane, d.id FROM deliveries d
WHERE d.state = 'waiting' AND d.holder IS NULL AND d.deaths > 0 AND d.due_at <= hub_now() AND d.lane <> 'events'
  AND {_FIRST_OF_ITS_KEY} AND {_ALL_WORK}
""")  # noqa: S608 - constants of this file


class Overtaken(HubError):
    """Another worker holds this delivery now; nothing that this one does counts any more."""


@dataclass(frozen=True)
class Held:
    """A delivery in this worker's hands, with its message."""

    id: int
    token: int
    attempt: int
    deaths: int
    faults: int
    failing_since: datetime | None
    handler: str
    lane: str
    key: str
    within: float
    created_at: datetime
    owner: Owner
    message_id: UUID
    type: str
    version: int
    body: dict[str, Any]
    published_at: datetime


def claim(store: Store, delivery: int, worker: int, config_version: int) -> Held | None:
    """Take the delivery, if it is due, free, and the oldest of its key; the attempt counts from here."""
    try:
        with store.hub() as session:
            row = session.execute(_CLAIM, {"id": delivery, "worker": worker, "config": config_version}).one_or_none()
    except IntegrityError:  # another of the same key is held: by a living worker, or by one that is gone
        release_abandoned(store)
        return None
    return None if row is None else _held(row)


def held_by(store: Store, delivery: int, token: int) -> Held | None:
    """The delivery as the holder of this token sees it; None when it is another's by now, or nobody's."""
    with store.hub() as session:
        row = session.execute(_READ, {"id": delivery, "token": token}).one_or_none()
    return None if row is None else _held(row)


def _held(row: Row[Any]) -> Held:
    facts = dict(row._mapping)
    owner = Owner(facts.pop("reseller_id"), facts.pop("account_id"))
    return Held(owner=owner, **facts)


def lock(session: Session, held: Held) -> None:
    """Hold the delivery's own row until the transaction ends. Overtaken when its token is another's."""
    if session.execute(_LOCK, {"id": held.id, "token": held.token}).one_or_none() is None:
        raise Overtaken(f"delivery {held.id} of {held.handler} went to another worker")


def end(session: Session, held: Held, state: str = "done", why: str | None = None) -> None:
    """Finish the delivery within the caller's transaction, and ring for the next one of its key."""
    session.execute(_END, {"id": held.id, "token": held.token, "state": state, "why": why})
    following = session.execute(_NEXT_OF_KEY, {"key": held.key, "id": held.id}).one_or_none()
    if following is not None:
        ring_after_commit(session, [(following.lane, following.id)])


def put_back(
    store: Store, held: Held, after: float, why: str, *, counts: bool, failing: bool | None = False,
    fault: bool = False, ran: bool = True,
) -> None:  # fmt: skip
    """Give the delivery back, due `after` seconds from now.

    `counts`: the attempt was one. `failing`: the vendor could not do it; None: it was not asked, and what it did last
    stands. `fault`: nobody foresaw what happened.
    `ran`: the step did run, and its holder lived; deaths count in a row.
    """
    with store.hub() as session:
        session.execute(
            _PUT_BACK,
            {"id": held.id, "token": held.token, "after": after, "why": why.replace("\x00", "")[:500],
             "counts": counts, "failing": failing, "fault": fault, "ran": ran},
        )  # fmt: skip


def release_abandoned(store: Store, gone: Sequence[int] = ()) -> list[tuple[str, int]]:
    """Take deliveries out of the hands of workers whose heartbeat is old, of those that are known to be `gone`, and of
    those that hold them beyond their time.

    (lane, id) of these, and of those that were taken out of such hands before and have not been claimed since.
    """
    with store.hub() as session:
        return [(row.lane, row.id) for row in session.execute(_RELEASE, {"gone": list(gone)})]


def due(store: Store, lanes: Sequence[str], most: int = MOST_DUE) -> list[tuple[str, int]]:
    """(lane, id) of what could be claimed now, longest due first, at most so many of each lane."""
    with store.hub() as session:
        return [(row.lane, row.id) for row in session.execute(_DUE, {"lanes": list(lanes), "most": most})]


def set_aside(session: Session) -> list[tuple[int, str, str]]:
    """(id, handler, why) of everything in quarantine, oldest first."""
    found = session.execute(
        text("SELECT id, handler, waits_for FROM deliveries WHERE state = 'quarantined' ORDER BY id")
    )
    return [(row.id, row.handler, row.waits_for or "") for row in found]


def replay(session: Session, delivery: int) -> bool:
    """Let a delivery in quarantine run again, from the start of its counts; False when it is not in quarantine."""
    return session.execute(_REPLAY, {"id": delivery}).one_or_none() is not None


def pause(session: Session, reason: str) -> None:
    """Let nobody claim anything from now on; a second call changes nothing."""
    session.execute(
        text("INSERT INTO pauses (name, reason) VALUES ('operator', :reason) ON CONFLICT (name) DO NOTHING"),
        {"reason": reason[:300]},
    )


def end_pause(session: Session, name: str | None) -> None:
    """End the pause of this name, or every one; nothing where there is none. The days that it took are no vendor's."""
    ended = text("DELETE FROM pauses WHERE CAST(:name AS text) IS NULL OR name = :name RETURNING name")
    if session.execute(ended, {"name": name}).all():
        session.execute(_NOBODY_FAILED)


def unpause(session: Session, *, restored: bool) -> bool:
    """End the operator's pause, and with `restored` every one; whether there is one left."""
    end_pause(session, None if restored else "operator")
    left: bool = session.execute(text("SELECT EXISTS (SELECT 1 FROM pauses)")).scalar_one()
    return left


def now(session: Session) -> datetime:
    """The hub's time."""
    moment: datetime = session.execute(text("SELECT hub_now()")).scalar_one()
    return moment
