"""The website as data: what an `ai` provider writes, what a customer approves, what an order freezes.

Fit for strict structured output: every property required, no dictionaries, no defaults. Whatever a provider writes
within the schema becomes a website that can be shown: validation itself makes slugs and keys unique and colours
readable. Validating a website again changes nothing, so a digest taken once stays true.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from arumaldo.website.colours import readable


def printable(text: str) -> str:
    """`text` without the control characters that no page and no database can hold; line ends become "\\n"."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(mark for mark in text if mark in "\n\t" or unicodedata.category(mark) != "Cc")


def slug_of(text: str) -> str:
    """Letters a-z, digits and single dashes, at most 60; empty where nothing of that kind is in `text`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


Text = Annotated[str, AfterValidator(printable)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$"), AfterValidator(str.lower)]
SectionKind = Literal["hero", "text", "services", "hours", "contact", "quote", "call"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Palette(_Part):
    """Three colours. In a website, `text` and `accent` are always readable on `background`."""

    accent: Colour = Field(description="The colour of the brand: buttons, panels, marks.")
    background: Colour = Field(description="Behind the text; nearly white suits most businesses.")
    text: Colour = Field(description="Running text, nearly black or nearly white.")


class Item(_Part):
    """One entry of a list: a service, a day and its hours, a way to get in touch."""

    title: Text
    text: Text


class Section(_Part):
    """One band of a page. `key` names it within its page and stays when it is written anew."""

    key: str = Field(description="A short name within the page: a-z, digits, dashes.")
    kind: SectionKind
    heading: Text
    text: Text = Field(description="Running text; an empty line between paragraphs.")
    items: list[Item] = Field(description="Services, hours, ways to get in touch; empty where none are needed.")

    @field_validator("key")
    @classmethod
    def _slug(cls, value: str) -> str:
        return slug_of(value)


class Page(_Part):
    """One page. `slug` is its address; the front page's is empty."""

    slug: str = Field(description="The page's address: a-z, digits, dashes.")
    title: Text = Field(description="One to three words, as in a menu.")
    sections: list[Section] = Field(min_length=1)

    @field_validator("slug")
    @classmethod
    def _slug(cls, value: str) -> str:
        return slug_of(value)

    @field_validator("sections")
    @classmethod
    def _unique_keys(cls, sections: list[Section]) -> list[Section]:
        keys = _unique(section.key or section.kind for section in sections)
        return [section.model_copy(update={"key": key}) for section, key in zip(sections, keys, strict=True)]


class Website(_Part):
    """Three to five pages, the first of which is the front page."""

    title: Text = Field(description="The name of the business.")
    tagline: Text = Field(description="One short line under the name.")
    language: str = Field(pattern=r"^[a-z]{2,3}$", description="ISO 639 code of the language most of it is in.")
    palette: Palette
    typeface: Literal["serif", "sans"] = Field(description="Of the headings.")
    shape: Literal["arch", "circle", "square", "leaf"] = Field(description="Of the panel on the front page.")
    pages: list[Page] = Field(min_length=3, max_length=5)

    @field_validator("palette")
    @classmethod
    def _readable(cls, palette: Palette) -> Palette:
        ground = palette.background
        return Palette(accent=readable(palette.accent, ground), background=ground, text=readable(palette.text, ground))

    @field_validator("pages")
    @classmethod
    def _unique_slugs(cls, pages: list[Page]) -> list[Page]:
        rest = _unique(page.slug or slug_of(page.title) or "page" for page in pages[1:])
        return [page.model_copy(update={"slug": slug}) for page, slug in zip(pages, ["", *rest], strict=True)]

    def page(self, slug: str) -> Page:
        """The page at this address, "" being the front page. KeyError where there is none."""
        for page in self.pages:
            if page.slug == slug:
                return page
        raise KeyError(slug)

    def section(self, slug: str, key: str) -> Section:
        """One section of one page. KeyError where there is none."""
        for section in self.page(slug).sections:
            if section.key == key:
                return section
        raise KeyError(f"{slug}/{key}")

    def with_section(self, slug: str, key: str, section: Section) -> Website:
        """The same website with one section written anew; its key and kind stay. KeyError where there is none."""
        old = self.section(slug, key)
        new = section.model_copy(update={"key": old.key, "kind": old.kind})
        return self.with_sections(slug, [new if each is old else each for each in self.page(slug).sections])

    def with_sections(self, slug: str, sections: list[Section]) -> Website:
        """The same website with other sections on one page. KeyError where there is no such page."""
        page = self.page(slug).model_copy(update={"sections": sections})
        return self.model_copy(update={"pages": [page if each.slug == slug else each for each in self.pages]})

    def digest(self) -> str:
        """SHA-256 over the canonical JSON, in hex. Equal exactly for equal websites; an order freezes it."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _unique(names: Iterable[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        number, candidate = 2, name
        while candidate in taken:
            candidate, number = f"{name[:56]}-{number}", number + 1
        taken.append(candidate)
    return taken
