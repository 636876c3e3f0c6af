"""Every page in every state, on a desk and on a phone, light and dark: readable, reachable, and named."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .pictures import VIEWS, opened
from .platform import Platform
from .tour import Stop, Tour

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EYES = Path(__file__).with_name("eyes.js").read_text(encoding="utf-8")
EXPECTED = {"no such page", "an old link"}
"""Their status is an error's, which the browser notes."""


BLEMISHES = {
    "cut off": "<div style='width:2000px'>wide</div>",
    "cut off, within a box": "<p style='width:40px;overflow:hidden;white-space:nowrap'>more than fits</p>",
    "overlaps": "<p>one sentence</p><p style='margin-top:-36px'>another</p>",
    "hard to read": "<p style='color:#999'>grey on white</p>",
    "hard to read, a field": "<label>Name <input style='border:1px solid #ddd;height:48px'></label>",
    "too small for a thumb": "<button>small</button>",
    "without a name": "<input style='height:48px;border-color:#000'>",
    "without a name, a button": "<button style='width:48px;height:48px'></button>",
    "headings": "<h3>the third follows the first</h3>",
}


@pytest.fixture(scope="module")
def seen(platform: Platform, browser: Browser) -> list[tuple[str, str, str]]:
    """(kind, where, what) of all that is wrong anywhere."""
    found: list[tuple[str, str, str]] = []
    for stop in Tour(platform).stops():
        for view in VIEWS:
            with opened(browser, stop, view) as (page, complaints):
                where = f"{stop.name}, {view.width} px, {view.mode}"
                noticed = page.evaluate(EYES, view.is_phone)
                found += [(kind, where, what) for kind, what in noticed if not (stop.html and kind == "headings")]
                if not (stop.typed or stop.sent) and stop.name not in EXPECTED:
                    found += [("complaint", where, what) for what in complaints]
    return found


def told(seen: list[tuple[str, str, str]], kind: str) -> list[str]:
    return [f"{where}: {what}" for each, where, what in seen if each == kind]


@pytest.mark.parametrize("blemish", BLEMISHES)
def test_eyes_see_each_kind_of_blemish_and_nothing_where_there_is_none(browser: Browser, blemish: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    flawless = (
        "<html lang=en><body style='background:#fff'><h1>Heading</h1><button style='height:48px'>Press me</button>"
    )
    page.set_content(flawless)
    assert page.evaluate(EYES, True) == []
    page.set_content(flawless + BLEMISHES[blemish])
    assert {kind for kind, _ in page.evaluate(EYES, True)} == {blemish.partition(",")[0]}
    page.close()


@pytest.mark.parametrize("elsewhere", [{"address": "/dashboard"}, {"address": "/login", "says": "Your website"}])
def test_a_picture_of_another_page_than_the_one_it_names_is_noticed(
    platform: Platform, browser: Browser, elsewhere: dict[str, str]
) -> None:
    stop = Stop("somewhere", platform.url + elsewhere["address"], says=elsewhere.get("says", ""))
    with pytest.raises(AssertionError, match="somewhere"), opened(browser, stop, VIEWS[0]):
        pytest.fail("it was not noticed")


def test_no_page_cuts_off_a_word_at_either_width(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "cut off") == []


def test_no_words_lie_on_others(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "overlaps") == []


def test_every_word_can_be_read_in_light_and_dark(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "hard to read") == []


def test_everything_can_be_pressed_with_a_thumb(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "too small for a thumb") == []


def test_every_field_and_button_has_a_name_that_can_be_read_aloud(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "without a name") == []


def test_headings_lead_through_each_page_in_order(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "headings") == []


def test_the_browser_has_nothing_to_complain_of(seen: list[tuple[str, str, str]]) -> None:
    assert told(seen, "complaint") == []
