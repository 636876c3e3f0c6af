"""The vendor's own description of its API, as far as it goes, held against requests and answers.

It has no schemas for objects, only examples, so the shape of an example stands in for one: the same keys, and values of
the same kind. Its warts are named where they are met.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from arumaldo.testing.wire import Exchange

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    # Versions of PHP are called "float", and read back as text.
    "float": (str, float),
}
# The filter by tag is described on the vendor's pages, and missing in the file.
_UNDESCRIBED_QUERY = {"tag_name"}


class VendorSpec:
    def __init__(self, file: Path) -> None:
        self._paths: dict[str, Any] = json.loads(file.read_text("utf-8"))["paths"]
        if not self._paths:
            raise ValueError(f"{file} describes no paths")

    def mistakes(self, exchange: Exchange) -> list[str]:
        """What is wrong with the exchange, a sentence each; none where the description agrees."""
        operation = self._operation(exchange)
        if operation is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        found = [*self._query(operation, exchange), *self._sent(operation, exchange)]
        if exchange.status == 200:
            found += self._answered(operation, exchange)
        return [f"{exchange.method} {exchange.path}: {mistake}" for mistake in found]

    def _operation(self, exchange: Exchange) -> dict[str, Any] | None:
        # The token's path is at the root of the host, whatever the file's `servers` say.
        path = exchange.path.removeprefix("/v1")
        for described in sorted(self._paths, key=lambda described: described.count("{")):
            pattern = re.sub(r"\{\w+\}", "[^/]+", described)
            if re.fullmatch(pattern, path) and exchange.method.lower() in self._paths[described]:
                operation: dict[str, Any] = self._paths[described][exchange.method.lower()]
                return operation
        return None

    def _query(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        known = {parameter["name"] for parameter in operation.get("parameters", [])} | _UNDESCRIBED_QUERY
        return [f"query {name!r} is not described" for name, _ in parse_qsl(exchange.query) if name not in known]

    def _sent(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        if not exchange.sent:
            return []
        schema = _schema(operation.get("requestBody", {}))
        if schema is None:
            return ["a body is sent where none is described"]
        is_form = exchange.path.startswith("/auth/")
        body = dict(parse_qsl(exchange.sent.decode())) if is_form else json.loads(exchange.sent)
        return _against(schema, body, "request")

    def _answered(self, operation: dict[str, Any], exchange: Exchange) -> list[str]:
        schema = _schema(operation["responses"]["200"])
        return _against(schema, json.loads(exchange.answer), "answer") if schema else []


def _schema(holder: dict[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = holder.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _against(schema: dict[str, Any], answered: object, where: str) -> list[str]:
    # Null stands for an empty list, as seen of the vendor.
    if answered is None and schema["type"] == "array":
        return []
    if not isinstance(answered, _KINDS[schema["type"]]):
        return [f"{where} is {type(answered).__name__}, not {schema['type']}"]
    value: Any = answered
    if "example" in schema and schema["type"] in ("object", "array"):
        return _alike([schema["example"]], value, where)
    if schema["type"] == "array":
        return [m for place, item in enumerate(value) for m in _against(schema["items"], item, f"{where}[{place}]")]
    if schema["type"] != "object":
        return []
    known = schema.get("properties", {})
    return [
        mistake
        for name, part in value.items()
        for mistake in (
            _against(known[name], part, f"{where}.{name}") if name in known else [f"{where}.{name} is not described"]
        )
    ]


def _alike(examples: list[Any], value: Any, where: str) -> list[str]:
    examples = [example for example in examples if example is not None]
    if not examples or value is None:
        return []
    kinds = {type(example) for example in examples}
    if type(value) not in kinds:
        return [f"{where} is {type(value).__name__}, not {' or '.join(sorted(kind.__name__ for kind in kinds))}"]
    if isinstance(value, list):
        items = [item for example in examples for item in example]
        return [m for place, item in enumerate(value) for m in _alike(items, item, f"{where}[{place}]")]
    if not isinstance(value, dict):
        return []
    always = set.intersection(*(set(example) for example in examples))
    found = [f"{where}.{name} is missing" for name in sorted(always - set(value))]
    for name, part in value.items():
        shown = [example[name] for example in examples if name in example]
        found += _alike(shown, part, f"{where}.{name}") if shown else [f"{where}.{name} is in no example"]
    return found
