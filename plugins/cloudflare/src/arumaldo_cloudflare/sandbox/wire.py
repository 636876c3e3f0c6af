"""The envelope, its failures, and what a handler gets to see."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import JSONResponse, Response

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Failure(Exception):
    """An answer that is a failure, with the vendor's code; `chain`: the true reason within a wrapper."""

    def __init__(self, status: int, code: int, message: str, chain: tuple[int, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.chain = status, code, message, chain

    def wrapped(self) -> Failure:
        """As the vendor put it until October 2024: the reason within a wrapper."""
        return Failure(self.status, 1004, "DNS Validation Error", (self.code, self.message))

    def answer(self) -> Response:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.chain:
            error["error_chain"] = [{"code": self.chain[0], "message": self.chain[1]}]
        return JSONResponse({"success": False, "errors": [error], "messages": [], "result": None}, self.status)


@dataclass(frozen=True)
class Call:
    """One request: what its path names, its query and its body."""

    path: dict[str, str]
    query: dict[str, str]
    body: bytes

    def sent(self, model: type[Model]) -> Model:
        """The JSON body. Failure: it has fields that are not known, or not of their type."""
        try:
            return model.model_validate(json.loads(self.body))
        except ValidationError as error:
            mistake = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, mistake["loc"])) or "body"
            raise Failure(400, 1004, f"{field}: {mistake['msg']}") from error
        except ValueError as error:
            raise Failure(400, 6007, "Malformed JSON in request body") from error

    def asked(self, *known: str, one_of: Mapping[str, Collection[str]] | None = None) -> dict[str, str]:
        """The query. Failure: a filter that is not known, or a value that it cannot have."""
        choices: dict[str, Collection[str]] = {"direction": ("asc", "desc"), "match": ("any", "all"), **(one_of or {})}
        for name, value in self.query.items():
            if name not in (*known, *choices, "page", "per_page"):
                raise Failure(400, 1004, f"The filter {name} is not known")
            if name in choices and value not in choices[name]:
                raise Failure(400, 1004, f"{value} is not a value of {name}")
        return self.query

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        text = self.query.get(name, str(usual))
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise Failure(400, 1004, f"{name} is from {least} to {most}")
        return int(text)


def success(result: Any, status: int = 200, **more: Any) -> Response:
    envelope = {"success": True, "errors": [], "messages": [], "result": result}
    return JSONResponse(envelope | more, status)


def paged(rows: list[Any], call: Call, *, least: int, most: int, usual: int) -> Response:
    """One page of a list; empty past its end."""
    page, size = call.number("page", 1, 1, 1_000_000), call.number("per_page", usual, least, most)
    shown = rows[(page - 1) * size : page * size]
    pages = -(-len(rows) // size)
    info = {"page": page, "per_page": size, "count": len(shown), "total_count": len(rows), "total_pages": pages}
    return success(shown, result_info=info)


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
