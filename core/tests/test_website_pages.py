"""From a website to WordPress pages and to the preview."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from arumaldo.website import Website, preview_html, to_pages
from arumaldo.website.colours import contrast

from .websites import ARABIC, SCRIPT, contact, content, page, section, website

VOID = {"meta", "br", "link", "img"}
BLOCK = re.compile(r"<!-- (/?)wp:([a-z]+)(?: (\{.*?\}))? -->", re.DOTALL)
PALETTES = [
    {"accent": "#b4531f", "background": "#fdf8f1", "text": "#2b1d14"},
    {"accent": "#ffd400", "background": "#ffffff", "text": "#cccccc"},
    {"accent": "#ff00ff", "background": "#101014", "text": "#eeeeee"},
    {"accent": "#808080", "background": "#808080", "text": "#808080"},
]


class Reader(HTMLParser):
    """Reads HTML as a browser does: what is shown, in which colours, and which elements there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.poor: list[tuple[str, str, str]] = []
        self.crossed: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append((tag, found))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop()[0] != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if any(tag in {"style", "title"} for tag, _ in self.open) or not data.strip():
            return
        self.text.append(data)
        text, back = self.nearest("color"), self.nearest("background-color")
        if text and back and text != "inherit" and contrast(text, back) < 4.5:
            self.poor.append((data, text, back))

    def nearest(self, name: str) -> str:
        for _, attributes in reversed(self.open):
            styles = dict(part.split(":", 1) for part in attributes.get("style", "").split(";") if ":" in part)
            if styles.get(name, "inherit") != "inherit":
                return str(styles[name])
        return ""

    @property
    def shown(self) -> str:
        return " ".join("".join(self.text).split())


def drawn(site: Website) -> Reader:
    return Reader("\n".join(each.content for each in to_pages(site)))


def previewed(site: Website, slug: str = "") -> Reader:
    return Reader(preview_html(site, slug, lambda to: f"/preview/{to}"))


def all_words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for name, each in value.items() if name not in {"key", "kind"} for word in all_words(each)]
    if isinstance(value, list):
        return [word for each in value for word in all_words(each)]
    return [value]


@pytest.mark.parametrize("kind", ["hero", "text", "services", "hours", "contact", "quote", "call"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_word_of_every_kind_of_section_is_shown(kind: str, place: int) -> None:
    sections = [section("text", key="a"), section("text", key="b"), section("text", key="c")]
    sections[place] = section(kind)
    for slug in ("", "second"):
        site = website(
            pages=[page("", "One", *sections), page("second", "Two", *sections), page("z", "Z", section("call"))]
        )
        shown = previewed(site, slug).shown
        live = drawn(site).shown
        assert [word for word in all_words(sections) if word not in shown or word not in live] == []


def test_the_front_page_comes_first_and_each_page_has_its_title() -> None:
    pages = to_pages(website())
    assert [(each.slug, each.title) for each in pages] == [("", "Home"), ("about", "About us"), ("contact", "Contact")]


def test_a_page_without_a_title_and_one_with_too_long_a_title_can_be_published() -> None:
    site = website(
        pages=[page("", " ", section("text")), page("b", "long " * 90, section("text")), *content()["pages"][2:]]
    )
    assert [len(each.title) for each in to_pages(site)] == [len("Sunrise Bakery"), 200, len("Contact")]


def test_the_same_website_gives_the_same_pages() -> None:
    assert to_pages(website()) == to_pages(Website.model_validate_json(website().model_dump_json()))


def test_blocks_are_closed_in_order_and_their_attributes_say_what_the_html_says() -> None:
    for each in to_pages(website()):
        stack: list[str] = []
        for closing, name, attributes in BLOCK.findall(each.content):
            if closing:
                assert stack.pop() == name
                continue
            stack.append(name)
            style = json.loads(attributes or "{}").get("style", {})
            for colour in style.get("color", {}).values():
                assert colour in each.content.split(attributes, 1)[1]
        assert stack == []
        assert each.content.count("<!--") == len(BLOCK.findall(each.content))


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("typeface", ["serif", "sans"])
def test_every_text_can_be_read_on_what_is_behind_it(palette: dict[str, str], typeface: str) -> None:
    site = website(palette=palette, typeface=typeface)
    for each in site.pages:
        assert previewed(site, each.slug).poor == []
    assert drawn(site).poor == []


@pytest.mark.parametrize("shape", ["arch", "circle", "square", "leaf"])
def test_each_shape_gives_its_own_picture(shape: str) -> None:
    others = {each: to_pages(website(shape=each))[0].content for each in ("arch", "circle", "square", "leaf")}
    assert list(others.values()).count(others[shape]) == 1
    assert "radial-gradient" in others[shape]


def test_a_script_in_any_text_is_shown_as_text() -> None:
    sections = [
        section(kind, SCRIPT, heading=f"{SCRIPT}-->", items=[{"title": SCRIPT, "text": f'"{SCRIPT}'}])
        for kind in ("hero", "text", "services", "hours", "contact", "quote", "call")
    ]
    site = website(
        title=SCRIPT,
        tagline=SCRIPT,
        pages=[page("", SCRIPT, *sections), page("b", SCRIPT, *sections), page("c", SCRIPT, *sections)],
    )
    for reader in (drawn(site), previewed(site), previewed(site, "b")):
        assert "script" not in [tag for tag, _ in reader.tags]
        assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
        assert reader.shown.count(SCRIPT) >= 4 * 7 - 1
        assert reader.crossed == []


@pytest.mark.parametrize(
    ("value", "href"),
    [
        ("+1 503 555 0142", "tel:+15035550142"),
        ("(617) 555-0199", "tel:6175550199"),
        ("hello@sunrise.example", "mailto:hello@sunrise.example"),
        ("12 Mill Lane, Portland, OR 97201", None),
        ("12345", None),
        ("call +1 503 555 0142", None),
        ("javascript:alert(1)@x.example", "mailto:javascript:alert(1)@x.example"),
        ("https://sunrise.example", None),
    ],
)
def test_only_a_phone_number_or_a_mail_address_becomes_a_link(value: str, href: str | None) -> None:
    site = website(
        pages=[page("", "A", section("text")), page("b", "B", section("text")), page("c", "C", contact(("Way", value)))]
    )
    reader = drawn(site)
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    assert links == ([href] if href else [])
    assert value in reader.shown


def test_the_button_of_the_front_page_leads_to_the_contact_page() -> None:
    links = [
        attributes["href"]
        for tag, attributes in drawn(website()).tags
        if attributes.get("class", "").startswith("wp-block-button__")
    ]
    assert links == ["/contact/", "/contact/"]


def test_arabic_reads_from_right_to_left() -> None:
    arabic = [
        section(kind, ARABIC, heading=ARABIC, items=[{"title": ARABIC, "text": ARABIC}])
        for kind in ("hero", "services", "quote")
    ]
    site = website(
        title=ARABIC, tagline=ARABIC, language="ar", pages=[page(name, ARABIC, *arabic) for name in ("", "b", "c")]
    )
    tags = drawn(site).tags
    paragraphs = [attributes for tag, attributes in tags if tag == "p"]
    assert paragraphs
    assert all(attributes.get("dir") == "rtl" for attributes in paragraphs)
    assert not any("letter-spacing" in attributes.get("style", "") for attributes in paragraphs)
    assert all("has-text-align-right" in attributes["class"] for tag, attributes in tags if tag in {"h1", "h2", "h3"})
    assert ("html", {"lang": "ar", "dir": "rtl"}) in previewed(site).tags
    assert ("html", {"lang": "en", "dir": "ltr"}) in previewed(website()).tags


def test_an_arabic_paragraph_in_an_english_website_has_its_own_direction() -> None:
    site = website(pages=[page(name, "P", section("text", f"English words.\n\n{ARABIC}")) for name in ("", "b", "c")])
    directions = [attributes.get("dir") for tag, attributes in drawn(site).tags if tag == "p"][:2]
    assert directions == [None, "rtl"]


@pytest.mark.parametrize("slug", ["", "about", "contact"])
def test_a_preview_is_a_whole_document_that_asks_for_nothing(slug: str) -> None:
    html = preview_html(website(), slug, lambda to: f"/preview/{to}")
    reader = Reader(html)
    assert html.startswith("<!doctype html>")
    assert reader.open == []
    assert reader.crossed == []
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    assert not {"script", "link", "img", "iframe", "form"} & {tag for tag, _ in reader.tags}
    assert not re.search(r"url\(|@import|https?://|<!--", html)


def test_a_preview_leads_to_each_page_and_says_where_one_is() -> None:
    reader = Reader(preview_html(website(), "about", lambda to: f"/preview?page={to}&x=1"))
    menu = [
        attributes
        for tag, attributes in reader.tags
        if tag == "a" and "class" not in attributes and "style" not in attributes
    ]
    assert [attributes["href"] for attributes in menu] == [
        "/preview?page=&x=1",
        "/preview?page=about&x=1",
        "/preview?page=contact&x=1",
    ]
    assert [attributes.get("aria-current") for attributes in menu] == [None, "page", None]


def test_a_preview_names_each_section_so_that_it_can_be_pointed_at() -> None:
    ids = [attributes["id"] for _, attributes in previewed(website()).tags if "id" in attributes]
    assert ids == ["hero", "services", "quote", "call"]


def test_a_page_that_is_not_there_has_no_preview() -> None:
    with pytest.raises(KeyError):
        preview_html(website(), "nowhere", str)


def test_the_preview_shows_what_the_live_site_will_show() -> None:
    site = website()
    for each in to_pages(site):
        assert Reader(each.content).shown in previewed(site, each.slug).shown
