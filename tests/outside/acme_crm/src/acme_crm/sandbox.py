"""Acme CRM, played: cards by e-mail address."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


class Card(BaseModel):
    model_config = ConfigDict(extra="forbid")

    business: str | None = Field(default=None, max_length=200)
    """Absent: the card keeps the name that it has. Empty: it has none any more."""


class AcmeCrmSandbox(Sandbox):
    """One account. The switch `key` = `revoked` turns its key down."""

    name = "acme_crm"
    kinds = ("contacts",)
    offers: ClassVar[dict[str, str]] = {"key": "revoked"}

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/account", self._account, methods=["GET"]),
                Route("/cards/{email}", self._put, methods=["PUT"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {
            "contacts": [
                Entry(id=card["id"], reference=card["email"], facts={"name": card["name"]})
                for card in self.shelf.all("cards")
            ]
        }

    async def _account(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"name": "Sandbox"})

    async def _put(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        email = str(request.path_params["email"])
        if not _EMAIL.fullmatch(email) or email != email.lower():
            return JSONResponse({"error": f"{email} is no address"}, 422)
        try:
            card = Card.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"error": str(error.errors(include_url=False)[0]["msg"])}, 422)
        return JSONResponse(self._keep(email, card))

    def _keep(self, email: str, card: Card) -> dict[str, Any]:
        with self.shelf.locked():
            kept = self.shelf.get("cards", email)
            if kept is None:
                kept = {"id": str(self.shelf.next_number("card")), "email": email, "name": ""}
            kept["name"] = kept["name"] if card.business is None else card.business
            self.shelf.put("cards", email, kept, self.now())
        return kept

    def _refusal(self, request: Request) -> Response | None:
        key = request.headers.get("authorization")
        if key == "Bearer sandbox-key" and self.switches.get("key") != "revoked":
            return None
        return JSONResponse({"error": "this key is not known"}, 401)
