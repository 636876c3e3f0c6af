"""What a worker holds in the book and has no longer in its hands.

The database went away in the middle of an attempt, and with it the attempt's end, or the answer to a claim. The worker
lives on and its heart beats, so nobody else takes that up; it has to let go of it by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import text

from arumaldo.store.scope import Store

_MINE = text("SELECT id, token FROM deliveries WHERE holder = :worker AND state = 'waiting'")
# The token rises, so that whatever the attempt still has on its way commits nothing.
_LET_GO = text("""
UPDATE deliveries SET holder = NULL, held_until = NULL, token = token + 1,
                      waits_for = 'the database went away during an attempt'
WHERE id = :id AND token = :token AND holder = :worker AND state = 'waiting'
""")


def let_go(store: Store, worker: int, in_hand: Callable[[], Collection[int]]) -> int:
    """Let go of what no thread has in its hands, and answer how much that was; the sweeper then rings for it.

    A thread has a delivery in its hands before it claims it and until its end is written, so what the book says is
    ours and is in nobody's hands *afterwards* was dropped, or has ended meanwhile.
    """
    with store.hub() as session:
        mine = session.execute(_MINE, {"worker": worker}).all()
    busy = set(in_hand())
    dropped = [{"id": row.id, "token": row.token, "worker": worker} for row in mine if row.id not in busy]
    if dropped:
        with store.hub() as session:
            session.execute(_LET_GO, dropped)
    return len(dropped)
