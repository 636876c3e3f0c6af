"""The vendor's envelope and its failures, and what a handler gets to see of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

PROBLEM = "There was a problem processing your request."
NOT_THERE = "We could not locate the requested resources."
PAYLOAD_BYTES = 50_000

Model = TypeVar("Model", bound=BaseModel)


class Failure(Exception):
    """An answer that is a failure."""

    def __init__(self, status: int, *errors: str, message: str = PROBLEM) -> None:
        super().__init__(message)
        self.status = status
        self.errors = list(errors)
        self.message = message

    def answer(self) -> Response:
        return JSONResponse({"message": self.message, "data": None, "errors": self.errors or None}, self.status)


class AuthFailure(Exception):
    """A failure in OAuth's own form."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error

    def answer(self) -> Response:
        return JSONResponse({"error": self.error, "error_description": str(self)}, self.status)


@dataclass(frozen=True)
class Call:
    """One request: the ids in its path, its query, headers and body."""

    path_id: str
    query: dict[str, str]
    headers: Headers
    body: bytes
    domain_id: str = ""

    def sent(self, model: type[Model]) -> Model:
        """The JSON body. Failure: another content type, something else than JSON, or fields that are not known."""
        media = self.headers.get("content-type", "").partition(";")[0]
        if self.body and media != "application/json":
            raise Failure(415, f"Content-Type {media or 'of nothing'} is not supported here")
        if len(self.body) > PAYLOAD_BYTES:
            raise Failure(400, "The payload is too large")
        try:
            return model.model_validate_json(self.body or b"{}")
        except ValidationError as error:
            raise Failure(400, *_mistakes(error)) from error

    def asked(self, model: type[Model]) -> Model:
        """The query. Failure: a parameter that is not known, or not of its type."""
        try:
            return model.model_validate(self.query)
        except ValidationError as error:
            raise Failure(400, *_mistakes(error)) from error


def success(data: Any = ..., page: dict[str, Any] | None = None) -> Response:
    """The envelope. Without `data` it holds only the message, as for whatever is merely queued."""
    body: dict[str, Any] = {"message": "Success"}
    if data is not ...:
        # An empty list is null, as seen of the vendor.
        body["data"] = None if data == [] else data
    if page is not None:
        body["page"] = page
    return JSONResponse(body)


def paged(items: list[Any], page: int, per_page: int) -> tuple[list[Any], dict[str, Any]]:
    """The items of one page and the object that describes it."""
    last = max(1, -(-len(items) // per_page))
    shown = items[(page - 1) * per_page : page * per_page]
    return shown, {
        "currentPage": page,
        "nextPage": page + 1 if page < last else None,
        "lastPage": last,
        "perPage": per_page,
        "totalItems": len(items),
    }


def _mistakes(error: ValidationError) -> list[str]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{'.'.join(map(str, mistake['loc'])) or 'body'}: {mistake['msg']}" for mistake in found]
