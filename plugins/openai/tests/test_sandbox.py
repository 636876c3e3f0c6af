"""The sandbox is at least as strict as the vendor, and answers as the vendor does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from arumaldo_openai import Settings, plugin
from arumaldo_openai.ai import OpenAiWriter
from arumaldo_openai.sandbox import OpenAiSandbox

from arumaldo.sandbox import Shelf, create_app
from arumaldo.sandbox.local import in_memory
from arumaldo.website import Website, strict_schema
from arumaldo.website.prompts import WEBSITE

TEXT = {"type": "string"}


def asked(sandbox: OpenAiSandbox, body: Any, key: str = "sk-test", path: str = "/v1/responses") -> httpx2.Response:
    client = httpx2.Client(transport=in_memory(create_app([sandbox])), base_url=sandbox.address)
    content = body if isinstance(body, str) else json.dumps(body)
    return client.post(path, content=content, headers={"authorization": f"Bearer {key}"})


def request(schema: Any = None, **more: Any) -> dict[str, Any]:
    facts = {"facts": {"Business name": "Sunrise Bakery"}}
    body: dict[str, Any] = {"model": "gpt-5.4-mini", "input": [{"role": "user", "content": json.dumps(facts)}]}
    if schema is not None:
        body["text"] = {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": schema}}
    return body | more


def shape(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def error(answer: httpx2.Response) -> dict[str, Any]:
    body = answer.json()["error"]
    assert set(body) == {"message", "type", "param", "code"}
    return dict(body)


def deep(levels: int) -> dict[str, Any]:
    return shape(inner=deep(levels - 1)) if levels else TEXT


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array", "items": TEXT}, "schema must be a JSON Schema of 'type: \"object\"'"),
        ({"anyOf": [shape(a=TEXT)]}, "schema must be a JSON Schema"),
        (shape(a=TEXT) | {"additionalProperties": True}, "'additionalProperties' is required"),
        (shape(a={"type": "object", "properties": {}, "additionalProperties": TEXT}), "'additionalProperties'"),
        (shape(a=TEXT) | {"required": []}, "Missing 'a'"),
        (shape(a=TEXT) | {"required": ["a", "b"]}, "Extra required key"),
        (shape(a={"type": "string", "default": "x"}), "'default' is not permitted"),
        (shape(a={"oneOf": [TEXT]}), "must have a 'type' key"),
        (shape(a={"allOf": [TEXT], "type": "string"}), "'allOf' is not permitted"),
        (shape(a={"type": "string", "format": "uri"}), "'uri' is not a valid format"),
        (shape(a={"type": "array"}), "array schema missing items"),
        (shape(a={"$ref": "#/$defs/B", "description": "x"}) | {"$defs": {"B": TEXT}}, "$ref cannot have keywords"),
        (shape(a={"$ref": "#/$defs/C"}), "reference can only point"),
        (shape(a={"type": "string", "enum": []}), "'enum' must have between 1"),
        (shape(a={"type": "text"}), "'text' is not valid"),
        (deep(11), "exceeds limit of 10"),
    ],
)
def test_a_schema_outside_the_strict_subset_is_refused_as_the_vendor_does(schema: Any, words: str) -> None:
    answer = asked(OpenAiSandbox("http://localhost:9000/openai"), request(schema))
    problem = error(answer)
    assert answer.status_code == 400
    assert (problem["code"], problem["param"]) == ("invalid_json_schema", "text.format.schema")
    assert words in problem["message"]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("{", None, None),
        ("[]", "invalid_value", None),
        ({"input": "x"}, "missing_required_parameter", "model"),
        ({"model": "gpt-5.4"}, "missing_required_parameter", "input"),
        (request(prompt_tokens=3), "unknown_parameter", "prompt_tokens"),
        (request(max_output_tokens=3), "invalid_value", "max_output_tokens"),
        (request(max_output_tokens="100"), "invalid_value", "max_output_tokens"),
        (request(temperature=3), "invalid_value", "temperature"),
        (request(stream=True), "invalid_value", "stream"),
        (request(tools=[{}]), "invalid_value", "tools"),
        (request(input=[]), "invalid_value", None),
        (request(text={"format": {"type": "json_schema", "name": "a b", "schema": {}}}), "invalid_value", None),
        (request(text={"format": {"type": "json_schema", "name": "a"}}), "missing_required_parameter", None),
    ],
)
def test_a_request_that_the_vendor_would_not_take_is_refused(body: Any, code: str | None, param: str | None) -> None:
    answer = asked(OpenAiSandbox("http://localhost:9000/openai"), body)
    problem = error(answer)
    assert answer.status_code == 400
    assert problem["code"] == code
    assert param is None or problem["param"] == param


@pytest.mark.parametrize(("headers", "code"), [({}, None), ({"authorization": "Bearer wrong"}, "invalid_api_key")])
def test_without_a_key_nothing_is_answered(headers: dict[str, str], code: str | None) -> None:
    sandbox = OpenAiSandbox("http://localhost:9000/openai")
    client = httpx2.Client(transport=in_memory(create_app([sandbox])), base_url=sandbox.address)
    for answer in (
        client.post("/v1/responses", json=request(), headers=headers),
        client.get("/v1/models", headers=headers),
    ):
        assert answer.status_code == 401
        assert error(answer)["code"] == code
    assert sandbox.ledger() == {"responses": []}


def test_an_unknown_model_and_an_unknown_address_are_not_found() -> None:
    sandbox = OpenAiSandbox("http://localhost:9000/openai")
    unknown = asked(sandbox, request(model="gpt-0"))
    assert (unknown.status_code, error(unknown)["code"]) == (404, "model_not_found")
    astray = asked(sandbox, request(), path="/v1/chat/completions")
    assert (astray.status_code, error(astray)["message"][:11]) == (404, "Invalid URL")


def test_the_models_are_listed_and_found_one_by_one() -> None:
    sandbox = OpenAiSandbox("http://localhost:9000/openai")
    client = httpx2.Client(transport=in_memory(create_app([sandbox])), base_url=sandbox.address)
    client.headers["authorization"] = "Bearer sk-test"
    names = [model["id"] for model in client.get("/v1/models").json()["data"]]
    assert Settings.at_sandbox(sandbox.address).model in names
    assert client.get(f"/v1/models/{names[0]}").json()["id"] == names[0]
    assert client.get("/v1/models/gpt-0").status_code == 404


def test_an_answer_longer_than_allowed_is_cut_and_says_so() -> None:
    sandbox = OpenAiSandbox("http://localhost:9000/openai")
    sandbox.switches["latency"] = "0"
    answer = asked(sandbox, request(strict_schema(Website), max_output_tokens=16)).json()
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert answer["usage"]["output_tokens"] <= 16
    assert sandbox.ledger()["responses"][0].state == "refused"


def test_the_ledger_counts_answers_and_keeps_no_words() -> None:
    shelf = Shelf()
    sandbox = OpenAiSandbox("http://localhost:9000/openai", shelf)
    sandbox.switches["latency"] = "0"
    first = asked(sandbox, request(strict_schema(Website))).json()
    asked(sandbox, request(model="gpt-0"))
    entries = OpenAiSandbox("http://localhost:9000/openai", shelf).ledger()["responses"]
    assert [(entry.id, entry.state) for entry in entries] == [(first["id"], "live")]
    assert entries[0].facts == {"model": "gpt-5.4-mini", "format": "n", "status": "completed"}
    assert "Sunrise" not in json.dumps(shelf.all("responses"))


def test_many_customers_are_served_at_once(served: OpenAiSandbox) -> None:
    served.switches["latency"] = "0.05"

    def write(number: int) -> str:
        writer = OpenAiWriter(Settings.at_sandbox(served.address))
        facts = {"Business name": f"Bakery {number}"}
        made = writer.generate(name="website", instructions=WEBSITE, facts=facts, schema=strict_schema(Website))
        writer.close()
        return str(made.content["title"])

    with ThreadPoolExecutor(8) as workers:
        assert list(workers.map(write, range(16))) == [f"Bakery {number}" for number in range(16)]
    assert len({entry.id for entry in served.ledger()["responses"]}) == 16


def test_a_bare_question_gets_the_facts_back_in_words() -> None:
    answer = asked(OpenAiSandbox("http://localhost:9000/openai"), request()).json()
    assert "Sunrise Bakery" in answer["output"][0]["content"][0]["text"]


def test_the_plugin_names_its_sandbox_and_sends_itself_there() -> None:
    assert plugin.sandbox == "arumaldo_openai.sandbox:OpenAiSandbox"
    settings = Settings.at_sandbox("http://localhost:9000/openai")
    assert settings.base_url == "http://localhost:9000/openai/v1"
    assert "sk-" not in repr(settings)
