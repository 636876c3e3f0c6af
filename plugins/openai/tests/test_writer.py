"""The sandbox's writer: any schema, every fact, nothing made up, and no two businesses alike."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from arumaldo_openai.ai import OpenAiWriter
from arumaldo_openai.sandbox.brief import Brief, facts_of, pieces
from arumaldo_openai.sandbox.phrases import PHRASES
from arumaldo_openai.sandbox.subset import Outside, check
from arumaldo_openai.sandbox.writer import write
from jsonschema import Draft202012Validator

from arumaldo.testing.ai import BAKERY, HARD, LAW_FIRM, LONG, YOGA
from arumaldo.website import (
    Section,
    Website,
    facts_in,
    preview_html,
    section_schema,
    strict_schema,
    to_pages,
)
from arumaldo.website.prompts import WEBSITE, for_section

TEXT: dict[str, Any] = {"type": "string"}
FACTS = [BAKERY, LAW_FIRM, YOGA, HARD, LONG, {"Business name": "مخبز السعادة", "Kind of business": "مخبز"}]


def shape(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def listing(items: Any, **bounds: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **bounds}


TREE = shape(label=TEXT, children=listing({"$ref": "#/$defs/Node"})) | {
    "$defs": {"Node": shape(label=TEXT, children=listing({"$ref": "#/$defs/Node"}))}
}
FAMILY = shape(label=TEXT, **{part: {"anyOf": [{"$ref": "#"}, {"type": "null"}]} for part in "abcd"})
BRANCHING = shape(label=TEXT, **{part: listing({"$ref": "#"}) for part in "abc"})
CHAIN = shape(text=TEXT, next={"anyOf": [{"$ref": "#"}, {"type": "null"}]})
SCHEMAS = {
    "website": strict_schema(Website),
    "flat": shape(headline=TEXT, body=TEXT),
    "one": shape(x=TEXT),
    "choices": shape(kind={"enum": ["a", "b"]}, version={"const": 3, "type": "integer"}, text=TEXT),
    "numbers": shape(
        text=TEXT,
        a={"type": "integer", "minimum": 3, "maximum": 9},
        b={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        c={"type": "integer", "exclusiveMaximum": -4, "multipleOf": 3},
        d={"type": "integer", "exclusiveMinimum": 10, "multipleOf": 5},
        e={"type": "number", "minimum": -2.5, "maximum": -1.25},
        f={"type": "boolean"},
    ),
    "nothing": shape(text=TEXT, a={"type": "null"}, b={"type": ["string", "null"]}, c={"type": ["integer", "null"]}),
    "lists": shape(tags=listing(TEXT, minItems=2, maxItems=4), empty=listing(TEXT, maxItems=0), text=TEXT),
    "patterns": shape(
        text=TEXT,
        colour={"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        slug={"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        code={"type": "string", "pattern": r"^[A-Z]{2}\d{4}-(red|green)[^a-z]?$"},
        word={"type": "string", "pattern": r"^\w+\s\S+.$", "maxLength": 12},
    ),
    "formats": shape(
        text=TEXT,
        mail={"type": "string", "format": "email"},
        day={"type": "string", "format": "date"},
        key={"type": "string", "format": "uuid"},
        maybe={"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
    ),
    "bounded": shape(
        title={"type": "string", "maxLength": 20},
        text={"type": "string", "minLength": 200},
        parts=listing({"type": "string", "maxLength": 60}, minItems=3),
    ),
    "refs": shape(first={"$ref": "#/$defs/A"}, rest=listing({"$ref": "#/$defs/A"}, minItems=1))
    | {"$defs": {"A": shape(text=TEXT)}},
    "tree": TREE,
    "family": FAMILY,
    "branching": BRANCHING,
    "chain": CHAIN,
    "sections": shape(
        sections=listing(shape(kind={"enum": ["banner", "faq", "contact_form"]}, heading=TEXT, text=TEXT), minItems=2)
    ),
    "either": shape(
        part={"anyOf": [shape(type={"const": "quote", "type": "string"}, text=TEXT), shape(n={"type": "integer"})]}
    ),
}


def texts(content: Any) -> list[str]:
    if isinstance(content, dict):
        return [text for each in content.values() for text in texts(each)]
    if isinstance(content, list):
        return [text for each in content for text in texts(each)]
    return [content] if isinstance(content, str) else []


@pytest.mark.parametrize("facts", FACTS, ids=["bakery", "law", "yoga", "hard", "long", "arabic"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_the_content_fits_any_strict_schema_and_says_each_fact(name: str, facts: dict[str, str]) -> None:
    schema = SCHEMAS[name]
    check(schema)
    content = write(Brief(facts), schema)
    Draft202012Validator(schema).validate(content)
    said = texts(content)
    assert [label for label, value in facts.items() if not any(value in text for text in said)] == []


@pytest.mark.parametrize("facts", FACTS[:4], ids=["bakery", "law", "yoga", "hard"])
@pytest.mark.parametrize("schema", [TREE, FAMILY, BRANCHING, CHAIN], ids=["tree", "family", "branching", "chain"])
def test_a_schema_that_refers_to_itself_gets_no_more_than_some_pages(
    schema: dict[str, Any], facts: dict[str, str]
) -> None:
    assert len(texts(write(Brief(facts), schema))) <= 400


def test_an_entry_does_not_list_the_same_entries_again() -> None:
    pages = write(Brief(BAKERY), TREE)["children"]
    entries = [entry for page in pages for entry in page["children"]]
    offered = {f"{title[:1].upper()}{title[1:]}" for title in pieces(BAKERY["What you offer"])}
    assert {entry["label"] for entry in entries} >= offered
    assert [entry for entry in entries if entry["children"]] == []


@pytest.mark.parametrize("most", [5, 12, 40, 90])
def test_what_a_limit_cuts_off_stands_in_another_field(most: int) -> None:
    words = " ".join(f"word{number}" for number in range(30))
    schema = shape(parts=listing({"type": "string", "maxLength": most}, minItems=120))
    content = write(Brief({"What makes you special": words}), schema)
    Draft202012Validator(schema).validate(content)
    assert [word for word in words.split() if word not in " ".join(content["parts"]) + "".join(content["parts"])] == []


def test_the_same_request_gets_the_same_content() -> None:
    assert write(Brief(BAKERY), SCHEMAS["website"]) == write(Brief(BAKERY), SCHEMAS["website"])


def test_other_instructions_get_other_words_for_the_same_facts() -> None:
    versions = {json.dumps(write(Brief(BAKERY, salt=str(number)), SCHEMAS["website"])) for number in range(8)}
    assert len(versions) == 8


def test_a_section_written_anew_has_other_words_and_the_same_facts(ai: OpenAiWriter) -> None:
    made = ai.generate(name="website", instructions=WEBSITE, facts=BAKERY, schema=strict_schema(Website))
    website = Website.model_validate(made.content)
    for page in website.pages:
        for section in page.sections:
            told = facts_in(section, BAKERY)
            instructions = for_section(website, page.slug, section.key, "Another tone, please.")
            made = ai.generate(name="section", instructions=instructions, facts=told, schema=section_schema(section))
            new = Section.model_validate(made.content)
            assert (new.key, new.kind) == (section.key, section.kind)
            assert (new.heading, new.text, new.items) != (section.heading, section.text, section.items)
            said = " ".join(texts(new.model_dump()))
            assert all(value in said for value in told.values())


def test_twenty_bakeries_have_twenty_different_websites() -> None:
    skeletons = set()
    for number in range(20):
        facts = BAKERY | {"Business name": f"Bakery Nr{number}"}
        said = json.dumps(write(Brief(facts), SCHEMAS["website"]), ensure_ascii=False)
        skeletons.add(said.replace(facts["Business name"], "").lower().replace(f"bakery-nr{number}", ""))
    assert len(skeletons) == 20


@pytest.mark.parametrize("number", range(30))
def test_no_number_address_or_mail_is_made_up(number: int) -> None:
    facts = {"Business name": f"Studio {'abcdefghijklmnopqrstuvwxyzabcd'[number]}", "Kind of business": "Yoga studio"}
    website = Website.model_validate(write(Brief(facts), SCHEMAS["website"]))
    said = " ".join(texts(website.model_dump(exclude={"palette"})))
    assert not re.search(r"\d|@|€|\$|%", re.sub(r"\b[a-z]+-\d\b", "", said))
    assert not re.search(r"(?i)\b(award|since|founded|family-run|certified|best|guarantee|years?|street|hours)\b", said)


def test_phrases_say_nothing_that_only_a_fact_could_say() -> None:
    said = " ".join(phrase for table in PHRASES.values() for phrases in table.values() for phrase in phrases)
    assert not re.search(r"\d|@|€|\$|%", said)


def test_every_language_has_every_phrase() -> None:
    keys = {language: set(table) for language, table in PHRASES.items()}
    assert all(found == keys["en"] for found in keys.values())


def test_a_bilingual_business_speaks_both_languages() -> None:
    said = " ".join(texts(write(Brief(BAKERY), SCHEMAS["website"])))
    spanish = [phrase for key in ("welcome", "call", "contact_heading") for phrase in PHRASES["es"][key]]
    assert any(phrase.replace("{name}", BAKERY["Business name"]) in said for phrase in spanish)
    assert '"language": "en"' in json.dumps(write(Brief(BAKERY), SCHEMAS["website"]))


@pytest.mark.parametrize(
    ("languages", "codes"),
    [
        ("English and Spanish", ["en", "es"]),
        ("Español e inglés", ["es"]),
        ("French, German, Italian", ["fr", "de", "it"]),
        ("العربية", ["ar"]),
        ("Klingon", ["en"]),
        ("", ["en"]),
    ],
)
def test_the_first_language_named_is_the_main_one(languages: str, codes: list[str]) -> None:
    assert Brief({"Business name": "X", "Languages": languages}).languages == codes


@pytest.mark.parametrize("code", PHRASES)
def test_a_business_of_one_language_keeps_to_it(code: str) -> None:
    names = {"en": "English", "es": "Español", "fr": "Français", "de": "Deutsch", "it": "Italiano", "pt": "Português"}
    facts = {"Business name": "Xyz", "Languages": names.get(code, "العربية")}
    website = Website.model_validate(write(Brief(facts), SCHEMAS["website"]))
    own = {
        phrase.format(name="Xyz", value="", label="")
        for each in PHRASES[code].values()
        for phrase in each
        if "{value}" not in phrase
    }
    headings = {section.heading for page in website.pages for section in page.sections}
    assert website.language == code
    assert headings <= own | {"Xyz"}


def test_the_writer_serves_the_whole_way_to_wordpress() -> None:
    for facts in FACTS:
        website = Website.model_validate(write(Brief(facts), SCHEMAS["website"]))
        assert len(to_pages(website)) == len(website.pages)
        assert "<!doctype html>" in preview_html(website, "", lambda slug: f"/{slug}")


def test_facts_of_twenty_thousand_characters_are_told_once_and_whole() -> None:
    facts = {"Business name": "Sonne " * 3300, "What makes you special": "كلمة " * 4000, "What you offer": "x" * 20_000}
    content = write(Brief(facts), SCHEMAS["website"])
    said = "\n".join(texts(content))
    assert all(value.strip() in said for value in facts.values())
    assert len(said) < 90_000


def test_a_pattern_that_nothing_can_meet_is_outside_the_subset() -> None:
    with pytest.raises(Outside, match="is not supported"):
        write(Brief(YOGA), shape(text=TEXT, a={"type": "string", "pattern": "^a(?=b)c$"}))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("bread, cakes and coffee", ["bread", "cakes", "coffee"]),
        ("bread, cakes, and coffee", ["bread", "cakes", "coffee"]),
        ("- Hatha\n- Vinyasa\n- Yin", ["Hatha", "Vinyasa", "Yin"]),
        ("Family law; tenancy", ["Family law", "tenancy"]),
        ("خبز، كعك", ["خبز", "كعك"]),
        ("Bread", []),
        ("Rock and roll lessons", []),
        ("", []),
    ],
)
def test_an_enumeration_is_read_as_its_parts(value: str, parts: list[str]) -> None:
    assert pieces(value) == parts


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        ('{"facts": {"Name": "A"}}', {"Name": "A"}),
        ([{"role": "user", "content": 'Data: {"facts": {"Name": "A"}} end'}], {"Name": "A"}),
        ([{"role": "user", "content": [{"type": "input_text", "text": '{"Name": "A"}'}]}], {"Name": "A"}),
        ([{"role": "system", "content": '{"Name": "B"}'}, {"role": "user", "content": "Hello {"}], {"Text": "Hello {"}),
    ],
)
def test_the_facts_are_found_in_any_form_of_input(data: Any, facts: dict[str, str]) -> None:
    assert facts_of(data) == facts
