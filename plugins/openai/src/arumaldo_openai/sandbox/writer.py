"""Content for any schema of the strict subset, made from the facts alone.

The schema is walked once; every string becomes a `Leaf`. What the walk has not told by then is woven into the leaves
that suit it best, word for word, cut only where a limit of the schema demands it, with the rest in another leaf.
The same brief and schema give the same content.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from arumaldo_openai.sandbox import plan
from arumaldo_openai.sandbox.brief import Brief, subject_of
from arumaldo_openai.sandbox.moods import colour, mood_of
from arumaldo_openai.sandbox.patterns import example
from arumaldo_openai.sandbox.plan import Place
from arumaldo_openai.sandbox.subset import Outside, resolve
from arumaldo_openai.sandbox.words import style_of, told, words_for

_DEEPEST = 24
_ENOUGH = 300
"""Objects after which a schema that refers to itself gets no more than it demands; a website has some fifty."""
_FORMATS = {
    "date-time": "1970-01-01T00:00:00Z",
    "date": "1970-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "nobody@example.invalid",
    "hostname": "example.invalid",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_SUITS = {
    "offer": ("services", "offer"),
    "hours": ("hours", "contact"),
    "address": ("contact", "contact"),
    "phone": ("contact", "contact"),
    "mail": ("contact", "contact"),
    "languages": ("contact", "contact"),
    "kind": ("hero", "home"),
    "name": ("hero", "home"),
}


@dataclass
class Leaf:
    """One string of the answer. `free` ones may be added to."""

    text: str
    place: Place
    style: str
    least: int = 0
    most: float = math.inf
    free: bool = True

    @property
    def room(self) -> float:
        """How many characters more fit, a gap before them included."""
        return self.most - len(self.text) - (2 if self.text else 0)

    def add(self, text: str) -> None:
        gap = "\n\n" if self.style == "text" else " · "
        self.text = f"{self.text}{gap if self.most - len(self.text) - len(text) >= len(gap) else ' '}{text}".strip()


def write(brief: Brief, schema: dict[str, Any]) -> Any:
    """Content that fits `schema` and tells every fact of `brief`. Outside where a pattern cannot be met."""
    writer = _Writer(brief, schema)
    content = writer.value(schema, "", Place())
    _weave(brief, writer.leaves)
    return _plain(content)


class _Writer:
    def __init__(self, brief: Brief, schema: dict[str, Any]) -> None:
        self._brief = brief
        self._root = schema
        self._objects = 0
        self.leaves: list[Leaf] = []

    def value(self, node: dict[str, Any], name: str, place: Place) -> Any:
        node = self._resolved(node)
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return self._choice(node["enum"], name, place)
        branches = node.get("anyOf") or _by_type(node)
        if branches:
            return self.value(self._branch(branches, name, place), name, place)
        match node.get("type"):
            case "object":
                return self._object(node, place)
            case "array":
                return self._array(node, name, place)
            case "integer" | "number" as kind:
                return _number(node, whole=kind == "integer")
            case "boolean":
                return bool(self._brief.number(place.path, name) % 2)
            case "null":
                return None
        return self._string(node, name, place)

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = resolve(self._root, node["$ref"])
        return node

    def _choice(self, options: list[Any], name: str, place: Place) -> Any:
        wanted = [option for option in options if isinstance(option, str) and plan.role_of(option) == place.role]
        if name in {"kind", "type", "variant"} and wanted:
            return wanted[0]
        suiting = [option for option in options if option in mood_of(self._brief).words]
        return self._brief.pick(suiting or options, name, place.path if name not in {"typeface", "shape"} else ())

    def _branch(self, branches: list[dict[str, Any]], name: str, place: Place) -> dict[str, Any]:
        """The fullest branch; nothing, where nothing is allowed and no fact says more."""
        resolved = [self._resolved(branch) for branch in branches]
        nothing = [branch for branch in resolved if branch.get("type") == "null"]
        rest = [branch for branch in resolved if branch.get("type") != "null"]
        unknown = [branch for branch in rest if branch.get("type") in {"integer", "number"} or "format" in branch]
        if nothing and (not rest or self._has_enough(place) or len(unknown) == len(rest)):
            return nothing[0]
        if self._has_enough(place):
            return min(rest, key=lambda branch: len(str(branch)))
        return next((branch for branch in rest if branch.get("type") in {"object", "array"}), rest[0])

    def _has_enough(self, place: Place) -> bool:
        """From here on, no more than the schema demands: else one that refers to itself is answered without end."""
        return place.depth > _DEEPEST // 3 or self._objects > _ENOUGH

    def _object(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        if place.depth > _DEEPEST:
            raise Outside("the schema refers to itself without end.")
        self._objects += 1
        properties = node.get("properties", {})
        inner = self._with_role(properties, replace(place, depth=place.depth + 1))
        return {
            name: self.value(each, name, replace(inner, path=(*place.path, name))) for name, each in properties.items()
        }

    def _with_role(self, properties: dict[str, Any], place: Place) -> Place:
        """A section whose kind is prescribed is written as that, wherever it stands."""
        kinds = self._kinds(properties)
        if kinds and place.level == "root":
            role = plan.role_of(kinds[0]) if len(kinds) == 1 else place.role
            topic = {"services": "offer", "hours": "hours", "contact": "contact", "quote": "about", "text": "about"}
            return replace(place, level="section", role=role, topic=topic.get(role, "home"))
        return place

    def _kinds(self, properties: dict[str, Any]) -> list[str]:
        for name in ("kind", "type", "variant"):
            options = self._resolved(properties.get(name, {}))
            if "enum" in options or "const" in options:
                return [str(option) for option in options.get("enum", [options.get("const")])]
        return []

    def _array(self, node: dict[str, Any], name: str, place: Place) -> list[Any]:
        items = self._resolved(node["items"])
        least, most = node.get("minItems", 0), node.get("maxItems", 12)
        places = self._places(items, place, least, max(least, most))
        kinds = [(each.level, each.role, each.topic) for each in places]
        return [
            self.value(
                items,
                name,
                replace(each, twins=kinds[:number].count(kinds[number]), path=(*place.path, name, str(number))),
            )
            for number, each in enumerate(places)
        ]

    def _places(self, items: dict[str, Any], place: Place, least: int, most: int) -> list[Place]:
        properties = items.get("properties", {})
        if self._holds_lists(properties) and place.level == "root":
            topics = plan.pages(self._brief, least, min(most, 5))
            return [replace(place, level="page", topic=topic) for topic in topics]
        if kinds := self._kinds(properties):
            known = {plan.role_of(kind) for kind in kinds}
            roles = [role for role in plan.sections(self._brief, place.topic) if role in known]
            roles += [plan.role_of(self._brief.pick(kinds, place.path, number)) for number in range(least - len(roles))]
            return [replace(place, level="section", role=role) for role in (roles or ["text"] * min(1, most))[:most]]
        return self._entries(items, place, least, most)

    def _holds_lists(self, properties: dict[str, Any]) -> bool:
        lists = [each for each in map(self._resolved, properties.values()) if each.get("type") == "array"]
        return any(self._resolved(each["items"]).get("type") == "object" for each in lists)

    def _entries(self, items: dict[str, Any], place: Place, least: int, most: int) -> list[Place]:
        """The entries of a list; none within an entry, where the same ones would stand again, and again in those."""
        found = plan.entries(self._brief, place if place.level == "section" else replace(place, role="services"))
        other = place.level == "section" and place.role not in {"services", "hours", "contact"}
        if other or place.entry is not None or self._has_enough(place):
            found = []
        places = [replace(place, level="item", entry=entry) for entry in found[:most]]
        return places + [replace(place, level="item", entry=None) for _ in range(least - len(places))]

    def _string(self, node: dict[str, Any], name: str, place: Place) -> str | Leaf:
        if "format" in node:
            return _FORMATS.get(node["format"], "")
        text = words_for(self._brief, name, place)
        if "pattern" in node:
            return self._patterned(node, text, name, place)
        style = style_of(name)
        free = style in {"text", "headline", "tagline"} and not (style == "headline" and place.level == "page")
        most = node.get("maxLength", math.inf)
        least = node.get("minLength", 0)
        leaf = Leaf(_cut(self._padded(text, least), most), place, style, least, most, free)
        self.leaves.append(leaf)
        return leaf

    def _patterned(self, node: dict[str, Any], text: str, name: str, place: Place) -> str:
        pattern, salt = node["pattern"], (*place.path, name)
        candidates = [text, words_for(self._brief, "slug", place), colour(self._brief, name)]
        candidates += [example(pattern, self._brief, (*salt, number)) or "" for number in range(5)]
        for candidate in candidates:
            fits = node.get("minLength", 0) <= len(candidate) <= node.get("maxLength", math.inf)
            if fits and re.search(pattern, candidate):
                return candidate
        raise Outside(f"In context={place.path!r}, pattern {pattern!r} is not supported.")

    def _padded(self, text: str, least: int) -> str:
        while len(text) < least:
            text = f"{text} {self._brief.phrase('item', 'padding')}".strip()
        return text


def _weave(brief: Brief, leaves: list[Leaf]) -> None:
    """Put every fact that no leaf tells yet into the leaves that suit it best."""
    known = [value.strip() for value in brief.facts.values()]
    for label, value in brief.facts.items():
        rest = value.strip()
        if any(rest in leaf.text for leaf in leaves):
            continue
        whole = told(brief, subject_of(label), label, rest)
        for text in (whole, rest):
            if home := _best(leaves, label, len(text)):
                home.add(text)
                break
        else:
            _scatter(leaves, label, rest, known)


def _best(leaves: list[Leaf], label: str, size: int) -> Leaf | None:
    able = [leaf for leaf in leaves if leaf.free and leaf.room >= size]
    return max(able, key=lambda leaf: _fitness(leaf, label), default=None)


def _fitness(leaf: Leaf, label: str) -> int:
    role, topic = _SUITS.get(subject_of(label), ("text", "about"))
    points = 8 * (leaf.style == "text") + 2 * (leaf.place.level in {"section", "root"})
    return points + 4 * (leaf.place.topic == topic) + 3 * (leaf.place.role == role) - 6 * (leaf.place.level == "item")


def _scatter(leaves: list[Leaf], label: str, rest: str, known: list[str]) -> None:
    """A value that fits nowhere whole: cut at the limits, piece after piece, first where no fact has to make way."""
    able = sorted((leaf for leaf in leaves if leaf.free), key=lambda leaf: -_fitness(leaf, label))
    for leaf in able:
        if rest and not leaf.least and not any(value in leaf.text for value in known):
            leaf.text = _cut(rest, leaf.most)
            known.append(leaf.text)
            rest = rest[len(leaf.text) :].strip()
    for leaf in able:
        if rest and leaf.room >= 1:
            part = _cut(rest, leaf.room)
            leaf.add(part)
            rest = rest[len(part) :].strip()


def _cut(text: str, most: float) -> str:
    """`text`, cut between words where that loses little."""
    if len(text) <= most:
        return text
    head = text[: int(most) + 1].rpartition(" ")[0].rstrip()
    return head if len(head) * 2 > most else text[: int(most)]


def _by_type(node: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = node.get("type")
    return [{**node, "type": kind} for kind in kinds] if isinstance(kinds, list) else []


def _number(node: dict[str, Any], *, whole: bool) -> int | float:
    """The number nearest to zero that the bounds allow: the one that claims least."""
    step = node.get("multipleOf", 1 if whole else 0)
    low = max(node.get("minimum", -math.inf), node.get("exclusiveMinimum", -math.inf))
    high = min(node.get("maximum", math.inf), node.get("exclusiveMaximum", math.inf))
    value = min(max(0, low), high)
    if step:
        value = step * (math.ceil(value / step) if value >= low else math.floor(value / step))
        value += step * (value <= node.get("exclusiveMinimum", -math.inf))
        value -= step * (value >= node.get("exclusiveMaximum", math.inf))
    elif value in {node.get("exclusiveMinimum"), node.get("exclusiveMaximum")}:
        ends = (low if math.isfinite(low) else high - 2, high if math.isfinite(high) else low + 2)
        value = (ends[0] + ends[1]) / 2
    return int(value) if whole else value


def _plain(content: Any) -> Any:
    if isinstance(content, Leaf):
        return content.text
    if isinstance(content, dict):
        return {name: _plain(each) for name, each in content.items()}
    if isinstance(content, list):
        return [_plain(each) for each in content]
    return content
