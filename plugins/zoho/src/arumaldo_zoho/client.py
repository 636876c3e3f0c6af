"""The one door to the vendor: tokens, the two products' envelopes, and errors end here."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import httpx2

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable, deadline
from arumaldo.http import Door, Reply, new_client
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.tokens import NAME, Product, Token, tokens_of

__all__ = ["NAME", "Stillborn", "ZohoClient", "crm_error"]

_PATHS: dict[Product, str] = {"crm": "/crm/v8", "billing": "/billing/v1"}
_ORGANIZATION = "X-com-zoho-subscriptions-organizationid"
_SAID_AT_MOST = 300
# CRM's codes that a person has to see to; a token that died is replaced before.
_SCOPE = "OAUTH_SCOPE_MISMATCH"
_NO_RIGHT = {_SCOPE, "NO_PERMISSION", "AUTHORIZATION_FAILED", "INVALID_TOKEN", "AUTHENTICATION_FAILURE"}
_CRM_BUSY = {"TOO_MANY_REQUESTS"}
# Billing's codes. 57 is both: a token that died, and one that lacks the right.
_NOT_AUTHORIZED, _BAD_AUTHENTICATION, _NOT_A_MEMBER = 57, 14, 6041
# Billing's limits: calls in a minute, in a day, and at once. Seconds until the next call.
_LIMITS = {44: 60.0, 45: 900.0, 1070: 5.0}
_ABSENT = {1002, 5}
_YOUNG = 60.0
_PROBE = 5.0
_STILLBORN_AT_MOST = 3


class Stillborn(Unavailable):
    """The API does not take a token that the accounts server has just given.

    Another process may have ended it meanwhile, so a later try may do better; again and again, it is a Denied.
    """


class ZohoClient:
    """Calls CRM and Billing. `http` takes the place of a client of its own, in tests."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._door = Door(NAME, http or new_client(follow_redirects=False))
        self._tokens = tokens_of(settings)

    def crm(self, method: str, path: str, *, repeatable: bool, **options: Any) -> dict[str, Any]:
        """One call of the CRM; {} for an empty answer (204: nothing found). A second call sends a second request.

        A body with `data` is answered whatever the status: its elements say how it went. `options` are httpx's.
        """
        reply = self._send("crm", method, path, repeatable=repeatable, **options)
        if reply.status == httpx2.codes.NO_CONTENT or (reply.status < 300 and not reply.body.strip()):
            return {}
        body = self._body(reply, repeatable=repeatable)
        if isinstance(body.get("data"), list):
            return body
        if reply.status >= 400 or body.get("status") == "error":
            said = self._said(f"{body.get('code', '')}: {body.get('message', '')}")
            raise crm_error(str(body.get("code", "")), said, reply.status, reply.retry_after, repeatable=repeatable)
        return body

    def billing(self, method: str, path: str, *, repeatable: bool, **options: Any) -> dict[str, Any]:
        """One call of Billing; its amounts come as `Decimal`. A second call sends a second request.

        Only 2xx with code 0 is a success. `options` are httpx's (`json=`, `params=`).
        """
        reply = self._send("billing", method, path, repeatable=repeatable, **options)
        body = self._body(reply, repeatable=repeatable)
        code = _number(body.get("code"))
        if reply.status < 300 and code == 0:
            return body
        if reply.status < 400 and code is None:
            raise reply.doubt(f"answered {reply.status} without its envelope")
        raise self._billing_error(reply, body, code, repeatable=repeatable)

    def token(self) -> Token:
        """The access token with what the vendor told of it: its scopes, and where the account is."""
        return self._tokens.current(self._door)

    def close(self) -> None:
        self._door.close()

    def _send(self, product: Product, method: str, path: str, *, repeatable: bool, **options: Any) -> Reply:
        """With a token; a dead one is replaced once, for such an answer says that nothing was carried out."""
        token = self._tokens.current(self._door)
        reply = self._once(product, method, path, token, repeatable=repeatable, **options)
        if _is_turned_away(product, reply) and not self._is_about_rights(product, token):
            token = self._tokens.instead_of(token, self._door)
            reply = self._once(product, method, path, token, repeatable=repeatable, **options)
            if _is_turned_away(product, reply):
                self._judge(product, token)
                return reply
        self._tokens.accepted(product)
        return reply

    def _once(
        self, product: Product, method: str, path: str, token: Token, *, repeatable: bool, **options: Any
    ) -> Reply:
        # The vendor's word for it is not Bearer, whatever its token answer says. Its api_domain is not followed: a
        # token goes where the settings say, and nowhere else.
        sent = {"authorization": f"Zoho-oauthtoken {token.text}"}
        if product == "billing":
            sent[_ORGANIZATION] = self._settings.organization_id
        url = f"{self._settings.api}{_PATHS[product]}{path}"
        return self._door.send(method, url, repeatable=repeatable, headers=sent, follow_redirects=False, **options)

    def _is_about_rights(self, product: Product, token: Token) -> bool:
        """Whether a new token would not help. An old one is replaced without asking: that costs one an hour."""
        return product == "billing" and time.monotonic() - token.made_at < _YOUNG and self._lives(token) is True

    def _judge(self, product: Product, token: Token) -> None:
        """A new token was turned away as well. Returns when that is about its rights, which the answer then says."""
        if product == "billing" and self._lives(token) is True:
            return
        if self._tokens.stillborn(product, token) < _STILLBORN_AT_MOST:
            raise Stillborn(NAME, "does not accept the access token that it has just given")
        raise Denied(
            NAME,
            f"gives access tokens at {self._settings.accounts} that {self._settings.api} does not accept: data_centre "
            "or api_url is not where this account lives, or more than ten processes use this refresh_token",
        )

    def _lives(self, token: Token) -> bool | None:
        """What the CRM says of a token, which has two words where Billing has one; None when it does not tell."""
        with deadline(_PROBE), suppress(Unavailable):
            one = {"fields": "Email", "per_page": "1"}
            reply = self._once("crm", "GET", "/Contacts", token, repeatable=True, params=one)
            if reply.status == httpx2.codes.UNAUTHORIZED:
                return bool(_code(reply) == _SCOPE)
            if reply.status < 300 or (reply.status < 429 and isinstance(_code(reply), str)):
                return True
        return None

    def _body(self, reply: Reply, *, repeatable: bool) -> dict[str, Any]:
        """The JSON object of an answer; amounts as they are written. A gateway's page says nothing about our request.

        So a page with 404 is in doubt, too: it is not the vendor who has no such thing.
        """
        body = _parsed(reply)
        if isinstance(body, dict):
            reply.json()  # the vendor was heard
            return body
        if reply.status >= 500 or reply.status in (408, 429):
            self._door.refuse_by_status(reply, f"answered {reply.status} without an explanation", repeatable=repeatable)
        raise reply.doubt(f"answered {reply.status} with something that is not its own")

    def _billing_error(
        self, reply: Reply, body: dict[str, Any], code: int | None, *, repeatable: bool
    ) -> ProviderError:
        said = self._said(f"{body.get('message', '')} (code {body.get('code')})")
        if code == _NOT_A_MEMBER:  # seen with 400, described with 403
            return Denied(NAME, f"does not know organization_id as this account's: {said}")
        if code in (_NOT_AUTHORIZED, _BAD_AUTHENTICATION) or reply.status in (401, 403):
            return Denied(
                NAME, f"refuses us the books: {said}; the refresh token needs the scopes of ZohoSubscriptions"
            )
        if code in _LIMITS or reply.status == 429:
            return Unavailable(NAME, said, reply.retry_after or _LIMITS.get(code or 0))
        if code in _ABSENT and reply.status < 500:
            return NotFound(NAME, said)
        return _by_status(reply.status, said, reply.retry_after, repeatable=repeatable)

    def _said(self, text: str) -> str:
        return self._tokens.hide(text)[:_SAID_AT_MOST]


def crm_error(
    code: str, said: str, status: int, retry_after: float | None = None, *, repeatable: bool
) -> ProviderError:
    """The error for one of CRM's codes, be it of a whole answer or of one element. Codes that are new go by status."""
    if code in _NO_RIGHT or status in (401, 403):
        return Denied(
            NAME,
            f"refuses us the contacts ({said}); the refresh token needs ZohoCRM.modules.contacts.ALL, "
            "ZohoCRM.coql.READ and ZohoSearch.securesearch.READ, and its owner the right to see and edit contacts",
        )
    if code in _CRM_BUSY or status == 429:
        return Unavailable(NAME, said, retry_after)
    if code == "INTERNAL_ERROR":
        return (Unavailable if repeatable else OutcomeUnknown)(NAME, said)
    return _by_status(status, said, retry_after, repeatable=repeatable)


def _by_status(status: int, said: str, retry_after: float | None, *, repeatable: bool) -> ProviderError:
    if status == 404:
        return NotFound(NAME, said)
    if status >= 500 or status == 408:
        return Unavailable(NAME, said, retry_after) if repeatable else OutcomeUnknown(NAME, said)
    return Refused(NAME, said)


def _is_turned_away(product: Product, reply: Reply) -> bool:
    """An answer that a new token may mend. Billing has been seen to send its 57 with 400, too."""
    if reply.status == httpx2.codes.UNAUTHORIZED:
        return product == "billing" or _code(reply) != _SCOPE
    return product == "billing" and reply.status == 400 and _number(_code(reply)) == _NOT_AUTHORIZED


def _parsed(reply: Reply) -> Any:
    try:
        return json.loads(reply.body.decode("utf-8-sig"), parse_float=Decimal)
    except ValueError:
        return None


def _code(reply: Reply) -> Any:
    body = _parsed(reply)
    return body.get("code") if isinstance(body, dict) else None


def _number(code: Any) -> int | None:
    """Billing's code, should it once come as text."""
    if isinstance(code, str) and code.isascii() and code.isdigit():
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None
