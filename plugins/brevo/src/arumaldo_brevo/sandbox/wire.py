"""How the vendor is spoken to: its key, its limits, and how it says no."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arumaldo_brevo.sandbox.limits import Limits, Standing

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

KEY = "xkeysib-sandbox"
Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request, bytes], Response]


class Failure(Exception):
    """An answer that says no."""

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **more}


class Wire:
    """Turns the handlers of one sandbox into endpoints; each call of one runs in a thread."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._limits = Limits(sandbox)

    def endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(self._answer, handler, request, await request.body())

        return endpoint

    def _answer(self, handler: Handler, request: Request, body: bytes) -> Response:
        path = request.url.path.partition("/v3")[2]
        standing = self._limits.count(request.method, path)
        try:
            self._admit(request, standing)
            answer = handler(request, body)
        except Failure as failure:
            answer = JSONResponse(failure.body, failure.status)
        answer.headers["x-sib-ratelimit-limit"] = str(standing.limit)
        answer.headers["x-sib-ratelimit-remaining"] = str(standing.remaining)
        answer.headers["x-sib-ratelimit-reset"] = str(math.ceil(standing.reset))
        return answer

    def _admit(self, request: Request, standing: Standing) -> None:
        key, switch = request.headers.get("api-key", ""), self._sandbox.switches.get("key")
        if key != KEY or switch:
            raise Failure(401, "unauthorized", f"Key not found: {key}" if switch == "repeated" else "Key not found")
        if self._sandbox.switches.get("account") == "validating":
            raise Failure(403, "account_under_validation", "Your account is under validation")
        if standing.exceeded and self._sandbox.switches.get("limits") != "off":
            raise Failure(429, "too_many_requests", "Too many requests")
        media = request.headers.get("content-type", "").partition(";")[0]
        if request.method != "GET" and media != "application/json":
            raise Failure(406, "not_acceptable", "Content-Type must be application/json")


def told(model: type[Model], body: bytes) -> Model:
    """The body of a request."""
    try:
        return model.model_validate(json.loads(body))
    except ValidationError as error:
        raise _mistake(error) from error
    except (ValueError, RecursionError) as error:
        raise Failure(400, "bad_request", "Input must be a valid JSON object") from error


def asked(model: type[Model], request: Request) -> Model:
    """What stands behind the question mark; no name twice."""
    pairs = request.query_params.multi_items()
    if len(pairs) != len(dict(pairs)):
        raise Failure(400, "invalid_parameter", "a parameter comes twice")
    try:
        return model.model_validate(dict(pairs))
    except ValidationError as error:
        raise _mistake(error) from error


def when(seconds: float) -> str:
    """2026-11-27T16:29:06.806Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def no_such_path(request: Request, error: Exception) -> Response:
    """What the vendor says for an address, or a method, that it does not have."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        return JSONResponse({"code": "method_not_allowed", "message": f"{request.method} is not allowed here"}, 405)
    return JSONResponse({"code": "document_not_found", "message": "Not Found"}, 404)


def _mistake(error: ValidationError) -> Failure:
    """ "email is not valid in to: nobody", "subject is missing". Whether it repeats what it was sent is not known."""
    first = error.errors(include_url=False)[0]
    field, *rest = [str(part) for part in reversed(first["loc"]) if isinstance(part, str)] or ["body"]
    if first["type"] == "missing":
        return Failure(400, "missing_parameter", f"{field} is missing")
    if first["loc"]:
        value = f": {first['input']}" if isinstance(first["input"], str) else ""
        return Failure(400, "invalid_parameter", " in ".join([f"{field} is not valid", *rest]) + value[:100])
    return Failure(400, "invalid_parameter", first["msg"].removeprefix("Value error, "))
