"""What we send and what the sandbox answers, held against the vendor's own description.

`ARUMALDO_SPECS` names a folder that holds `openai/openai-openapi-subset.json`. Unset, these tests skip.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest
from arumaldo_openai import Settings
from arumaldo_openai.ai import OpenAiWriter
from arumaldo_openai.sandbox import OpenAiSandbox
from jsonschema import Draft202012Validator

from arumaldo import ProviderError
from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import in_memory
from arumaldo.testing.ai import BAKERY, HARD
from arumaldo.website import Website, strict_schema
from arumaldo.website.prompts import WEBSITE


class Recorder(httpx2.BaseTransport):
    """Passes everything on, and keeps it."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self.inner = inner
        self.seen: list[tuple[httpx2.Request, httpx2.Response]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.inner.handle_request(request)
        answer.read()
        self.seen.append((request, answer))
        return answer


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    folder = os.environ.get("ARUMALDO_SPECS")
    if not folder:
        pytest.skip("ARUMALDO_SPECS is not set: the vendor's own description is not checked")
    return dict(json.loads((Path(folder) / "openai" / "openai-openapi-subset.json").read_text(encoding="utf-8")))


@pytest.fixture
def wire(sandbox: OpenAiSandbox) -> Recorder:
    return Recorder(in_memory(create_app([sandbox])))


@pytest.fixture
def writer(sandbox: OpenAiSandbox, wire: Recorder) -> OpenAiWriter:
    return OpenAiWriter(Settings.at_sandbox(sandbox.address), httpx2.Client(transport=wire))


def fits(spec: dict[str, Any], name: str, content: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
    Draft202012Validator(schema).validate(content)


def written(writer: OpenAiWriter, facts: dict[str, str]) -> None:
    writer.generate(name="website", instructions=WEBSITE, facts=facts, schema=strict_schema(Website))


@pytest.mark.parametrize("facts", [BAKERY, HARD])
def test_a_request_and_its_answer_are_as_the_vendor_describes_them(
    spec: dict[str, Any], writer: OpenAiWriter, wire: Recorder, facts: dict[str, str]
) -> None:
    written(writer, facts)
    (request, answer) = wire.seen[0]
    assert (request.method, request.url.path) == ("POST", "/openai/v1/responses")
    fits(spec, "CreateResponse", json.loads(request.content))
    fits(spec, "Response", answer.json())


@pytest.mark.parametrize("content", ["refuse", "incomplete", "filtered", "malformed"])
def test_an_answer_that_is_none_is_as_the_vendor_describes_it(
    spec: dict[str, Any], writer: OpenAiWriter, wire: Recorder, sandbox: OpenAiSandbox, content: str
) -> None:
    sandbox.switches["content"] = content
    with pytest.raises(ProviderError):
        written(writer, BAKERY)
    fits(spec, "Response", wire.seen[0][1].json())


@pytest.mark.parametrize(
    ("key", "value"), [("key", "revoked"), ("key", "narrow"), ("quota", "rate"), ("quota", "exhausted")]
)
def test_an_error_is_as_the_vendor_describes_it(
    spec: dict[str, Any], writer: OpenAiWriter, wire: Recorder, sandbox: OpenAiSandbox, key: str, value: str
) -> None:
    sandbox.switches[key] = value
    with pytest.raises(ProviderError):
        written(writer, BAKERY)
    fits(spec, "ErrorResponse", wire.seen[0][1].json())


def test_the_models_are_as_the_vendor_describes_them(spec: dict[str, Any], sandbox: OpenAiSandbox) -> None:
    client = httpx2.Client(transport=in_memory(create_app([sandbox])), base_url=sandbox.address)
    client.headers["authorization"] = "Bearer sk-test"
    listed = client.get("/v1/models").json()
    fits(spec, "ListModelsResponse", listed)
    named = spec["components"]["schemas"]["ModelIdsShared"]["anyOf"][1]["enum"]
    assert [model["id"] for model in listed["data"] if model["id"] not in named] == []
    assert Settings.at_sandbox(sandbox.address).model in named


def test_the_description_is_not_taken_for_anything_at_all(spec: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"is not of type|is not valid"):
        fits(spec, "CreateResponse", {"model": 3, "input": {}})
