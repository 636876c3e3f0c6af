"""Forms: nothing typed is lost, everything wrong is said at once, and only our own pages are listened to."""

from __future__ import annotations

import pytest

from .conftest import ANSWERS, BASE, Customer, House

SCRIPT = "<script>alert('x')</script>\"&"
ARABIC = "مخبز الشروق للخبز الطازج"


def test_every_wrong_field_is_said_at_once_beside_it_and_in_a_linked_summary(anna: Customer) -> None:
    page = anna.send(anna.open("/signup"), "/signup", {"email": "anna@", "password": "short"})
    assert anna.status == 422
    links = {given["href"] for tag, given in page.tags if tag == "a" and given.get("href", "").startswith("#")}
    assert {"#email", "#password"} <= links
    wrong = {given["id"] for tag, given in page.tags if given.get("aria-invalid") == "true"}
    assert wrong == {"email", "password"}
    assert page.form("/signup").values["email"] == "anna@"
    assert "short" not in page.html.partition("<main")[2].replace("Four short", "")


def test_every_field_has_a_label(anna: Customer) -> None:
    anna.see_preview()
    paths = ["/onboarding/preview", *(f"/onboarding/questions/{number}" for number in ANSWERS)]
    for path in paths:
        page = anna.open(path)
        labels = {given.get("for") for tag, given in page.tags if tag == "label"}
        for tag, given in page.tags:
            if tag in ("input", "textarea", "select") and given.get("type") not in ("hidden", "radio"):
                assert given["id"] in labels, (path, given)


def test_the_plan_page_says_all_that_is_missing_and_keeps_the_country(anna: Customer) -> None:
    anna.approve()
    page = anna.send(anna.open("/onboarding/plan"), "/onboarding/plan", {"country": "PT", "postal_code": ""})
    assert anna.status == 422
    assert "Choose one of the plans." in page.text
    assert "We need the postal code to work out the tax." in page.text
    assert page.form("/onboarding/plan").values["country"] == "PT"


def test_markup_in_an_answer_is_text_everywhere(anna: Customer) -> None:
    page = anna.see_preview({**ANSWERS, 1: {"business_name": SCRIPT, "kind": SCRIPT}})
    assert SCRIPT in page.text
    assert "<script>alert" not in page.html
    for path in ("/onboarding/questions/1", "/dashboard"):
        assert "<script>alert" not in anna.open(path).html
    shown = anna.web.get(page.frames[0])
    assert "<script" not in shown.text


def test_arabic_is_kept_and_shown_in_its_own_direction(anna: Customer) -> None:
    anna.see_preview({**ANSWERS, 1: {"business_name": ARABIC, "kind": ARABIC}})
    page = anna.open("/onboarding/questions/1")
    assert page.form("/onboarding/questions/1").values["business_name"] == ARABIC
    field = next(given for _, given in page.tags if given.get("id") == "business_name")
    assert field["dir"] == "auto"


def test_twenty_thousand_characters_are_taken(anna: Customer) -> None:
    long = (ARABIC + " ") * 800
    anna.see_preview({**ANSWERS, 2: {"offer": long[:20_000], "special": ""}})
    page = anna.open("/onboarding/questions/2")
    assert page.form("/onboarding/questions/2").values["offer"] == long[:20_000].strip()


def test_one_character_too_many_gets_a_sentence_and_is_kept(anna: Customer) -> None:
    anna.sign_up()
    anna.send(anna.open("/onboarding/questions/1"), "/onboarding/questions/1", ANSWERS[1])
    page = anna.send(anna.open("/onboarding/questions/2"), "/onboarding/questions/2", {"offer": "x" * 20_001})
    assert anna.status == 422
    assert "20,001 characters long" in page.text
    assert page.form("/onboarding/questions/2").values["offer"] == "x" * 20_001


def test_lines_and_leading_empty_lines_survive_the_round_trip(anna: Customer) -> None:
    anna.sign_up()
    anna.send(anna.open("/onboarding/questions/1"), "/onboarding/questions/1", ANSWERS[1])
    page = anna.open("/onboarding/questions/2")
    page = anna.send(page, "/onboarding/questions/2", {"offer": "", "special": "\nfirst\r\nsecond\x00"})
    assert page.form("/onboarding/questions/2").values["special"] == "\nfirst\nsecond"


def test_a_wish_that_is_too_long_is_kept_where_it_was_typed(anna: Customer) -> None:
    page = anna.see_preview()
    page = anna.send(page, "/onboarding/preview/rewrite", {"wish": "w" * 2001})
    assert anna.status == 422
    assert "2,001 characters long" in page.text
    assert any(form.values.get("wish") == "w" * 2001 for form in page.forms)


def test_a_body_beyond_a_megabyte_is_refused_in_words(anna: Customer) -> None:
    page = anna.post("/signup", {"email": "x" * 1_000_001})
    assert anna.status == 413
    assert "more text than one page can take" in page.text


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_only_plain_forms_are_read(anna: Customer, kind: str) -> None:
    anna.post("/login", {}, **{"content-type": kind})
    assert anna.status == 415


def test_a_form_without_its_token_does_nothing_and_can_be_sent_again(anna: Customer) -> None:
    anna.sign_up()
    page = anna.post("/onboarding/questions/1", ANSWERS[1])
    assert anna.status == 403
    assert "Nothing was done yet" in page.text
    assert "business_name" not in str(anna.open("/onboarding/questions/1").form("/onboarding/questions/1").values.get)
    assert not anna.open("/onboarding/questions/1").form("/onboarding/questions/1").values["business_name"]
    anna.send(page, "/onboarding/questions/1")
    assert anna.path == "/onboarding/questions/2"


def test_a_password_is_never_written_into_a_page(anna: Customer) -> None:
    page = anna.post("/signup", {"email": "anna@example.com", "password": "three random words"})
    assert anna.status == 403
    assert "three random words" not in page.html


def test_another_browsers_token_is_not_taken(anna: Customer, bert: Customer) -> None:
    anna.sign_up()
    bert.sign_up()
    token = anna.open("/onboarding/questions/1").form("/onboarding/questions/1").values["form_token"]
    bert.post("/onboarding/questions/1", {**ANSWERS[1], "form_token": token})
    assert bert.status == 403


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_what_another_site_sends_is_refused_even_with_the_right_token(anna: Customer, said: dict[str, str]) -> None:
    values = anna.open("/signup").form("/signup").values | {"email": "a@example.com", "password": "three random words"}
    page = anna.post("/signup", values, **said)
    assert anna.status == 403
    assert "sent by another website" in page.text
    assert "session" not in anna.web.cookies


def test_no_form_is_open_without_a_token(house: House) -> None:
    paths = {
        route.path
        for route in house.app.routes
        if "POST" in (getattr(route, "methods", None) or ()) and hasattr(route, "path")
    }
    assert len(paths) >= 9
    web = house.customer().web
    for path in paths:
        answer = web.post(
            path.replace("{number:int}", "1"),
            content="form_token=wrong",
            headers={"origin": BASE, "content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 403, path


def test_ten_wrong_passwords_are_enough_for_a_while(anna: Customer) -> None:
    anna.sign_up()
    anna.web.cookies.clear()
    for _ in range(11):
        page = anna.send(anna.open("/login"), "/login", {"email": anna.email, "password": "wrong wrong"})
    assert anna.status == 429
    assert int(anna.headers["retry-after"]) > 0
    assert "Too many tries. Wait" in page.text
    assert page.form("/login").values["email"] == anna.email
