"""Websites to test with, as a provider might write them."""

from __future__ import annotations

from typing import Any

from arumaldo.website import Website

ARABIC = "مخبز السعادة يخبز كل صباح"
SCRIPT = "<script>alert(1)</script>"


def content(**changes: Any) -> dict[str, Any]:
    """What a provider answers for a small bakery, every kind of section once."""
    return {
        "title": "Sunrise Bakery",
        "tagline": "Neighbourhood bakery",
        "language": "en",
        "palette": {"accent": "#B4531F", "background": "#fdf8f1", "text": "#2b1d14"},
        "typeface": "serif",
        "shape": "arch",
        "pages": [
            page("home", "Home", section("hero"), section("services"), section("quote"), section("call")),
            page("about", "About us", section("text"), section("hours")),
            page("contact", "Contact", contact()),
        ],
    } | changes


def website(**changes: Any) -> Website:
    return Website.model_validate(content(**changes))


def page(slug: str, title: str, *sections: dict[str, Any]) -> dict[str, Any]:
    return {"slug": slug, "title": title, "sections": list(sections)}


def section(kind: str, text: str = "", **changes: Any) -> dict[str, Any]:
    """One section whose heading, text and two items name its kind."""
    items = [{"title": f"{kind} one", "text": f"about {kind} one"}, {"title": f"{kind} two", "text": "second"}]
    body = {"key": kind, "kind": kind, "heading": f"The {kind}", "text": text or f"Words of {kind}.", "items": items}
    return body | changes


def contact(*values: tuple[str, str]) -> dict[str, Any]:
    ways = values or (("Phone", "+1 503 555 0142"), ("E-mail", "hello@sunrise.example"), ("Address", "12 Mill Lane"))
    return section("contact", items=[{"title": title, "text": text} for title, text in ways])
