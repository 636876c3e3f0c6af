"""The vendor's own descriptions of its API, held against requests and answers; warts are named where they are met.

There are two: the published one of 2024 has queries, status codes and envelopes; the models of the official package,
which are newer, have bodies and results.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from arumaldo.testing.wire import Exchange

_OPEN_API, _MODELS = "cloudflare-openapi-2024-08-cut.json", "cloudflare-sdk-schemas.json"
_FAILURE = {
    "type": "object",
    "required": ["success", "errors", "messages", "result"],
    "additionalProperties": False,
    "properties": {
        "success": {"const": False},
        "messages": {"type": "array"},
        "result": {"type": "null"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "additionalProperties": False,
                # Code 0 is not described, and has been seen.
                "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "error_chain": {}},
            },
        },
    },
}
"""Written out, because the description asks for a record within the failure of a record."""


_IN_THE_PATH = {"zone_id", "account_id", "setting_id", "ruleset_id", "rule_id", "ruleset_phase", "dns_record_id"}
"""The models have a request's path, query and body together."""


class VendorSpec:
    def __init__(self, folder: Path) -> None:
        self._document = json.loads((folder / _OPEN_API).read_text("utf-8"))
        models = json.loads((folder / _MODELS).read_text("utf-8"))["endpoints"]
        self._models = {(one["method"], one["path"]): one for one in models}
        if not self._document["paths"] or not self._models:
            raise ValueError(f"{folder} describes nothing")

    def mistakes(self, exchange: Exchange) -> list[str]:
        """What is wrong with the exchange, a sentence each; none where the descriptions agree."""
        model = self._model(exchange)
        if model is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        found = [*self._query(exchange), *self._sent(model, exchange), *self._answered(model, exchange)]
        return [f"{exchange.method} {exchange.path}: {mistake}" for mistake in found]

    def _model(self, exchange: Exchange) -> dict[str, Any] | None:
        """The endpoint in the package's models."""
        for (method, described), model in sorted(self._models.items(), key=lambda item: item[0][1].count("{")):
            if method == exchange.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), exchange.path):
                found: dict[str, Any] = model
                return found
        return None

    def _schema(self, model: dict[str, Any], part: str) -> dict[str, Any]:
        """Of a request or a result, which may be said to be another's."""
        schema: dict[str, Any] = model[part]
        other = schema.get("same_as") or schema.get("same_rules_as")
        if other is None:
            return schema
        method, _, end = other.partition(" ")
        end = end.removeprefix("...").partition(" ")[0]
        found = next(one for (asked, path), one in self._models.items() if asked == method and path.endswith(end))
        return self._schema(found, part)

    def _query(self, exchange: Exchange) -> list[str]:
        """Against the published description; the package's models write nested filters another way."""
        described: dict[str, Any] = next(
            (
                operations[exchange.method.lower()]
                for path, operations in self._document["paths"].items()
                if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), exchange.path)
                and exchange.method.lower() in operations
            ),
            {},
        )
        known = {one["name"]: one["schema"] for one in described.get("parameters", []) if one.get("in") == "query"}
        found = []
        for name, text in parse_qsl(exchange.query):
            if name not in known:
                found.append(f"query {name!r} is not described")
                continue
            schema = self._resolved(known[name])
            value: object = int(text) if schema.get("type") in ("number", "integer") and text.isdigit() else text
            found += _against(schema, value, f"query {name}")
        return found

    def _sent(self, model: dict[str, Any], exchange: Exchange) -> list[str]:
        if not exchange.sent:
            return []
        if exchange.method in ("GET", "DELETE") or "params_schema" not in model:
            return ["a body is sent where none is described"]
        schema = _closed(self._schema(model, "params_schema"))
        if model["path"].endswith("/rulesets"):
            # "The same rules" as an entry point, and besides what an entry point has in its path.
            schema["properties"] |= {"kind": {"type": "string"}, "phase": {"type": "string"}}
        return _against(schema, json.loads(exchange.sent), "request")

    def _answered(self, model: dict[str, Any], exchange: Exchange) -> list[str]:
        if exchange.status == 204:
            return ["a body is answered where none is described"] if exchange.answer else []
        answer = json.loads(exchange.answer)
        if 400 <= exchange.status < 500:
            return _against(_FAILURE, answer, "answer")
        if exchange.status != 200:
            return [f"the status {exchange.status} is not described"]
        keys = {"success", "errors", "messages", "result"}
        pages = {"result_info"} if "PaginationArray" in model["returns"] else set()
        found = [f"answer has {sorted(answer)}"] if set(answer) != keys | pages else []
        if answer.get("success") is not True or answer.get("errors") != []:
            found.append("a success is told as none")
        if pages and not found:
            described = self._document["components"]["schemas"]["zones_result_info"]
            info = dict(answer["result_info"])
            info.pop("total_pages", None)  # newer than the description
            found += _against(_closed(described), info, "result_info")
        return [*found, *_against(self._result(model), answer.get("result"), "result")]

    def _result(self, model: dict[str, Any]) -> dict[str, Any]:
        schema: dict[str, Any] = _closed(self._schema(model, "result_schema"))
        if not re.match(r"Sync\w+\[", model["returns"]):
            return schema
        if model["path"].endswith("/rulesets"):
            schema["required"] = [name for name in schema["required"] if name != "rules"]
            del schema["properties"]["rules"]  # a list tells rulesets without them
        # Of a list the models have one item's shape.
        return {"type": "array", "items": schema, "$defs": schema.pop("$defs", {})}

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        found: dict[str, Any] = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return self._resolved(found)


def _against(schema: dict[str, Any], value: object, where: str) -> list[str]:
    errors = Draft202012Validator(schema).iter_errors(value)
    return [f"{where}{''.join(f'.{part}' for part in error.path)}: {error.message[:200]}" for error in errors]


def _closed(schema: Any) -> Any:
    """The same, without room for what is not described: the models leave all objects open."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items() if name != "properties"}
    if "required" in closed:
        closed["required"] = [name for name in closed["required"] if name not in _IN_THE_PATH]
    if properties := schema.get("properties"):
        closed["properties"] = {name: _closed(part) for name, part in properties.items()}
        closed["additionalProperties"] = False
    return closed
