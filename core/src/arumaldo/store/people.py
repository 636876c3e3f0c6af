"""reseller → account → member: whose everything is."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.store.base import NOW, Owned, Row, new_id


class Reseller(Row):
    """Whoever sells: a table `[resellers.<slug>]`, or "main"."""

    __tablename__ = "resellers"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Account(Row):
    """A customer: one business, to which people belong."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("reseller_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("resellers.id"))
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class User(Row):
    """A person who can log in at one reseller's portal."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("reseller_id", "email"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("resellers.id"))
    email: Mapped[str]  # as typed, lower-cased
    password_hash: Mapped[str]  # Argon2id
    confirmed_at: Mapped[datetime | None]  # when they showed that the address is theirs
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Member(Owned, Row):
    """A person's place in an account."""

    __tablename__ = "members"
    keys = (lambda: UniqueConstraint("account_id", "user_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(default="owner")


class Confirmation(Owned, Row):
    """One question whether an address is theirs: a mail with a link. The newest one of a user counts."""

    __tablename__ = "confirmations"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    email: Mapped[str]
    token: Mapped[bytes]  # sealed: the mail may have to be written a second time
    token_hash: Mapped[bytes] = mapped_column(unique=True)  # SHA-256, to find it by
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class LogIn(Row):
    """One browser's session. The cookie holds a random token, the row its SHA-256."""

    __tablename__ = "log_ins"
    __table_args__ = (ForeignKeyConstraint(["reseller_id", "account_id"], ["accounts.reseller_id", "accounts.id"]),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)
    reseller_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Attempt(Row):
    """How often something that must be rare was tried (a wrong password), per subject and window."""

    __tablename__ = "attempts"

    subject: Mapped[str] = mapped_column(primary_key=True)  # "login:account:…", "login:address:…"
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
