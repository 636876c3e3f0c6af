"""Publishing: a message and its deliveries become rows in the transaction of the state change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from arumaldo.bus.handlers import Handler, Registry
from arumaldo.bus.messages import Message
from arumaldo.store.base import new_id

if TYPE_CHECKING:
    from arumaldo.store.scope import Rows

LISTENER = "listener:"
"""A delivery to a plugin that listens to `events` names the handler "listener:<plugin>"."""

_PUBLISH = text("""
WITH message AS (
  INSERT INTO messages (id, reseller_id, account_id, type, version, body, caused_by)
  VALUES (:id, :reseller, :account, :type, :version, CAST(:body AS jsonb), :cause)
  RETURNING id
)
INSERT INTO deliveries (message_id, reseller_id, account_id, handler, lane, key, within, state)
SELECT :id, :reseller, :account, handler, lane, key, within, 'waiting'
FROM message, unnest(CAST(:handlers AS text[]), CAST(:lanes AS text[]), CAST(:keys AS text[]),
                     CAST(:withins AS float[])) AS one (handler, lane, key, within)
RETURNING id, lane
""")
LISTENER_WITHIN = 30.0


class Outbox:
    """Writes messages. `listeners` answers the enabled plugins of a reseller that listen to `events`."""

    def __init__(self, handlers: Registry, listeners: Callable[[UUID], Sequence[str]]) -> None:
        self._handlers = handlers
        self._listeners = listeners

    def publish(self, rows: Rows, message: Message) -> None:
        """Insert the message and one delivery per handler and listener; the bell rings after the commit."""
        owner = rows.owner
        targets = [
            (handler.name, handler.lane, _key(owner.account_id, handler), handler.within)
            for handler in self._handlers.of(type(message))
        ] + [
            (f"{LISTENER}{plugin}", "events", f"{owner.account_id}:events:{plugin}", LISTENER_WITHIN)
            for plugin in self._listeners(owner.reseller_id)
        ]
        written = rows.session.execute(
            _PUBLISH,
            {
                "id": new_id(),
                "reseller": owner.reseller_id,
                "account": owner.account_id,
                "type": type(message).__name__,
                "version": type(message).version,
                "body": message.model_dump_json(),
                "cause": rows.session.info.get("cause"),
                "handlers": [target[0] for target in targets],
                "lanes": [target[1] for target in targets],
                "keys": [target[2] for target in targets],
                "withins": [target[3] for target in targets],
            },
        )
        ring_after_commit(rows.session, [(row.lane, row.id) for row in written])


def _key(account: UUID, handler: Handler) -> str:
    return f"{account}:{handler.lane}:{handler.name}" if handler.apart else f"{account}:{handler.lane}"


def ring_after_commit(session: Session, rings: Sequence[tuple[str, int]]) -> None:
    """Remember (lane, delivery id) for the bell; `Store` hands them on once the transaction has committed."""
    session.info.setdefault("rings", []).extend(rings)
