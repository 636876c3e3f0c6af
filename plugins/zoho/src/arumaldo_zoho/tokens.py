"""Access tokens: one for each refresh token in a process, kept until shortly before its end, renewed by one thread.

The vendor gives ten tokens in ten minutes for one refresh token, and lets ten of them live: the next one ends the
oldest. So CRM and Billing share one here, nothing asks for a token that another thread has just got, and whoever was
told to wait does. More than ten processes on one refresh token end each other's: give each host one of its own.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from threading import Lock
from typing import Literal
from weakref import WeakValueDictionary

from arumaldo import Denied, ProviderError, Unavailable, remaining
from arumaldo.http import Door, Reply
from arumaldo_zoho.settings import Settings

NAME = "zoho"
Product = Literal["crm", "billing"]
_EARLIEST, _LATEST = 60.0, 300.0
"""Seconds before its end in which a token is renewed; each process draws its own moment, so that they do not meet."""
_LONGEST_LIFE = 3600.0
_PAUSE = 15.0
"""After an early renewal that failed, while the old token still serves."""
_FIRST_WAIT, _LONGEST_WAIT = 60.0, 600.0
_THROTTLED = "too many requests"
_WRONG = re.compile(r"(invalid|unauthorized|access_denied)")
_TOKENS = re.compile(r"\b1000\.[0-9A-Za-z]{8,}\.[0-9A-Za-z]{8,}")


@dataclass(frozen=True)
class Token:
    """One access token and what came with it; times are those of this process's clock."""

    text: str = ""
    made_at: float = 0.0
    renew_at: float = 0.0
    ends_at: float = 0.0
    scopes: frozenset[str] = frozenset()
    """In small letters; empty where the vendor does not tell."""
    api_domain: str = ""
    """Where the vendor thinks that this account is. It is told to people, and never followed."""


@dataclass(frozen=True)
class _Stillborn:
    """The last new token that a product did not accept, and how many in a row it was with that one."""

    text: str = ""
    in_a_row: int = 0


class Tokens:
    """`current()` is good until the vendor says otherwise; then `instead_of(stale)`. Safe for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._held = Token()
        self._refusal: ProviderError | None = None
        self._refused_at = 0.0
        self._wait_until = 0.0
        self._wait = 0.0
        self._stillborn: dict[Product, _Stillborn] = {}

    def current(self, door: Door) -> Token:
        """A token that should be good; asks the vendor for one only where none is kept, or the kept one ends soon."""
        held, now = self._held, time.monotonic()
        if now < held.renew_at:
            return held
        return self._early(held, door) if now < held.ends_at else self._renewed("", door)

    def instead_of(self, stale: Token, door: Door) -> Token:
        """The token to use after the vendor did not accept `stale`; another thread may have it already."""
        return self._renewed(stale.text, door)

    def accepted(self, product: Product) -> None:
        """This product took a token: it and the accounts server agree, which says nothing of the other product."""
        self._stillborn.pop(product, None)

    def stillborn(self, product: Product, token: Token) -> int:
        """This product did not accept a token that was just given; how many such there were in a row."""
        with self._lock:
            last = self._stillborn.get(product, _Stillborn())
            if token.text != last.text:
                last = self._stillborn[product] = _Stillborn(token.text, last.in_a_row + 1)
            return last.in_a_row

    def hide(self, text: str) -> str:
        """`text` without any secret of ours, should the vendor repeat one."""
        for secret in (self._settings.client_secret, self._settings.refresh_token):
            text = text.replace(secret.get_secret_value(), "***")
        text = text.replace(self._held.text, "***") if self._held.text else text
        return _TOKENS.sub("***", text)

    def _early(self, held: Token, door: Door) -> Token:
        """One thread asks, the others go on with what they have; so does it, when the vendor has none to give now."""
        if not self._lock.acquire(blocking=False):
            return held
        try:
            if self._held is not held:
                return self._held
            return self._ask(door)
        except ProviderError:
            again_at = max(time.monotonic() + _PAUSE, self._wait_until)
            self._held = Token(held.text, held.made_at, again_at, held.ends_at, held.scopes, held.api_domain)
            return held
        finally:
            self._lock.release()

    def _renewed(self, stale: str, door: Door) -> Token:
        waits_since = time.monotonic()
        if not self._lock.acquire(timeout=remaining()):
            raise Unavailable(NAME, "did not give an access token in time")
        try:
            if self._held.text != stale and time.monotonic() < self._held.ends_at:
                return self._held
            if self._refusal is not None and self._refused_at >= waits_since:
                raise _again(self._refusal)  # whoever waited meanwhile shares it
            self._held = Token()
            return self._ask(door)
        finally:
            self._lock.release()

    def _ask(self, door: Door) -> Token:
        """As a form, so that the secrets stay out of the vendor's access logs."""
        if (left := self._wait_until - time.monotonic()) > 0:
            raise _asked_too_often(left)
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "refresh_token": self._settings.refresh_token.get_secret_value(),
        }
        address, asked_at = f"{self._settings.accounts}/oauth/v2/token", time.monotonic()
        try:
            reply = door.send("POST", address, repeatable=True, data=form, follow_redirects=False)
            body = self._read(door, reply)
        except ProviderError as error:
            self._refusal, self._refused_at = error, time.monotonic()
            raise
        self._refusal, self._wait = None, 0.0
        self._held = _token(body, asked_at)
        return self._held

    def _read(self, door: Door, reply: Reply) -> dict[str, object]:
        """A refusal may come as 200, and a throttling as 400: the body says which it is."""
        if reply.status >= 500 or reply.status in (408, 429):
            door.refuse_by_status(reply, f"answered {reply.status} to the request for a token", repeatable=True)
        body = reply.json()
        if not isinstance(body, dict):
            raise reply.doubt("answered the request for an access token without one")
        if _is_token(body.get("access_token")):
            return body
        error = str(body.get("error") or "")
        said = self.hide(f"{error} {body.get('error_description') or ''}".strip())[:200]
        if _THROTTLED in said.lower() or error.lower() == "access denied":
            self._wait = min(_LONGEST_WAIT, self._wait * 2 or _FIRST_WAIT)
            self._wait_until = time.monotonic() + self._wait
            raise _asked_too_often(self._wait)
        if _WRONG.match(error.lower()) or reply.status in (401, 403):
            raise Denied(NAME, f"{self._remedy(error)} It says: {said or reply.status}")
        raise reply.doubt(f"gives no access token; it says: {said or reply.status}")

    def _remedy(self, error: str) -> str:
        where = self._settings.accounts.partition("://")[2]
        if error == "invalid_code":
            return (
                f"does not accept refresh_token at {where}: it was revoked, or is another client's or data centre's. "
                "Make a new one in the API console."
            )
        return (
            f"does not know client_id and client_secret at {where}: look them up in the API console, and see that "
            f'data_centre = "{self._settings.data_centre}" is where this account lives.'
        )


_shared: WeakValueDictionary[tuple[str, ...], Tokens] = WeakValueDictionary()
_sharing = Lock()


def tokens_of(settings: Settings) -> Tokens:
    """The tokens of this refresh token; a second call answers the same, as long as anybody in the process has them."""
    secret, refresh = settings.client_secret.get_secret_value(), settings.refresh_token.get_secret_value()
    key = (settings.accounts, settings.client_id, secret, refresh)
    with _sharing:
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = Tokens(settings)
        return found


def _again(error: ProviderError) -> ProviderError:
    """The same error for another thread: one object raised in two would mix up their tracebacks."""
    if isinstance(error, Unavailable):
        return Unavailable(NAME, error.what, error.retry_after)
    return type(error)(NAME, error.what)


def _asked_too_often(left: float) -> Unavailable:
    return Unavailable(NAME, "gives no access tokens for a while, for it was asked too often", left)


def _is_token(value: object) -> bool:
    """Something that can stand in a header."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != "" and " " not in value


def _token(body: dict[str, object], asked_at: float) -> Token:
    life = _life(body)
    early = min(secrets.SystemRandom().uniform(_EARLIEST, _LATEST), life / 2)
    return Token(
        text=str(body["access_token"]),
        made_at=asked_at,
        renew_at=asked_at + life - early,
        ends_at=asked_at + life,
        scopes=frozenset(re.split(r"[\s,]+", str(body.get("scope") or "").lower().strip())) - {""},
        api_domain=str(body.get("api_domain") or ""),
    )


def _life(body: dict[str, object]) -> float:
    """Seconds; where there is `expires_in_sec` too, `expires_in` is in milliseconds. Never more than the hour."""
    try:
        told = float(str(body.get("expires_in_sec", body.get("expires_in"))))
    except ValueError:
        return _LONGEST_LIFE
    return min(_LONGEST_LIFE, told) if told > 1 else 1.0
