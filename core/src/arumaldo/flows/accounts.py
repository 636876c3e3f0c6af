"""Accounts: sign up, log in, log out, and who a cookie belongs to."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from arumaldo.bus.bindings import bind
from arumaldo.errors import HubError
from arumaldo.flows.confirming import ask_to_confirm
from arumaldo.flows.facts import AccountOpened
from arumaldo.flows.passwords import COMMON
from arumaldo.flows.typed import Invalid, address_problems
from arumaldo.installation import Installation
from arumaldo.store.base import new_id
from arumaldo.store.people import Account, LogIn, Member, User
from arumaldo.store.scope import Owner

_IDLE = timedelta(days=14)
_AT_MOST = timedelta(days=90)
_TRIES = 10
_WINDOW = 900

_COUNT = text("""
INSERT INTO attempts (subject, window_start, count)
VALUES (:subject, to_timestamp(floor(extract(epoch FROM hub_now()) / :window) * :window), 1)
ON CONFLICT (subject, window_start) DO UPDATE SET count = attempts.count + 1
RETURNING count AS tries, ceil(:window - extract(epoch FROM hub_now() - window_start))::int AS left
""")


class TooManyTries(HubError):
    """Somebody tries passwords. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many tries; again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Visitor:
    """Who is logged in, and on which account's behalf."""

    user_id: UUID
    email: str
    owner: Owner


def sign_up(inst: Installation, reseller_id: UUID, email: str, password: str) -> str:
    """Open an account and answer the token for the cookie. Invalid for a bad or taken address, or a weak password.

    The account is bound at once to the providers that serve new accounts now.
    """
    email = email.strip().lower()
    _check_credentials(email, password)
    user = User(id=new_id(), reseller_id=reseller_id, email=email, password_hash=_hasher().hash(password))
    owner = Owner(reseller_id, new_id())
    try:
        with inst.store.of(owner) as rows:
            rows.session.add_all([user, Account(id=owner.account_id, reseller_id=reseller_id, name=email)])
            rows.session.flush()
            rows.add(Member(user_id=user.id))
            for capability, provider in inst.first_providers(owner).items():
                bind(rows.session, owner, capability, provider, inst.version)
            rows.publish(AccountOpened(user_id=user.id))
            ask_to_confirm(rows, inst.keys, user)
    except IntegrityError:
        raise Invalid({"email": "This address has an account already. Log in, or use another address."}) from None
    return _open(inst, user.id, owner)


def log_in(inst: Installation, reseller_id: UUID, email: str, password: str, address: str) -> str:
    """The token for the cookie, a new one each time. Invalid when it is wrong; TooManyTries per account and address."""
    email = email.strip().lower()
    with inst.store.hub() as session:
        for subject in (f"login:{reseller_id}:{email}", f"login:address:{address}"):
            _count_try(session, subject)
    with inst.store.hub() as session:
        user = session.scalars(select(User).where(User.reseller_id == reseller_id, User.email == email)).first()
        if not _password_is_right(user, password) or user is None:
            raise Invalid({"password": "The address and the password do not belong together. Try again."})
        member = session.scalars(select(Member).where(Member.user_id == user.id).order_by(Member.id)).one()
    return _open(inst, user.id, Owner(member.reseller_id, member.account_id))


def log_out(inst: Installation, token: str) -> None:
    """End the session on the server; a second call changes nothing."""
    with inst.store.hub() as session:
        session.execute(text("DELETE FROM log_ins WHERE token_hash = :hash"), {"hash": _hash(token)})


def visitor(inst: Installation, token: str) -> Visitor | None:
    """Who the cookie's token belongs to; None when it is unknown, logged out, or has rested too long."""
    with inst.store.hub() as session:
        found = session.execute(
            select(LogIn, User.email, func.hub_now())
            .join(User, User.id == LogIn.user_id)
            .where(LogIn.token_hash == _hash(token))
        ).one_or_none()
        if found is None:
            return None
        log_in, email, now = found
        if now - log_in.seen_at > _IDLE or now - log_in.created_at > _AT_MOST:
            session.delete(log_in)
            return None
        if now - log_in.seen_at > timedelta(minutes=5):
            log_in.seen_at = now
        return Visitor(log_in.user_id, email, Owner(log_in.reseller_id, log_in.account_id))


def _check_credentials(email: str, password: str) -> None:
    problems = address_problems(email)
    if len(password) < 8:
        problems |= {"password": "Use at least 8 characters. Three random words make a good password."}
    elif len(password) > 1024:
        problems |= {"password": "Use at most 1,024 characters."}
    elif password.lower() in COMMON:
        problems |= {"password": "Too many people use this password. Choose another one."}
    if problems:
        raise Invalid(problems)


def _count_try(session: Session, subject: str) -> None:
    row = session.execute(_COUNT, {"subject": subject, "window": _WINDOW}).one()
    if row.tries > (_TRIES if ":address:" not in subject else _TRIES * 5):
        session.commit()  # the count has to stand although the caller is turned away
        raise TooManyTries(row.left)


def _password_is_right(user: User | None, password: str) -> bool:
    """Takes the same time whether there is such a user or not."""
    try:
        _hasher().verify(user.password_hash if user else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return user is not None


def _open(inst: Installation, user_id: UUID, owner: Owner) -> str:
    token = secrets.token_urlsafe(32)
    with inst.store.hub() as session:
        session.add(
            LogIn(token_hash=_hash(token), user_id=user_id, reseller_id=owner.reseller_id, account_id=owner.account_id)
        )
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@cache
def _hasher() -> PasswordHasher:
    # OWASP's second choice of Argon2id parameters: 19 MiB, 2 passes, 1 lane.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
