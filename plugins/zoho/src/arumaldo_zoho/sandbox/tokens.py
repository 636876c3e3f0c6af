"""The accounts server: one client, one refresh token, and the access tokens it was given."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

CLIENT, SECRET, REFRESH = "sandbox", "sandbox-secret", "sandbox-refresh"
LIFE = 3600.0
PREFIX = "Zoho-oauthtoken "
SCOPES = "ZohoCRM.modules.contacts.ALL ZohoCRM.coql.READ ZohoSearch.securesearch.READ ZohoSubscriptions.fullaccess.all"
_TOKENS, _GIVEN, _FREE = "tokens", "tokens-given", "tokens-free"
_MOST_ALIVE, _MOST_IN_WINDOW, _WINDOW = 10, 10, 600.0


class Tokens:
    """Gives access tokens and knows them again; they live in the sandbox's shelf."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[BaseRoute]:
        return [Route("/accounts/oauth/v2/token", self._endpoint, methods=["POST"])]

    def accepts(self, header: str) -> bool:
        """Whether an Authorization header carries a token that is alive. Bearer, whatever the token says, is none."""
        token = header.removeprefix(PREFIX)
        found = self._sandbox.shelf.get(_TOKENS, token) if token != header else None
        return found is not None and found["until"] > self._sandbox.now()

    def expire(self) -> None:
        """End every token; as many as were alive are then given without being counted."""
        shelf, now = self._sandbox.shelf, self._sandbox.now()
        with shelf.locked():
            tokens = shelf.all(_TOKENS)
            ended = sum(token["until"] > now for token in tokens)
            for token in tokens:
                shelf.remove(_TOKENS, token["token"])
            shelf.put(_FREE, _FREE, {"left": min(_MOST_ALIVE, self._free() + ended)}, now)

    async def _endpoint(self, request: Request) -> Response:
        sent = dict(request.query_params) | dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        return await run_in_threadpool(self._give, sent)

    def _give(self, sent: dict[str, str]) -> Response:
        """The vendor says no with 200, and that it was asked too often with 400."""
        if sent.get("grant_type") != "refresh_token":
            return JSONResponse({"error": "unsupported_grant_type"})
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"})
        if sent.get("refresh_token") != REFRESH:
            return JSONResponse({"error": "invalid_code"})
        with self._sandbox.shelf.locked():
            if not self._is_paid_for():
                said = "You have made too many requests continuously. Please try again after some time."
                return JSONResponse({"error": "Access Denied", "error_description": said, "status": "failure"}, 400)
            return self._new()

    def _is_paid_for(self) -> bool:
        """Whether there is a token to give, which is then counted, unless it replaces one that was ended here."""
        now, shelf, limit = self._sandbox.now(), self._sandbox.shelf, self._sandbox.switches.get("tokens")
        if free := self._free():
            shelf.put(_FREE, _FREE, {"left": free - 1}, now)
            return True
        for old in [one for one in shelf.all(_GIVEN) if one["at"] <= now - _WINDOW]:
            shelf.remove(_GIVEN, old["key"])
        most = int(limit) if limit and limit.isdigit() else _MOST_IN_WINDOW
        if limit and len(shelf.all(_GIVEN)) >= most:
            return False
        key = str(shelf.next_number(_GIVEN))
        shelf.put(_GIVEN, key, {"key": key, "at": now}, now)
        return True

    def _free(self) -> int:
        return int((self._sandbox.shelf.get(_FREE, _FREE) or {"left": 0})["left"])

    def _new(self) -> Response:
        now, shelf, switches = self._sandbox.now(), self._sandbox.shelf, self._sandbox.switches
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        shelf.put(_TOKENS, token, {"token": token, "until": now + LIFE}, now)
        for oldest in shelf.all(_TOKENS)[:-_MOST_ALIVE]:  # one more than the most ends the oldest
            shelf.remove(_TOKENS, oldest["token"])
        scopes = switches.get("granted", SCOPES)
        told = {"scope": scopes} if scopes else {}
        # Its own address: a client that follows another one would leave for the real vendor.
        home = switches.get("api_domain", self._sandbox.address)
        return JSONResponse(
            {"access_token": token, "api_domain": home, "token_type": "Bearer", "expires_in": int(LIFE), **told}
        )
