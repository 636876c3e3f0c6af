"""Acme Mail, played: letters by name, and readers by address. The switch `key` = `revoked`: no key is accepted."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Letter, Sandbox

_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_NAME = re.compile(r"[a-z0-9]{1,40}")

Handler = Callable[[Request, bytes], Response]
Model = TypeVar("Model", bound=BaseModel)


def _is_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("this is no address")
    return text


Address = Annotated[str, AfterValidator(_is_address)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Written(_Body):
    kind: str
    to: Address
    from_name: str
    reply_to: str
    subject: str = Field(min_length=1)
    html: str
    text: str


class Reader(_Body):
    business: str


class Refusal(Exception):
    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class AcmeMailSandbox(Sandbox):
    """One account with the key "sandbox-key"."""

    name = "acme_mail"
    kinds = ("emails", "contacts")
    offers: ClassVar[dict[str, str]] = {"key": "revoked"}

    def app(self) -> ASGIApp:
        letter, reader = "/letters/{name}", "/readers/{email}"
        return Starlette(
            routes=[
                Route("/account", self._known(self._account), methods=["GET"]),
                Route(letter, self._known(self._put_letter), methods=["PUT"]),
                Route(letter, self._known(self._letter), methods=["GET"]),
                Route(reader, self._known(self._put_reader), methods=["PUT"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        letters, readers = self.shelf.all("letters"), self.shelf.all("readers")
        return {
            "emails": [
                Entry(id=one["name"], reference=one["name"], facts={key: one[key] for key in ("kind", "to", "subject")})
                for one in letters
            ],
            "contacts": [Entry(id=one["email"], reference=one["email"]) for one in readers],
        }

    def letters(self, to: str) -> list[Letter]:
        found = [one for one in self.shelf.all("letters") if one["to"].lower() == to.lower()]
        return [Letter.model_validate({key: one[key] for key in Letter.model_fields}) for one in found]

    def is_reader(self, email: str) -> bool:
        """Whether news reach this address."""
        reader = self.shelf.get("readers", email.lower())
        return reader is not None and not reader["left"]

    def leave(self, email: str) -> None:
        """Whoever has the address wants no more news."""
        with self.shelf.locked():
            reader = self.shelf.get("readers", email.lower())
            if reader is not None:
                self.shelf.put("readers", email.lower(), reader | {"left": True}, self.now())

    def _account(self, request: Request, body: bytes) -> Response:
        return JSONResponse({"name": "Sandbox"})

    def _put_letter(self, request: Request, body: bytes) -> Response:
        """The first one under a name is sent; another one under it is not even read any further."""
        name, written = request.path_params["name"], _read(Written, body)
        if not _NAME.fullmatch(name):
            raise Refusal(422, "a letter's name has small letters and digits, at most 40")
        with self.shelf.locked():
            kept = self.shelf.get("letters", name)
            if kept is None:
                kept = {"name": name, "at": self.now(), **written.model_dump()}
                self.shelf.put("letters", name, kept, self.now())
        return JSONResponse(kept)

    def _letter(self, request: Request, body: bytes) -> Response:
        kept = self.shelf.get("letters", request.path_params["name"])
        if kept is None:
            raise Refusal(404, "there is no such letter")
        return JSONResponse(kept)

    def _put_reader(self, request: Request, body: bytes) -> Response:
        email, reader = request.path_params["email"], _read(Reader, body)
        if not _ADDRESS.fullmatch(email) or email != email.lower():
            raise Refusal(422, f"{email} is no address in small letters")
        with self.shelf.locked():
            kept = self.shelf.get("readers", email) or {"email": email, "business": "", "left": False}
            kept["business"] = reader.business or kept["business"]
            self.shelf.put("readers", email, kept, self.now())
        return JSONResponse(kept)

    def _known(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Only who has the key gets an answer."""

        async def endpoint(request: Request) -> Response:
            key = request.headers.get("authorization")
            if key != "Bearer sandbox-key" or self.switches.get("key") == "revoked":
                return JSONResponse({"error": "this key is not known"}, 401)
            try:
                return handler(request, await request.body())
            except Refusal as refusal:
                return JSONResponse({"error": str(refusal)}, refusal.status)

        return endpoint


def _read(model: type[Model], body: bytes) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Refusal(422, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error
