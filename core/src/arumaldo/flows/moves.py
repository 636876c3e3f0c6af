"""States move only along the tables of allowed moves; a duplicate or a late arrival changes nothing."""

from __future__ import annotations

from typing import Any

from arumaldo.store.domains import DOMAIN_MOVES, Domain
from arumaldo.store.mails import MAIL_MOVES, MailRow
from arumaldo.store.orders import (
    ORDER_MOVES,
    PAYMENT_MOVES,
    SITE_MOVES,
    SUBSCRIPTION_MOVES,
    Order,
    Payment,
    Site,
    SubscriptionRow,
)

_MOVES: dict[type, dict[str, set[str]]] = {
    Domain: DOMAIN_MOVES,
    MailRow: MAIL_MOVES,
    Order: ORDER_MOVES,
    Payment: PAYMENT_MOVES,
    Site: SITE_MOVES,
    SubscriptionRow: SUBSCRIPTION_MOVES,
}


def move(row: Any, to: str) -> bool:
    """Move the row if its state allows it, and say whether it did."""
    if to not in _MOVES[type(row)][row.state]:
        return False
    row.state = to
    return True
