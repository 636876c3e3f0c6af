"""Showing that a mail address is theirs: what sign-up and the pages do."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from arumaldo.errors import HubError
from arumaldo.flows.facts import AddressConfirmed
from arumaldo.flows.mails import owner_of, post
from arumaldo.flows.typed import Invalid, clean_address
from arumaldo.installation import Installation
from arumaldo.store.mails import MailRow
from arumaldo.store.people import Confirmation, User
from arumaldo.store.scope import Owner, Rows
from arumaldo.store.seal import Keyring

VALID_FOR = timedelta(days=3)
_PAUSE = timedelta(seconds=60)
_MOST = 10


class TooSoon(HubError):
    """A mail was sent a moment ago. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too soon for another mail; again in {retry_after} s")
        self.retry_after = retry_after


def ask_to_confirm(rows: Rows, keys: Keyring, user: User) -> None:
    """Send a mail with a link to the user's address; the links of earlier ones no longer count."""
    token, now = secrets.token_urlsafe(24), rows.now()
    for earlier in rows.all(Confirmation, Confirmation.user_id == user.id, Confirmation.expires_at > now):
        earlier.expires_at = now
    asked = rows.add(
        Confirmation(
            user_id=user.id, email=user.email, token=keys.seal(token), token_hash=_hash(token),
            expires_at=now + VALID_FOR,
        )
    )  # fmt: skip
    post(rows, "confirm", asked.id, user.email)


def ask_again(inst: Installation, owner: Owner, email: str = "") -> None:
    """One more mail, to another address where one is given, which is then the one to log in with.

    Invalid: it cannot be used. TooSoon: the last mail is less than a minute old. Already confirmed: nothing happens.
    """
    try:
        with inst.store.of(owner) as rows:
            user = rows.session.scalars(select(User).where(User.id == owner_of(rows).id).with_for_update()).one()
            if user.confirmed_at is not None:
                return
            _not_too_often(rows, user)
            if email:
                user.email = clean_address(email)
                rows.session.flush()
            ask_to_confirm(rows, inst.keys, user)
    except IntegrityError:
        raise Invalid({"email": "This address has an account already. Log in with it, or use another one."}) from None


def asked(inst: Installation, token: str) -> tuple[Owner, str] | None:
    """Whose address a link confirms, and which; None where it is unknown, old, or was replaced by a newer one."""
    with inst.store.hub() as session:
        row = session.scalars(select(Confirmation).where(Confirmation.token_hash == _hash(token))).one_or_none()
    if row is None:
        return None
    owner = Owner(row.reseller_id, row.account_id)
    with inst.store.of(owner) as rows:
        user = rows.session.get_one(User, row.user_id)
        counts = row.confirmed_at is not None or (row.expires_at > rows.now() and user.email == row.email)
    return (owner, row.email) if counts else None


def confirm(inst: Installation, token: str) -> bool:
    """The link was followed: the address is theirs. False as in `asked`. A second call changes nothing."""
    found = asked(inst, token)
    if found is None:
        return False
    owner, _ = found
    with inst.store.of(owner) as rows:
        row = rows.first(Confirmation, Confirmation.token_hash == _hash(token))
        if row is None:
            return False
        # The user before the question, as `ask_again` does: in two orders, each would wait for the other for ever.
        user = rows.session.get_one(User, row.user_id, with_for_update=True)
        rows.session.refresh(row, with_for_update=True)
        if row.confirmed_at is not None:
            return True
        if user.email != row.email or row.expires_at <= rows.now():
            return False
        row.confirmed_at = rows.now()
        if user.confirmed_at is None:
            user.confirmed_at = row.confirmed_at
            rows.publish(AddressConfirmed(user_id=user.id))
    return True


def is_confirmed(rows: Rows) -> bool:
    return owner_of(rows).confirmed_at is not None


def last_mail(rows: Rows) -> MailRow | None:
    """The newest mail that asked for the confirmation."""
    return rows.first(MailRow, MailRow.kind == "confirm", order_by=MailRow.id.desc())


def _not_too_often(rows: Rows, user: User) -> None:
    earlier = rows.all(Confirmation, Confirmation.user_id == user.id)
    since = rows.now() - max((one.created_at for one in earlier), default=user.created_at)
    pause = _PAUSE if len(earlier) < _MOST else timedelta(days=1)
    if earlier and since < pause:
        raise TooSoon(int((pause - since).total_seconds()) + 1)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
