"""From a website to WordPress pages: a band of blocks for each section, in inline styles that themes leave alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from arumaldo.capabilities.hosting import SitePage
from arumaldo.website import markup
from arumaldo.website.design import WIDTH, Design, Ground, design_of
from arumaldo.website.markup import Attributes
from arumaldo.website.models import Item, Page, Section, Website

T = TypeVar("T")

_PHONE = re.compile(r"\+?[\d\s().\-/\u00a0]{6,24}")
_MAIL = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]+\.[A-Za-z]{2,24}")
_NUMBER_MARKS = re.compile(r"[^\d+]")


def to_pages(website: Website) -> list[SitePage]:
    """The pages for `hosting.put_pages`, front page first. The same website gives the same pages, byte by byte."""
    return [
        SitePage(slug=page.slug, title=_title(website, page), content=page_blocks(website, page, _address))
        for page in website.pages
    ]


def page_blocks(website: Website, page: Page, link: Callable[[str], str]) -> str:
    """One page's block markup; `link` answers the address of the page with that slug."""
    band = _Bands(website, page, design_of(website), link)
    return "\n\n".join(band.draw(section, place) for place, section in enumerate(page.sections))


def value(text: str) -> str:
    """A contact's value as HTML: a link where the whole of it is a phone number or a mail address, else plain text."""
    plain = text.strip()
    if _MAIL.fullmatch(plain):
        return f'<a href="mailto:{markup.rich(plain)}" dir="ltr" style="color:inherit">{markup.rich(plain)}</a>'
    number = _NUMBER_MARKS.sub("", plain)
    if _PHONE.fullmatch(plain) and 6 <= len(number.lstrip("+")) <= 15:
        return f'<a href="tel:{number}" dir="ltr" style="color:inherit">{markup.rich(plain)}</a>'
    return markup.rich(plain)


def _address(slug: str) -> str:
    return f"/{slug}/" if slug else "/"


def _title(website: Website, page: Page) -> str:
    return (" ".join(page.title.split()) or " ".join(website.title.split()) or "Home")[:200]


class _Bands:
    """Draws the sections of one page."""

    def __init__(self, website: Website, page: Page, design: Design, link: Callable[[str], str]) -> None:
        self.website = website
        self.page = page
        self.design = design
        self.link = link

    def draw(self, section: Section, place: int) -> str:
        match section.kind:
            case "hero" if place == 0 and not self.page.slug:
                return self._front(section)
            case "hero":
                return self._head(section)
            case "services":
                return self._services(section, self._ground(place))
            case "hours":
                return self._hours(section, self._ground(place))
            case "contact":
                return self._contact(section)
            case "quote":
                return self._quote(section, self._ground(place))
            case "call":
                return self._call(section)
            case _:
                return self._text(section, self._ground(place))

    def _ground(self, place: int) -> Ground:
        return self.design.plain if place % 2 else self.design.tinted if place else self.design.plain

    def _front(self, section: Section) -> str:
        ground = self.design.tinted
        words = [
            *markup.paragraphs(self.website.tagline, _eyebrow(ground.accent)),
            self._heading(section, ground, size=3.75),
            *markup.paragraphs(section.text, _lead(ground.quiet)),
            *self._items(section.items, ground),
            self._button(self.design.accent, self.design.ink),
        ]
        inside = markup.columns([("56%", words), ("44%", [self._panel()])], gap="clamp(2rem, 6vw, 5rem)", centred=True)
        return _band([inside], section, ground, tall=True)

    def _panel(self) -> str:
        """A plane of colours: a picture where no picture was given."""
        style: Attributes = {"color": {"gradient": self.design.picture}, "border": {"radius": self.design.shape}}
        return markup.group([markup.spacer("clamp(20rem, 38vw, 30rem)")], style)

    def _head(self, section: Section) -> str:
        ground = self.design.tinted
        words = [
            self._heading(section, ground, size=3),
            *markup.paragraphs(section.text, _lead(ground.quiet)),
            *self._items(section.items, ground),
        ]
        return _band(words, section, ground)

    def _text(self, section: Section, ground: Ground) -> str:
        words = [*markup.paragraphs(section.text, _lead(ground.text)), *self._items(section.items, ground)]
        heading = self._heading(section, ground)
        if not heading:
            return _band(words, section, ground)
        inside = markup.columns([("36%", [heading]), ("64%", words)], gap="clamp(1rem, 5vw, 4rem)")
        return _band([inside], section, ground)

    def _services(self, section: Section, ground: Ground) -> str:
        cards = [self._card(item, ground) for item in section.items]
        rows = [markup.columns([("", [card]) for card in row], gap="1.25rem") for row in _rows(cards)]
        words = [self._heading(section, ground), *markup.paragraphs(section.text, _lead(ground.quiet))]
        return _band([*words, *rows], section, ground)

    def _card(self, item: Item, ground: Ground) -> str:
        card = self.design.tinted if ground is self.design.plain else self.design.plain
        style: Attributes = {
            "color": {"background": card.back},
            "border": {"radius": "16px"},
            "spacing": {"padding": _sides("1.75rem", "1.75rem")},
        }
        title = markup.heading(item.title, 3, _type(self.design.headline(item.title, 1.35), card.text))
        return markup.group([title, *markup.paragraphs(item.text, _body(card.quiet))], style)

    def _hours(self, section: Section, ground: Ground) -> str:
        rows = [(markup.rich(item.title), markup.rich(item.text)) for item in section.items]
        if not rows:
            return self._text(section, ground)
        words = [self._heading(section, ground), *markup.paragraphs(section.text, _body(ground.text))]
        inside = markup.columns([("42%", words), ("58%", [markup.table(rows)])], gap="clamp(1rem, 5vw, 4rem)")
        return _band([inside], section, ground)

    def _contact(self, section: Section) -> str:
        ground = self.design.dark
        words = [self._heading(section, ground), *markup.paragraphs(section.text, _lead(ground.quiet))]
        cells = [self._way(item, ground) for item in section.items]
        rows = [markup.columns([("", cell) for cell in row], gap="2rem") for row in _rows(cells)]
        return _band([*words, *rows], section, ground)

    def _way(self, item: Item, ground: Ground) -> list[str]:
        large = _type({"fontSize": "1.2rem", "lineHeight": "1.5"}, ground.text)
        shown = markup.paragraph(value(item.text), large, rtl=markup.is_rtl(item.text)) if item.text.strip() else ""
        return [*markup.paragraphs(item.title, _eyebrow(ground.accent)), shown]

    def _quote(self, section: Section, ground: Ground) -> str:
        said = _type(self.design.saying(section.text), ground.text)
        side = "right" if markup.is_rtl(section.text) else "left"
        style: Attributes = {
            "border": {side: {"color": self.design.accent, "style": "solid", "width": "5px"}},
            "spacing": {"padding": {side: "clamp(1.25rem, 4vw, 2.5rem)"}},
        }
        words = [
            *markup.paragraphs(section.heading, _eyebrow(ground.accent)),
            *markup.paragraphs(section.text, said),
            *self._items(section.items, ground),
        ]
        return _band([markup.group(words, style)], section, ground)

    def _call(self, section: Section) -> str:
        ground = Ground(self.design.accent, self.design.ink, self.design.ink, self.design.ink, self.design.ink)
        words = [
            self._heading(section, ground, size=2.5),
            *markup.paragraphs(section.text, _lead(ground.text)),
            *self._items(section.items, ground),
            self._button(self.design.ink, self.design.accent),
        ]
        return _band(words, section, ground)

    def _heading(self, section: Section, ground: Ground, size: float = 2.25) -> str:
        """The section's heading; the first one on a page is the page's own, and is never left out."""
        if section is not self.page.sections[0]:
            return markup.heading(section.heading, 2, _type(self.design.headline(section.heading, size), ground.text))
        text = section.heading if section.heading.strip() else self.page.title
        return markup.heading(text, 1, _type(self.design.headline(text, max(size, 2.75)), ground.text))

    def _items(self, items: list[Item], ground: Ground) -> list[str]:
        parts: list[str] = []
        for item in items:
            small = _type({"fontSize": "1.1rem", "fontWeight": "700"}, ground.text)
            parts.append(markup.heading(item.title, 3, small, above="1.75rem"))
            parts += markup.paragraphs(item.text, _body(ground.quiet))
        return parts

    def _button(self, back: str, text: str) -> str:
        """To the page that tells how to get in touch; none where this is that page."""
        for page in self.website.pages[::-1]:
            if page is not self.page and any(section.kind == "contact" for section in page.sections):
                style: Attributes = {
                    "color": {"background": back, "text": text},
                    "border": {"radius": "999px"},
                    "spacing": {"padding": _sides("0.85rem", "1.75rem")},
                    "typography": {"fontSize": "1.05rem", "fontWeight": "600"},
                }
                return markup.button(page.title or page.slug, self.link(page.slug), style)
        return ""


def _band(children: list[str], section: Section, ground: Ground, *, tall: bool = False) -> str:
    height = "clamp(3.5rem, 9vw, 7.5rem)" if tall else "clamp(3rem, 7vw, 5.5rem)"
    style: Attributes = {
        "color": {"background": ground.back, "text": ground.text},
        "spacing": {"padding": _sides(height, "clamp(1.25rem, 5vw, 3rem)"), "margin": {"top": "0", "bottom": "0"}},
    }
    return markup.band(children, style, anchor=section.key, width=WIDTH)


def _sides(vertical: str, horizontal: str) -> dict[str, str]:
    return {"top": vertical, "right": horizontal, "bottom": vertical, "left": horizontal}


def _type(letters: dict[str, str], colour: str) -> Attributes:
    return {"color": {"text": colour}, "typography": letters}


def _eyebrow(colour: str) -> Attributes:
    letters = {"fontSize": "0.95rem", "fontWeight": "600", "letterSpacing": "0.04em"}
    return {**_type(letters, colour), "spacing": {"margin": {"top": "0", "bottom": "0.75rem"}}}


def _lead(colour: str) -> Attributes:
    return _type({"fontSize": "1.2rem", "lineHeight": "1.6"}, colour)


def _body(colour: str) -> Attributes:
    return _type({"fontSize": "1.05rem", "lineHeight": "1.7"}, colour)


def _rows(cells: list[T]) -> list[list[T]]:
    """In rows of at most three, four as two and two."""
    width = 2 if len(cells) in {2, 4} else 3
    return [cells[start : start + width] for start in range(0, len(cells), width)]
