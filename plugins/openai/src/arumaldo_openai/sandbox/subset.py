"""The part of JSON Schema that strict output takes, and the vendor's own words for what lies outside.

Source: the structured-output guide of the vendor, as its messages are quoted in public threads; `minLength` and
`maxLength` are sent by the vendor's own package and taken here.
"""

from __future__ import annotations

from typing import Any

_COMMON = frozenset({"description", "title", "$schema", "$defs", "definitions", "$id", "$comment"})
_OF_TYPE = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"pattern", "format", "minLength", "maxLength"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "boolean": frozenset[str](),
    "null": frozenset[str](),
}
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
MOST_LEVELS = 10
MOST_PROPERTIES = 5000
MOST_CHOICES = 1000


class Outside(ValueError):
    """The schema is outside the subset; the text says where and why."""


def check(schema: Any) -> None:
    """Outside unless strict output takes `schema`."""
    if not isinstance(schema, dict) or schema.get("type") != "object" or "anyOf" in schema:
        raise Outside("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.")
    _Walk(schema).node(schema, (), 0)


class _Walk:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._properties = 0
        self._open: list[str] = []

    def node(self, node: Any, where: tuple[str, ...], level: int) -> None:
        if not isinstance(node, dict):
            raise _outside(where, "schema must be an object.")
        if "$ref" in node:
            self._reference(node, where, level)
        elif "anyOf" in node:
            self._keywords(node, {"anyOf"}, where)
            for place, each in enumerate(node["anyOf"] or [None]):
                self.node(each, (*where, "anyOf", str(place)), level)
        else:
            self._typed(node, where, level)

    def _reference(self, node: dict[str, Any], where: tuple[str, ...], level: int) -> None:
        extra = set(node) - {"$ref"}
        if extra and where:
            raise _outside(where, f"$ref cannot have keywords {extra}.")
        target = resolve(self._root, node["$ref"])
        if target is None:
            raise _outside(
                where,
                f"reference can only point to definitions defined at the top level of the schema: {node['$ref']!r}.",
            )
        if node["$ref"] not in self._open:
            self._open.append(node["$ref"])
            self.node(target, where, level)
            self._open.pop()

    def _typed(self, node: dict[str, Any], where: tuple[str, ...], level: int) -> None:
        kinds = _types(node)
        if not kinds:
            raise _outside(where, "schema must have a 'type' key.")
        if unknown := [kind for kind in kinds if kind not in _OF_TYPE]:
            raise _outside(where, f"{unknown[0]!r} is not valid under any of the given schemas.")
        allowed = {"type", "enum", "const"}.union(*(_OF_TYPE[kind] for kind in kinds))
        self._keywords(node, allowed, where)
        if len(node.get("enum", ["-"])) not in range(1, MOST_CHOICES + 1):
            raise _outside(where, f"'enum' must have between 1 and {MOST_CHOICES} values.")
        if "format" in node and node["format"] not in _FORMATS:
            raise _outside(where, f"{node['format']!r} is not a valid format.")
        if "object" in kinds:
            self._object(node, where, level + 1)
        if "array" in kinds:
            if "items" not in node:
                raise _outside(where, "array schema missing items.")
            self.node(node["items"], (*where, "items"), level + 1)

    def _object(self, node: dict[str, Any], where: tuple[str, ...], level: int) -> None:
        if node.get("additionalProperties") is not False:
            raise _outside(where, "'additionalProperties' is required to be supplied and to be false.")
        properties = node.get("properties", {})
        missing = [name for name in properties if name not in node.get("required", [])]
        if missing or set(node.get("required", [])) - set(properties):
            raise _outside(
                where,
                "'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing {missing[0]!r}."
                if missing
                else "Extra required key supplied.",
            )
        self._properties += len(properties)
        if level > MOST_LEVELS:
            raise _outside(where, f"{level} levels of nesting exceeds limit of {MOST_LEVELS}.")
        if self._properties > MOST_PROPERTIES:
            raise _outside(where, f"{self._properties} properties exceeds limit of {MOST_PROPERTIES}.")
        for name, each in properties.items():
            self.node(each, (*where, "properties", name), level)

    def _keywords(self, node: dict[str, Any], allowed: set[str] | frozenset[str], where: tuple[str, ...]) -> None:
        for keyword in node:
            if keyword not in allowed and keyword not in _COMMON:
                raise _outside(where, f"{keyword!r} is not permitted.")


def resolve(root: dict[str, Any], reference: str) -> Any:
    """What "#/$defs/Name" or "#" points to; None where it points nowhere."""
    node: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            node = node.get(part) if isinstance(node, dict) else None
    return node if reference.startswith("#") else None


def _types(node: dict[str, Any]) -> list[str]:
    kind = node.get("type")
    if kind is None and ("enum" in node or "const" in node):
        return ["string"]
    return kind if isinstance(kind, list) else [kind] if kind else []


def _outside(where: tuple[str, ...], what: str) -> Outside:
    return Outside(f"In context={where!r}, {what}")
