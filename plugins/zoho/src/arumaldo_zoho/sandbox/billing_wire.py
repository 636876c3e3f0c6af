"""Billing's envelope and its failures, and what a handler gets to see of a request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

INVALID = 15
"""Our own choice: the vendor's code for a field that it does not know or cannot read is not known to us."""

Model = TypeVar("Model", bound=BaseModel)


class Failure(Exception):
    """An answer that is a failure."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def answer(self) -> Response:
        return answer({"code": self.code, "message": self.message}, self.status)


def no_such(what: str) -> Failure:
    return Failure(404, 1002, f"{what} does not exist.")


@dataclass(frozen=True)
class Call:
    """One request: what its path names, its query, its content type and its body."""

    key: str
    query: dict[str, str]
    media: str
    body: bytes

    def sent(self, model: type[Model]) -> Model:
        """The JSON body. Failure: it is something else, or has fields that are not known or not of their type."""
        if self.media != "application/json":
            raise Failure(400, INVALID, f"Content-Type {self.media or 'of nothing'} is not JSON")
        try:
            return model.model_validate(json.loads(self.body, parse_float=Decimal))
        except ValidationError as error:
            raise Failure(400, INVALID, _sentence(error)) from error
        except ValueError as error:
            raise Failure(400, INVALID, "The body is not JSON") from error

    def asked(self, model: type[Model]) -> Model:
        """The query. Failure: a parameter that is not known, or not of its type."""
        try:
            return model.model_validate(self.query)
        except ValidationError as error:
            raise Failure(400, INVALID, _sentence(error)) from error

    def nothing_sent(self) -> None:
        """Failure: there is a body, where the vendor wants everything in the query."""
        if self.body not in (b"", b"{}"):
            raise Failure(400, INVALID, "No body is expected here")


def success(
    message: str = "success", status: int = 200, *, parts: dict[str, Any] | None = None, **more: Any
) -> Response:
    """The envelope, with what it holds."""
    return answer({"code": 0, "message": message, **(parts or {}), **more}, status)


def answer(body: dict[str, Any], status: int) -> Response:
    """Amounts are JSON numbers, whole ones without a point."""
    text = json.dumps(body, default=_number, ensure_ascii=False)
    return Response(text.encode(), status, media_type="application/json;charset=UTF-8")


def paged(rows: list[Any], page: int, per_page: int) -> tuple[list[Any], dict[str, Any]]:
    """The rows of one page and the object that describes it."""
    shown = rows[(page - 1) * per_page : page * per_page]
    return shown, {"page": page, "per_page": per_page, "has_more_page": page * per_page < len(rows)}


def day(seconds: float) -> str:
    """A date in the organisation's time zone, which here is UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def moment(seconds: float) -> str:
    """A time with its offset, which the vendor writes without a colon."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S%z")


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return int(value) if value == value.to_integral_value() else float(value)


def _sentence(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, mistake['loc'])) or 'body'}: {mistake['msg']}" for mistake in found)
