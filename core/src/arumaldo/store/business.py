"""What a customer told us about the business, and the previews made from it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.store.base import Owned, Row, part_of


class Brief(Owned, Row):
    """The answers to the questions; saved at each step, complete when `completed_at` is set."""

    __tablename__ = "briefs"

    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    completed_at: Mapped[datetime | None]
    approved_id: Mapped[uuid.UUID | None]  # the preview that the customer approved


class Preview(Owned, Row):
    """One version of a generated website. `content` is a `website.models.Website`, `digest` its frozen hash.

    making → ready | failed. History is kept; `number` counts within the brief.
    """

    __tablename__ = "previews"
    keys = (
        lambda: part_of("briefs", "brief_id"),
        lambda: UniqueConstraint("brief_id", "number"),
        lambda: Index("uq_previews_one_making", "brief_id", unique=True, postgresql_where=text("state = 'making'")),
    )

    brief_id: Mapped[uuid.UUID] = mapped_column(index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="making")
    content: Mapped[dict[str, Any] | None]
    digest: Mapped[str | None]
    show_key: Mapped[str] = mapped_column(unique=True)  # the unguessable part of the address it is shown at
    made_from: Mapped[uuid.UUID | None]  # the preview of which one section was rewritten
    wish: Mapped[dict[str, Any] | None]  # {"page", "section", "wish"} of that rewrite
    problem: Mapped[str | None]
