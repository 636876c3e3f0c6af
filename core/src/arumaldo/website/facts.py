"""What the customer said, and whether the website says it.

Facts are label → value, in the customer's own words. A value is on a page when it stands there word for word;
line breaks and spaces may differ.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from arumaldo.website.models import Item, Page, Section, Website, printable

KEY = "good-to-know"
"""The section that `with_facts` adds."""


def facts_missing(website: Website, facts: Mapping[str, str]) -> list[str]:
    """The labels of those facts whose value is on no page; blank values are never missing."""
    pages = [_plain(" ".join(_texts(page))) for page in website.pages]
    return [label for label, value in facts.items() if not any(_plain(value) in page for page in pages)]


def with_facts(website: Website, facts: Mapping[str, str]) -> Website:
    """The same website with a section "Good to know" for every fact it lacks; a second call changes nothing."""
    missing = facts_missing(website, facts)
    if not missing:
        return website
    page = _home_of_facts(website)
    items = [Item(title=label, text=facts[label]) for label in missing]
    return website.with_sections(page.slug, _added(page.sections, items))


def facts_in(section: Section, facts: Mapping[str, str]) -> dict[str, str]:
    """The facts to write `section` anew from: those it tells now, whole or as entries of its list.

    Where it tells none, the first, which is the name.
    """
    told = {label: value for label, value in facts.items() if _tells(section, _plain(value))}
    return told or dict(list(facts.items())[:1])


def abridged(facts: Mapping[str, str], limit: int = 1500) -> dict[str, str]:
    """The facts as a writer gets them: blank ones left out, long ones cut between words at `limit` characters.

    Nobody writes twenty thousand characters anew in one call; `with_facts` puts the whole of them on a page.
    """
    return {label: _cut(value.strip(), limit) for label, value in facts.items() if value.strip()}


def _cut(value: str, limit: int) -> str:
    if len(value) <= limit:
        return value
    head, _, _ = value[: limit + 1].rpartition(" ")
    return (head or value[:limit]).rstrip()


def _tells(section: Section, value: str) -> bool:
    entries = [_plain(word).casefold() for item in section.items for word in (item.title, item.text)]
    return bool(value) and (
        value in _plain(" ".join(_words(section)))
        or any(len(entry) > 2 and entry in value.casefold() for entry in entries)
    )


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", printable(text)).split())


def _texts(page: Page) -> Iterator[str]:
    for section in page.sections:
        yield from _words(section)


def _words(section: Section) -> Iterator[str]:
    yield section.heading
    yield section.text
    for item in section.items:
        yield item.title
        yield item.text


def _home_of_facts(website: Website) -> Page:
    for page in reversed(website.pages):
        if any(section.kind == "contact" for section in page.sections):
            return page
    return website.pages[-1]


def _added(sections: list[Section], items: list[Item]) -> list[Section]:
    for place, section in enumerate(sections):
        if section.key == KEY:
            longer = section.model_copy(update={"items": [*section.items, *items]})
            return [*sections[:place], longer, *sections[place + 1 :]]
    return [*sections, Section(key=KEY, kind="text", heading="Good to know", text="", items=items)]
