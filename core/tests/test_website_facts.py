"""Each fact the customer gave stands on some page."""

from __future__ import annotations

import pytest

from arumaldo.website import abridged, facts_in, facts_missing, to_pages, with_facts

from .websites import ARABIC, SCRIPT, contact, page, section, website

FACTS = {
    "Business name": f"Sunrise {SCRIPT} Bakery",
    "What you offer": "bread,\n  cakes\tand coffee",
    "Story": f"{ARABIC} " * 800,
    "Phone": "+1 503 555 0142",
    "Left blank": "  ",
}


def test_a_fact_that_is_on_no_page_is_named() -> None:
    assert facts_missing(website(), FACTS) == ["Business name", "What you offer", "Story"]


def test_line_breaks_and_spaces_make_no_difference() -> None:
    shown = website(pages=[page("", "Home", section("text", "We have bread, cakes\nand  coffee."))] * 3)
    assert "What you offer" not in facts_missing(shown, FACTS)


@pytest.mark.parametrize("value", ["Words of tex t.", "The text!", "the text"])
def test_a_fact_counts_only_word_for_word(value: str) -> None:
    assert facts_missing(website(), {"Fact": value}) == ["Fact"]


def test_the_name_in_the_title_alone_is_not_on_a_page() -> None:
    assert facts_missing(website(title="Zebra"), {"Business name": "Zebra"}) == ["Business name"]


def test_each_missing_fact_is_added_under_good_to_know_beside_the_contact() -> None:
    whole = with_facts(website(), FACTS)
    added = whole.section("contact", "good-to-know")
    assert [item.title for item in added.items] == ["Business name", "What you offer", "Story"]
    assert added.heading == "Good to know"
    assert facts_missing(whole, FACTS) == []


def test_adding_the_facts_again_changes_nothing() -> None:
    whole = with_facts(website(), FACTS)
    assert with_facts(whole, FACTS) is whole


def test_a_fact_that_goes_missing_later_joins_the_others() -> None:
    whole = with_facts(website(), {"A": "the alpha"})
    both = with_facts(whole, {"A": "the alpha", "B": "the beta"})
    assert [item.text for item in both.section("contact", "good-to-know").items] == ["the alpha", "the beta"]


def test_without_a_contact_section_the_facts_go_to_the_last_page() -> None:
    plain = website(pages=[page(name, name, section("text")) for name in ("", "a", "b")])
    assert with_facts(plain, FACTS).page("b").sections[-1].key == "good-to-know"


def test_facts_with_control_characters_are_found_again() -> None:
    facts = {"Name": "A\u0000B\r\nC"}
    assert facts_missing(with_facts(website(), facts), facts) == []


def test_what_is_not_missing_reaches_the_pages_of_the_live_site() -> None:
    text = " ".join(" ".join(each.content for each in to_pages(with_facts(website(), FACTS))).split())
    assert "Sunrise &lt;script&gt;alert(1)&lt;/script&gt; Bakery" in text
    assert ARABIC in text


def test_a_section_is_written_anew_from_the_facts_it_tells() -> None:
    shown = website(pages=[page("", "H", contact(("Phone", "+1 503 555 0142"), ("Address", "Elsewhere")))] * 3)
    assert list(facts_in(shown.section("", "contact"), FACTS)) == ["Phone"]


def test_a_list_tells_the_fact_that_it_is_made_of() -> None:
    services = section("services", items=[{"title": "Cakes", "text": "Ask us."}, {"title": "", "text": "b"}])
    shown = website(pages=[page("", "H", services)] * 3)
    assert list(facts_in(shown.section("", "services"), FACTS)) == ["What you offer"]


def test_a_section_that_tells_no_fact_is_written_anew_from_the_name() -> None:
    assert list(facts_in(website().section("", "call"), FACTS)) == ["Business name"]


def test_a_writer_gets_long_facts_cut_between_words_and_no_blank_ones() -> None:
    short = abridged(FACTS | {"One word": "x" * 5000}, limit=100)
    assert "Left blank" not in short
    assert short["Phone"] == FACTS["Phone"]
    assert len(short["Story"]) <= 100
    assert FACTS["Story"].startswith(short["Story"] + " ")
    assert short["One word"] == "x" * 100
