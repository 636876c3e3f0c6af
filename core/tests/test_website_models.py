"""A website is always fit to show, and stays what the customer approved."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from arumaldo.website import Section, Website, section_schema, strict_schema
from arumaldo.website.colours import contrast, ink_on, mix, readable
from arumaldo.website.prompts import SECTION, WEBSITE, for_section

from .websites import content, page, section, website

COLOURS = ["#ffffff", "#000000", "#ffd400", "#808080", "#777777", "#00ff00", "#b4531f", "#0000ff", "#f5f5dc", "#123456"]


def test_the_same_website_has_the_same_digest_whatever_the_order_of_its_properties() -> None:
    turned = dict(reversed(content().items()))
    assert Website.model_validate(turned).digest() == website().digest()
    assert len(website().digest()) == 64


@pytest.mark.parametrize("changes", [{"title": "Sunrise Bakery "}, {"shape": "leaf"}, {"tagline": "خبز"}])
def test_any_change_changes_the_digest(changes: dict[str, Any]) -> None:
    assert website(**changes).digest() != website().digest()


def test_a_website_that_was_stored_and_read_again_has_its_digest_still() -> None:
    odd = website(
        title="A\u0000B\r\nC",
        palette={"accent": "#FFD400", "background": "#FFFFFF", "text": "#dddddd"},
        pages=[
            page("", "x", section("hero")),
            page("", "Über uns!", section("text", key="")),
            page("", "خبز", section("text")),
        ],
    )
    again = Website.model_validate_json(odd.model_dump_json())
    assert again == odd
    assert again.digest() == odd.digest()


def test_the_first_page_is_the_front_page_and_no_two_pages_share_an_address() -> None:
    pages = [
        page(slug, title, section("text"))
        for slug, title in [("x", "X"), ("a b", "1"), ("A-B", "2"), ("", "Über"), ("", "خبز")]
    ]
    assert [each.slug for each in website(pages=pages).pages] == ["", "a-b", "a-b-2", "uber", "page"]


def test_no_two_sections_of_a_page_share_a_key() -> None:
    sections = [section("text", key=key) for key in ("Über uns", "uber-uns", "", "", "x" * 90)]
    keys = [each.key for each in website(pages=[page("", "Home", *sections)] * 3).pages[0].sections]
    assert keys == ["uber-uns", "uber-uns-2", "text", "text-2", "x" * 60]


@pytest.mark.parametrize("background", COLOURS)
@pytest.mark.parametrize("colour", COLOURS)
def test_text_and_accent_can_be_read_on_any_background(colour: str, background: str) -> None:
    palette = website(palette={"accent": colour, "background": background, "text": colour}).palette
    assert contrast(palette.text, palette.background) >= 4.5
    assert contrast(palette.accent, palette.background) >= 4.5
    assert palette.background == background


def test_a_colour_that_can_be_read_already_stays_as_it_is() -> None:
    assert website().palette.accent == "#b4531f"
    assert readable("#b4531f", on="#fdf8f1") == "#b4531f"


@pytest.mark.parametrize("colour", COLOURS)
def test_text_on_a_button_can_be_read(colour: str) -> None:
    assert contrast(ink_on(colour), colour) >= 4.5


def test_contrast_is_counted_as_the_standard_does() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


@pytest.mark.parametrize(
    "changes",
    [
        {"pages": content()["pages"][:2]},
        {"pages": content()["pages"] * 2},
        {"palette": {"accent": "red", "background": "#ffffff", "text": "#000000"}},
        {"palette": {"accent": "#fff;}", "background": "#ffffff", "text": "#000000"}},
        {"language": 'en"'},
        {"shape": "star"},
        {"extra": 1},
        {"pages": [page("", "Home")] * 3},
        {"pages": [page("", "Home", section("carousel"))] * 3},
    ],
)
def test_what_is_no_website_is_not_taken_for_one(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        website(**changes)


def test_control_characters_are_dropped_and_line_breaks_kept() -> None:
    text = (
        website(pages=[page("", "H", section("text", "a\u0000b\u0007c\r\nd\te\u001b[31m"))] * 3)
        .pages[0]
        .sections[0]
        .text
    )
    assert text == "abc\nd\te[31m"


def test_one_section_is_written_anew_and_keeps_its_place() -> None:
    before = website()
    new = Section(key="other", kind="text", heading="New words", text="", items=[])
    after = before.with_section("", "services", new)
    assert [each.key for each in after.page("").sections] == [each.key for each in before.page("").sections]
    assert after.section("", "services") == new.model_copy(update={"key": "services", "kind": "services"})
    assert after.pages[1:] == before.pages[1:]
    assert before.section("", "services").heading == "The services"


@pytest.mark.parametrize(("slug", "key"), [("", "nothing"), ("nowhere", "hero")])
def test_a_section_that_is_not_there_cannot_be_written_anew(slug: str, key: str) -> None:
    with pytest.raises(KeyError):
        website().with_section(slug, key, website().section("", "hero"))
    with pytest.raises(KeyError):
        for_section(website(), slug, key)


def test_a_wish_travels_with_the_section_as_it_is() -> None:
    told = for_section(website(), "about", "text", 'Shorter, please. "Quotes"')
    assert told.startswith(SECTION)
    assert '"wish": "Shorter, please. \\"Quotes\\""' in told
    assert "Words of text." in told
    assert "data" in WEBSITE


def _nodes(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [node for each in schema for node in _nodes(each)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(node for each in schema.values() for node in _nodes(each))]


@pytest.mark.parametrize(
    "schema", [strict_schema(Website), strict_schema(Section), section_schema(website().section("", "hero"))]
)
def test_the_schema_is_in_the_strict_subset(schema: dict[str, Any]) -> None:
    assert schema["type"] == "object"
    for node in _nodes(schema):
        assert "$ref" not in node
        assert "default" not in node
        if node.get("type") == "object":
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False


def test_the_schema_for_one_section_allows_no_other_kind() -> None:
    schema = section_schema(website().section("", "hero"))
    assert schema["properties"]["kind"] == {"type": "string", "enum": ["hero"]}
    assert schema["properties"]["key"] == {"type": "string", "enum": ["hero"]}
    assert schema["required"] == ["key", "kind", "heading", "text", "items"]


def test_a_model_that_strict_output_cannot_say_is_refused() -> None:
    from pydantic import BaseModel

    class Open(BaseModel):
        extra: dict[str, str]

    class Default(BaseModel):
        name: str = "x"

    with pytest.raises(ValueError, match=r"Open\.extra is an open dictionary"):
        strict_schema(Open)
    with pytest.raises(ValueError, match=r"Default\.name has a default"):
        strict_schema(Default)
