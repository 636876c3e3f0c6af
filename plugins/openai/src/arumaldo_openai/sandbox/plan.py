"""What goes where: which pages a website of these facts has, which sections a page, which entries a list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from arumaldo_openai.sandbox.brief import Brief, pieces, subject_of

_ROLES = (
    ("hero", r"hero|banner|header|intro|welcome"),
    ("services", r"service|feature|offer|product|menu|card|list|gallery"),
    ("hours", r"hour|time"),
    ("contact", r"contact|location|visit|map|reach"),
    ("quote", r"quote|testimonial|special|mission"),
    ("call", r"call|cta|action|button"),
)
_LINE = re.compile(r"^(?P<days>\D{2,60}?)[\s:,–-]+(?P<times>\d.*)$")
_LONGEST_QUOTE = 280

Entry = tuple[str, str]
"""Title and text."""


@dataclass(frozen=True)
class Place:
    """Where in the document a value stands: what its object is (`level`), on which page, in what kind of section."""

    level: str = "root"
    topic: str = "home"
    role: str = "text"
    twins: int = 0
    """How many of the same kind stand before it."""
    depth: int = 0
    path: tuple[str, ...] = ()
    entry: Entry | None = None


def role_of(kind: str) -> str:
    """What a section of this kind is for; "text" for kinds that nobody has heard of."""
    return next((role for role, pattern in _ROLES if re.search(pattern, kind.casefold())), "text")


def pages(brief: Brief, least: int, most: int) -> list[str]:
    """The topics of the pages, the front page first."""
    middle = ["about", "offer"] if has_offer_page(brief) else ["about"]
    wanted = ["home", *brief.shuffled(middle, "pages"), "contact"]
    wanted += [f"about{number}" for number in range(least - len(wanted))]
    return [*wanted[: most - 1], wanted[-1]] if len(wanted) > most else wanted


def has_offer_page(brief: Brief) -> bool:
    """What is offered has a page of its own, or stands on the front page."""
    return bool(brief.about("offer")) and brief.number("offer page") % 2 == 0


def sections(brief: Brief, topic: str) -> list[str]:
    """The roles of a page's sections, top to bottom."""
    quote = ["quote"] if 0 < len(brief.first("special")) <= _LONGEST_QUOTE else []
    if topic == "home":
        services = ["services"] if brief.about("offer") and not has_offer_page(brief) else []
        middle = brief.shuffled([*services, *quote], "home")
        return ["hero", *middle, *(["hours"] if len(hours(brief)) > 1 else []), "call"]
    if topic == "offer":
        return ["hero", "services", "call"]
    if topic == "contact":
        return ["contact", *(["hours"] if brief.about("hours") else [])]
    return ["text", "call"]


def entries(brief: Brief, place: Place) -> list[Entry]:
    """The entries of a list in a section of this role; empty where the facts hold none."""
    if place.role == "services":
        return _services(brief, place)
    if place.role == "hours":
        return hours(brief) if place.topic == "home" or place.level == "root" else []
    if place.role == "contact":
        return _ways(brief)
    return []


def hours(brief: Brief) -> list[Entry]:
    """Opening hours as lines of days and times; empty where they do not read as such."""
    value = brief.first("hours")
    parts = [part.strip(" .") for part in re.split(r"[;\n]|,\s+(?=\D{2,40}\d)", value) if part.strip(" .")]
    found = [match for part in parts if (match := _LINE.match(part))]
    return [(match["days"].strip(), match["times"].strip()) for match in found] if len(found) == len(parts) else []


def _services(brief: Brief, place: Place) -> list[Entry]:
    titles = pieces(brief.first("offer"))
    return [(f"{title[:1].upper()}{title[1:]}", brief.phrase("item", place.topic)) for title in titles]


def _ways(brief: Brief) -> list[Entry]:
    """The ways to get in touch, each under its own label, or under the word for it in another main language."""
    given = [(label, value) for label, value in brief.about("address", "phone", "mail") if len(value) <= 400]
    if brief.languages[0] == "en":
        return given
    return [(brief.phrase(subject_of(label)), value) for label, value in given]
