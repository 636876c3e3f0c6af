"""JSON schemas in the strict subset that structured output accepts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from arumaldo.website.models import Section


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `model`: every property required, none besides, no default, no title, no `$ref`.

    ValueError for what the subset cannot say: an open dictionary, or a default. Models must not refer to themselves.
    """
    raw = model.model_json_schema()
    return _strict(raw, raw.get("$defs", {}), model.__name__)


def section_schema(section: Section) -> dict[str, Any]:
    """The schema for writing this section anew: its key and its kind are fixed."""
    schema = strict_schema(Section)
    schema["properties"]["key"] = {"type": "string", "enum": [section.key]}
    schema["properties"]["kind"] = {"type": "string", "enum": [section.kind]}
    return schema


def _strict(node: dict[str, Any], definitions: dict[str, Any], where: str) -> dict[str, Any]:
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return _strict({**target, **{key: value for key, value in node.items() if key != "$ref"}}, definitions, where)
    if "default" in node:
        raise ValueError(f"{where} has a default, and strict output has none")
    kept = {key: value for key, value in node.items() if key not in {"title", "$defs", "properties", "items", "anyOf"}}
    if node.get("type") == "object":
        kept |= _object(node, definitions, where)
    if "items" in node:
        kept["items"] = _strict(node["items"], definitions, f"{where}[]")
    if "anyOf" in node:
        kept["anyOf"] = [_strict(each, definitions, where) for each in node["anyOf"]]
    return kept


def _object(node: dict[str, Any], definitions: dict[str, Any], where: str) -> dict[str, Any]:
    properties = node.get("properties", {})
    if not properties or node.get("additionalProperties", False) is not False:
        raise ValueError(f"{where} is an open dictionary, and strict output has none")
    return {
        "properties": {name: _strict(each, definitions, f"{where}.{name}") for name, each in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }
