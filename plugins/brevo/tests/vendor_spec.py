"""The vendor's own description of its API, held against requests and answers; warts are named where they are met."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft4Validator

from arumaldo.testing.wire import Exchange

# What the vendor's published package demands besides, and the description of 2024 does not have yet.
_NEWER = {
    "getAccount": {"organization_id", "user_id", "enterprise"},
    "getExtendedContactDetails": {"whatsappBlacklisted"},
    "getDomainsList": {"count", "current_page", "total_pages"},
}


class VendorSpec:
    def __init__(self, file: Path) -> None:
        document = json.loads(file.read_text("utf-8"))
        self._paths: dict[str, Any] = document["paths"]
        self._schemas: dict[str, Any] = document["components"]["schemas"]
        if not self._paths:
            raise ValueError(f"{file} describes no paths")

    def mistakes(self, exchange: Exchange) -> list[str]:
        """What is wrong with the exchange, a sentence each; none where the description agrees."""
        operation = self._operation(exchange)
        if operation is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        found = [
            *self._query(operation, exchange),
            *self._sent(operation, exchange),
            *self._answered(operation, exchange),
        ]
        return [f"{exchange.method} {exchange.path}: {mistake}" for mistake in found]

    def _operation(self, exchange: Exchange) -> dict[str, Any] | None:
        for described in sorted(self._paths, key=lambda described: described.count("{")):
            pattern = re.sub(r"\{\w+\}", "[^/]+", described)
            if re.fullmatch(pattern, exchange.path) and exchange.method.lower() in self._paths[described]:
                operation: dict[str, Any] = self._paths[described][exchange.method.lower()]
                return operation
        return None

    def _query(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        known = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
        found = []
        for name, text in parse_qsl(exchange.query):
            if name not in known:
                found.append(f"query {name!r} is not described")
                continue
            value: object = int(text) if known[name]["type"] == "integer" and text.isdigit() else text
            found += self._against(known[name], value, f"query {name}")
        return found

    def _sent(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        schema = _schema(operation.get("requestBody", {}))
        if schema is None:
            return ["a body is sent where none is described"] if exchange.sent else []
        return self._against(schema, json.loads(exchange.sent), "request")

    def _answered(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        described = operation["responses"].get(str(exchange.status))
        if described is None:
            return [f"the status {exchange.status} is not described"]
        schema = _schema(described)
        if schema is None:
            return ["a body is answered where none is described"] if exchange.answer else []
        return self._against(schema, json.loads(exchange.answer), "answer")

    def _against(self, schema: dict[str, Any], value: object, where: str) -> list[str]:
        errors = Draft4Validator(self._strict(schema)).iter_errors(value)
        return [f"{where}{''.join(f'.{part}' for part in error.path)}: {error.message[:200]}" for error in errors]

    def _strict(self, schema: Any) -> Any:
        """The schema in one piece, and closed: the description leaves all objects open, so it would let anything by."""
        if isinstance(schema, list):
            return [self._strict(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return _with_newer(self._strict(self._schemas[name]), _NEWER.get(name, set()))
        if "allOf" in schema:
            return _merged([self._strict(part) for part in schema["allOf"]])
        # An example may have the name of a keyword; it says nothing that binds.
        closed = {name: self._strict(part) for name, part in schema.items() if name not in ("example", "properties")}
        if properties := schema.get("properties"):
            closed["properties"] = {name: self._strict(part) for name, part in properties.items()}
            closed.setdefault("additionalProperties", False)
        return closed


def _schema(holder: dict[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = holder.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    properties = {name: part for one in parts for name, part in one.get("properties", {}).items()}
    required = sorted({name for one in parts for name in one.get("required", ())})
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _with_newer(schema: dict[str, Any], names: set[str]) -> dict[str, Any]:
    if not names:
        return schema
    return schema | {"properties": schema["properties"] | {name: {} for name in names}}
