"""The words for one string of the answer, by the name of its property and the place it stands in."""

from __future__ import annotations

import re
import unicodedata

from arumaldo_openai.sandbox.brief import Brief, pieces, sentence
from arumaldo_openai.sandbox.moods import colour
from arumaldo_openai.sandbox.plan import Place

_STYLES = (
    ("slug", r"^(slug|key|id|anchor|path|handle)$|_(slug|key|id)$"),
    ("language", r"^(lang|language|locale)(_code)?$"),
    ("colour", r"colou?r|^(accent|background|foreground|ink|primary|secondary|surface|hex)$"),
    ("tagline", r"tagline|subtitle|slogan|subheading|eyebrow|strapline"),
    ("headline", r"title|heading|headline|^name$|label|question|subject|caption|^alt|button|link"),
)
_LONGEST_LEAD = 180
_HEADING = {"services": "offer", "hours": "hours", "contact": "contact", "quote": "special", "call": "call"}


def style_of(name: str) -> str:
    """What a property of this name holds: slug, language, colour, tagline, headline, or else running text."""
    return next((style for style, pattern in _STYLES if re.search(pattern, name.casefold())), "text")


def words_for(brief: Brief, name: str, place: Place) -> str:
    """The words that belong here; "" where silence is better."""
    match style_of(name):
        case "slug":
            return _slug(brief, place)
        case "language":
            return brief.languages[0]
        case "colour":
            return colour(brief, name)
        case "tagline":
            return _tagline(brief)
        case "headline":
            return _headline(brief, place)
    return _text(brief, place)


def told(brief: Brief, subject: str, label: str, value: str) -> str:
    """One fact as a sentence, its value word for word."""
    key = f"{subject}_words"
    known = key in {
        "offer_words",
        "kind_words",
        "special_words",
        "tone_words",
        "languages_words",
        "hours_words",
        "name_words",
    }
    fits = known and (len(value) <= 300 or subject in {"special", "hours", "name"})
    phrase = brief.phrase(key if fits else "other_words", label="\0", value="\1")
    words = phrase.replace("\0", label).replace("\1", value) if "\1" in phrase else value
    return words if subject == "name" else sentence(words)


def _slug(brief: Brief, place: Place) -> str:
    base = place.topic if place.level == "page" else place.role if place.level == "section" else "entry"
    if place.level == "root":
        plain = unicodedata.normalize("NFKD", brief.title).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "site"
    return f"{base}-{place.twins + 1}" if place.twins else base


def _tagline(brief: Brief) -> str:
    kind = brief.short("kind")
    return f"{kind[:1].upper()}{kind[1:]}" if kind else brief.phrase("tagline")


def _headline(brief: Brief, place: Place) -> str:
    if place.entry is not None:
        return place.entry[0]
    if place.level == "root":
        return brief.title
    if place.level == "page":
        return brief.phrase(_topic(place), "page")
    if place.level == "item":
        return brief.phrase("offer_heading", place.path)
    return _section_heading(brief, place)


def _section_heading(brief: Brief, place: Place) -> str:
    if place.role == "hero" and place.topic == "home":
        return brief.phrase("hero_heading") or brief.phrase("tagline")
    topic = "about" if place.topic == "home" else _topic(place)
    key = _HEADING.get(place.role, topic)
    heading = brief.phrase(f"{key}_heading" if key != "hours" else "hours", place.topic)
    return _in_two(brief, key, heading, place)


def _in_two(brief: Brief, key: str, heading: str, place: Place) -> str:
    """A bilingual business says a few headings twice."""
    if len(brief.languages) < 2 or place.topic == "home" or key not in {"about", "contact", "offer"}:
        return heading
    other = brief.phrase(f"{key}_heading", place.topic, language=brief.languages[1])
    return f"{heading} · {other}" if len(heading) + len(other) <= 60 else heading


def _text(brief: Brief, place: Place) -> str:
    if place.entry is not None:
        return place.entry[1]
    if place.level in {"item", "page"}:
        return brief.phrase("item", place.path)
    match place.role:
        case "hero":
            return _hero(brief, place)
        case "services":
            return _facts(brief, "offer") if place.topic != "home" or not pieces(brief.first("offer")) else ""
        case "hours":
            return _facts(brief, "hours") if place.topic != "home" else ""
        case "contact":
            return _reach(brief)
        case "quote":
            return brief.first("special")
        case "call":
            words = brief.phrase("call", place.topic)
            return _with_second(brief, words, "call") if place.topic == "home" else words
    return _about(brief, place)


def _hero(brief: Brief, place: Place) -> str:
    if place.topic != "home":
        return brief.phrase("intro", place.topic)
    offer = brief.first("offer")
    lead = _facts(brief, "offer", plain=True) if 0 < len(offer) <= _LONGEST_LEAD else brief.phrase("welcome", "hero")
    return _with_second(brief, lead, "welcome")


def _with_second(brief: Brief, text: str, key: str) -> str:
    """With a sentence in the second language below, where there is one."""
    return f"{text}\n\n{brief.phrase(key, language=brief.languages[1])}" if len(brief.languages) > 1 else text


def _reach(brief: Brief) -> str:
    reachable = brief.about("address", "phone", "mail")
    languages = _facts(brief, "languages")
    return f"{brief.phrase('reach' if reachable else 'unreachable')} {languages}".strip()


def _about(brief: Brief, place: Place) -> str:
    if place.topic == "offer":
        return brief.phrase("intro", "offer")
    rest = brief.shuffled(["kind", "other", "tone"], "about")
    subjects = ["special", *rest] if place.level != "root" else ["offer", "special", *rest]
    parts = [part for subject in subjects if (part := _facts(brief, subject))]
    return _with_second(brief, "\n\n".join(parts) or brief.phrase("welcome", "about"), "welcome")


def _facts(brief: Brief, subject: str, *, plain: bool = False) -> str:
    found = [(label, value.strip()) for label, value in brief.about(subject)]
    return "\n\n".join(sentence(value) if plain else told(brief, subject, label, value) for label, value in found)


def _topic(place: Place) -> str:
    return place.topic if place.topic in {"home", "offer", "about", "contact", "hours"} else "about"
