"""The sandbox's HTTP face."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox
from arumaldo_openai.sandbox import answers
from arumaldo_openai.sandbox.answers import Problem
from arumaldo_openai.sandbox.brief import Brief, facts_of, sentence
from arumaldo_openai.sandbox.subset import Outside, check
from arumaldo_openai.sandbox.wire import CreateResponse, JsonSchemaFormat
from arumaldo_openai.sandbox.writer import write

MODELS: Mapping[str, int] = {
    "gpt-5.6-sol": 1782000000,
    "gpt-5.5": 1776900000,
    "gpt-5.4": 1772600000,
    "gpt-5.4-mini": 1773700000,
    "gpt-5.4-nano": 1773700000,
    "gpt-5-mini": 1754400000,
    "gpt-4.1-mini": 1744300000,
}
"""Model → when it was made, in seconds since 1970 (the days are the sandbox's own)."""
LATENCY = 0.15


class OpenAiSandbox(Sandbox):
    """Plays the vendor; see the package for its switches."""

    name: ClassVar[str] = "openai"
    kinds: ClassVar[tuple[str, ...]] = ("responses",)
    offers: ClassVar[Mapping[str, str]] = {
        "content": "refuse|incomplete|filtered|malformed|stray",
        "key": "revoked|narrow",
        "quota": "exhausted|rate",
        "latency": r"[0-9]+(\.[0-9]+)?",
    }

    def app(self) -> ASGIApp:
        routes = [
            Route("/v1/responses", self._create, methods=["POST"]),
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/models/{model}", self._model, methods=["GET"]),
        ]
        handlers = {Problem: _problem, HTTPException: _unknown_address}
        return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]

    def ledger(self) -> dict[str, list[Entry]]:
        return {"responses": [Entry.model_validate(entry) for entry in self.shelf.all("responses")]}

    async def _create(self, request: Request) -> Response:
        self._admit(request)
        asked = await _read(request)
        if asked.model not in MODELS:
            raise Problem.unknown_model(asked.model)
        await asyncio.sleep(float(self.switches.get("latency", LATENCY)))
        answer = await run_in_threadpool(self._answer, asked)
        return JSONResponse(answer, headers={"x-request-id": f"req_{answer['id']}"})

    async def _models(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse({"object": "list", "data": [answers.model(name, made) for name, made in MODELS.items()]})

    async def _model(self, request: Request) -> Response:
        self._admit(request)
        name = request.path_params["model"]
        if name not in MODELS:
            raise Problem.unknown_model(name)
        return JSONResponse(answers.model(name, MODELS[name]))

    def _admit(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Problem(401, "You didn't provide an API key.")
        if self.switches.get("key") == "revoked" or not key.startswith("sk-"):
            raise Problem(401, "Incorrect API key provided.", code="invalid_api_key")
        if self.switches.get("key") == "narrow":
            raise Problem(403, "You have insufficient permissions for this operation.", code="insufficient_permissions")
        if self.switches.get("quota") == "exhausted":
            raise Problem(429, "You exceeded your current quota.", kind="insufficient_quota", code="insufficient_quota")
        if self.switches.get("quota") == "rate":
            limit = Problem(429, "Rate limit reached.", kind="requests", code="rate_limit_exceeded")
            limit.headers["retry-after"] = "7"
            raise limit

    def _answer(self, asked: CreateResponse) -> dict[str, Any]:
        text = self._write(asked)
        number = self.shelf.next_number("responses")
        answer = self._spoiled(asked, answers.answer(asked, text, number, self.now()))
        entry = Entry(
            id=answer["id"],
            state="live" if answer["status"] == "completed" else "refused",
            facts={"model": asked.model, "format": _format_name(asked), "status": answer["status"]},
        )
        self.shelf.put("responses", entry.id, entry.model_dump(), self.now())
        return answer

    def _write(self, asked: CreateResponse) -> str:
        data = asked.model_dump(by_alias=True)["input"]
        brief = Brief(facts_of(data), salt=f"{asked.instructions}")
        if not isinstance(asked.text.format, JsonSchemaFormat):
            return " ".join(sentence(value) for value in brief.facts.values())
        try:
            return json.dumps(write(brief, asked.text.format.schema_), ensure_ascii=False)
        except Outside as problem:
            raise Problem.schema(_format_name(asked), str(problem)) from problem

    def _spoiled(self, asked: CreateResponse, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer as the switch `content` wants it, and never longer than the caller allowed."""
        match self.switches.get("content", ""):
            case "refuse":
                return answers.refused(answer, "I can't help with that request.")
            case "incomplete":
                return answers.cut(answer, "max_output_tokens", share=0.6)
            case "filtered":
                return answers.cut(answer, "content_filter", share=0.0)
            case "malformed":
                return answers.with_text(answer, answers.text_of(answer)[: len(answers.text_of(answer)) // 2])
            case "stray":
                return answers.with_text(answer, '{"something": "else"}')
        most, used = asked.max_output_tokens or math.inf, answer["usage"]["output_tokens"]
        return answers.cut(answer, "max_output_tokens", share=most / used) if used > most else answer


async def _read(request: Request) -> CreateResponse:
    try:
        asked = CreateResponse.model_validate_json(await request.body())
    except ValidationError as error:
        raise Problem.invalid(error) from error
    if isinstance(asked.text.format, JsonSchemaFormat) and asked.text.format.strict:
        try:
            check(asked.text.format.schema_)
        except Outside as problem:
            raise Problem.schema(_format_name(asked), str(problem)) from problem
    return asked


def _format_name(asked: CreateResponse) -> str:
    return asked.text.format.name if isinstance(asked.text.format, JsonSchemaFormat) else "text"


async def _problem(_: Request, problem: Problem) -> Response:
    return JSONResponse(problem.body, problem.status, headers=problem.headers)


async def _unknown_address(request: Request, error: HTTPException) -> Response:
    words = f"Invalid URL ({request.method} {request.url.path})"
    return JSONResponse(Problem(error.status_code, words).body, error.status_code)
