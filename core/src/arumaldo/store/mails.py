"""Mail to customers: what was to be told, to whom, and whether it was taken."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.store.base import Owned, Row

MAIL_MOVES = {
    "due": {"sent", "refused"},
    "sent": set[str](),
    "refused": set[str](),
}


class MailRow(Owned, Row):
    """One mail, written down with the rows that it tells of; at most one of a kind about one thing."""

    __tablename__ = "mails"
    keys = (lambda: UniqueConstraint("about", "kind"),)

    kind: Mapped[str]  # "confirm", "receipt", …: how it is worded stands in `flows.mails`
    about: Mapped[uuid.UUID]  # a confirmation, an order, a domain
    recipient: Mapped[str]
    state: Mapped[str] = mapped_column(default="due")
    subject: Mapped[str] = mapped_column(default="")  # as it was sent
    problem: Mapped[str | None]
    sent_at: Mapped[datetime | None]
