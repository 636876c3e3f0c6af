"""The templates. A phrase never says more than the facts do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arumaldo import Refused

_WELCOMES = ("Come in and have a look.", "Good to have you here.", "This is who we are.", "Welcome.", "Have a seat.")
_CALLS = ("Come by", "Get in touch", "Ask us", "Let us talk")
_INTRODUCTIONS = ("In our own words", "What to know", "About us")
_PALETTES = (("#1d4e89", "#ffffff"), ("#7a3b2e", "#fffaf5"), ("#2f6b3c", "#f8fbf7"))


@dataclass(frozen=True)
class Words:
    """What there is to say, and how far the phrases are turned."""

    facts: Mapping[str, str]
    motto: str
    turn: int

    @property
    def name(self) -> str:
        return self.facts.get("Business name") or next(iter(self.facts.values()), "Our business")

    def phrase(self, phrases: tuple[str, ...]) -> str:
        return phrases[self.turn % len(phrases)]

    def entries(self) -> list[dict[str, str]]:
        """Every fact under its own label."""
        return [{"title": label, "text": value} for label, value in self.facts.items()]


def website(words: Words) -> dict[str, Any]:
    """Three pages: a welcome, the business in its own words, and everything there is to know."""
    accent, background = _PALETTES[words.turn % len(_PALETTES)]
    come = words.phrase(_CALLS)
    welcome = [_part("welcome", "hero", words.name, words.phrase(_WELCOMES)), _part("ask", "call", come)]
    return {
        "title": words.name,
        "tagline": words.motto,
        "language": "en",
        "palette": {"accent": accent, "background": background, "text": "#1c1c1c"},
        "typeface": "serif" if words.turn % 2 else "sans",
        "shape": "square",
        "pages": [
            _page("", "Home", welcome),
            _page("about", "About", [_part("words", "text", words.phrase(_INTRODUCTIONS), _told(words))]),
            _page("contact", "Contact", [_part("all", "contact", come, items=words.entries())]),
        ],
    }


def section(words: Words, key: str, kind: str) -> dict[str, Any]:
    """One section anew: the motto, a phrase, and the facts it is about."""
    return _part(key, kind, words.name, f"{words.motto} {words.phrase(_WELCOMES)}", words.entries())


def anything(words: Words, schema: dict[str, Any]) -> dict[str, Any]:
    """Any other shape: its first free text tells all facts. Refused: it has none, or asks for a pattern."""
    told = iter([_told(words)])
    content: dict[str, Any] = _filled(schema, told)
    if next(told, None) is not None:
        raise Refused("acme_writer", "has no template with room for the facts")
    return content


def _filled(node: dict[str, Any], told: Iterator[str]) -> Any:
    if "enum" in node:
        return node["enum"][0]
    if "anyOf" in node:
        return None if {"type": "null"} in node["anyOf"] else _filled(node["anyOf"][0], told)
    match node.get("type"):
        case "object":
            return {name: _filled(each, told) for name, each in node["properties"].items()}
        case "array":
            return [_filled(node["items"], told) for _ in range(node.get("minItems", 0))]
        case "string" if "pattern" not in node:
            return next(told, "")
        case "boolean":
            return False
        case "integer" | "number":
            return node.get("minimum", 0)
    raise Refused("acme_writer", "has no template for what was asked")


def _page(slug: str, title: str, sections: list[dict[str, Any]]) -> dict[str, Any]:
    return {"slug": slug, "title": title, "sections": sections}


def _part(
    key: str, kind: str, heading: str, text: str = "", items: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {"key": key, "kind": kind, "heading": heading, "text": text, "items": items or []}


def _told(words: Words) -> str:
    return "\n\n".join(f"{label}: {value}" for label, value in words.facts.items())
