"""Billing's own description of its API, held against requests and answers.

It comes as YAML, of which it uses little, so that a small reader does. Its warts are named where they are met.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from arumaldo.testing.wire import Exchange

FILES = ("customers", "products", "plans", "subscription", "invoices", "payments")
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
# Told in the text of the description or on the vendor's pages, and missing among the parameters.
_UNDESCRIBED_QUERY = {
    *("page", "per_page", "email", "customer_id", "subscription_id", "reference_contains"),
    *("sort_column", "sort_order"),
}
_UNDESCRIBED_ANSWER = {"page_context"}
# "Required" there although each of them stands for another one, or holds in some countries only.
_CONDITIONAL = {"customer", "customer_id", "card_id", "account_id", "tax_id", "tax_authority_id", "tax_authority_name"}


class BillingSpec:
    def __init__(self, folder: Path) -> None:
        self._operations: list[tuple[str, re.Pattern[str], dict[str, Any], dict[str, Any]]] = []
        for name in FILES:
            document = read_yaml((folder / f"{name}.yml").read_text("utf-8"))
            schemas = document["components"]["schemas"]
            for path, operations in document["paths"].items():
                pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
                for method, operation in operations.items():
                    if method != "parameters":
                        self._operations.append((method.upper(), pattern, operation, schemas))

    def mistakes(self, exchange: Exchange) -> list[str]:
        """What is wrong with the exchange, a sentence each; none where the description agrees."""
        for method, pattern, operation, schemas in self._operations:
            if method == exchange.method and pattern.fullmatch(exchange.path):
                found = [*_query(operation, exchange), *_headers(exchange), *_sent(operation, schemas, exchange)]
                if exchange.status < 400:
                    found += _answered(operation, schemas, exchange)
                return [f"{exchange.method} {exchange.path}: {mistake}" for mistake in found]
        return [f"{exchange.method} {exchange.path} is not described"]


def _query(operation: dict[str, Any], exchange: Exchange) -> list[str]:
    known = {parameter.get("name") for parameter in operation.get("parameters") or []} | _UNDESCRIBED_QUERY
    return [f"query {name!r} is not described" for name, _ in parse_qsl(exchange.query) if name not in known]


def _headers(exchange: Exchange) -> list[str]:
    told = exchange.headers.get("x-com-zoho-subscriptions-organizationid")
    return [] if told else ["the header of the organisation is missing"]


def _sent(operation: dict[str, Any], schemas: dict[str, Any], exchange: Exchange) -> list[str]:
    schema = _schema(operation.get("requestBody") or {})
    if schema is None:
        return ["a body is sent where none is described"] if exchange.sent else []
    return _against(schema, schemas, json.loads(exchange.sent), "request", asked=True)


def _answered(operation: dict[str, Any], schemas: dict[str, Any], exchange: Exchange) -> list[str]:
    described = operation["responses"].get(str(exchange.status))
    if described is None:
        return [f"the status {exchange.status} is not described"]
    schema = _schema(described)
    return _against(schema, schemas, json.loads(exchange.answer), "answer", asked=False) if schema else []


def _schema(holder: dict[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = holder.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _against(schema: dict[str, Any], schemas: dict[str, Any], value: Any, where: str, *, asked: bool) -> list[str]:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    kinds = _kinds(schema)
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        return [f"{where} is {type(value).__name__}, not {schema['type']}"]
    if isinstance(value, list) and "items" in schema:
        items = schema["items"]
        return [
            m
            for place, item in enumerate(value)
            for m in _against(items, schemas, item, f"{where}[{place}]", asked=asked)
        ]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    required = set(schema.get("required") or ()) - _CONDITIONAL if asked else set()
    found = [f"{where}.{name} is missing" for name in sorted(required - set(value))]
    for name, part in value.items():
        if name in known:
            found += _against(known[name], schemas, part, f"{where}.{name}", asked=asked)
        elif asked or name not in _UNDESCRIBED_ANSWER:
            found.append(f"{where}.{name} is not described")
    return found


def _kinds(schema: dict[str, Any]) -> tuple[type, ...]:
    """What a value may be; an example of another kind than the declared one stands for what is really seen."""
    kinds = _KINDS.get(schema.get("type", ""), ())
    example = schema.get("example")
    if not kinds or example is None or isinstance(example, list | dict):
        return kinds
    return (*kinds, type(example)) if schema["type"] != "string" else kinds


def read_yaml(text: str) -> Any:
    """Block maps and lists, quoted and bare scalars: what the description is written in. ValueError: something else."""
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines() if line.strip()]
    value, end = _block(lines, 0)
    if end != len(lines):
        raise ValueError(f"cannot read {lines[end][1]!r}")
    return value


_Lines = list[tuple[int, str]]
_ENTRY = re.compile(r"('(?:[^']|'')*'|[^\s:]+):(?: +(.*))?")


def _block(lines: _Lines, at: int) -> tuple[Any, int]:
    if lines[at][1] == "-" or lines[at][1].startswith("- "):
        return _list(lines, at)
    return _map(lines, at)


def _list(lines: _Lines, at: int) -> tuple[list[Any], int]:
    indent, found = lines[at][0], []
    while at < len(lines) and lines[at][0] == indent and lines[at][1][:2] in ("-", "- "):
        bare = lines[at][1][1:].strip()
        item, at = (_scalar(bare), at + 1) if bare else _block(lines, at + 1)
        found.append(item)
    return found, at


def _map(lines: _Lines, at: int) -> tuple[dict[str, Any], int]:
    indent, found = lines[at][0], {}
    while at < len(lines) and lines[at][0] == indent:
        entry = _ENTRY.fullmatch(lines[at][1])
        if entry is None:
            raise ValueError(f"cannot read {lines[at][1]!r}")
        value, at = _scalar(entry[2] or ""), at + 1
        if not entry[2] and at < len(lines) and lines[at][0] > indent:
            value, at = _block(lines, at)
        found[str(_scalar(entry[1]))] = value
    return found, at


def _scalar(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text[:1] in ('"', "[", "{") or text in ("true", "false", "null"):
        return json.loads(text)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text or None
