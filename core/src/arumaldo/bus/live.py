"""What is new, for pages that are open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_NEWS = text("""
SELECT account_id, id, type, created_at FROM messages
WHERE account_id = ANY(:accounts) AND created_at > :since ORDER BY created_at, id LIMIT 1000
""")


def news(session: Session, accounts: Sequence[UUID], since: datetime) -> list[tuple[UUID, UUID, str, datetime]]:
    """(account, message, type, time) of the facts written after `since`, oldest first.

    Commits may land a little out of order: ask with `since` a few seconds back, and leave out the ids already seen.
    """
    found = session.execute(_NEWS, {"accounts": list(accounts), "since": since})
    return [(row.account_id, row.id, row.type, row.created_at) for row in found]
