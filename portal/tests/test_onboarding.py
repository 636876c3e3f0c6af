"""From the first page to the open site, as a customer sees it."""

from __future__ import annotations

from arumaldo.store.orders import Order
from arumaldo.testing.fixtures import Database

from .conftest import ANSWERS, BASE, Customer, House


def test_a_customer_gets_from_the_first_page_to_a_live_site(anna: Customer) -> None:
    assert "Build my website" in anna.open("/").text
    page = anna.pay()
    assert "Your website is live" in page.text
    assert "Open my website" in page.text
    assert "Open to visitors, and handed over to you (done)" in page.text


def test_onboarding_leads_to_wherever_the_customer_stands(anna: Customer) -> None:
    anna.sign_up()
    assert anna.path == "/onboarding/questions/1"
    anna.send(anna.open("/onboarding/questions/1"), "/onboarding/questions/1", ANSWERS[1])
    anna.open("/onboarding")
    assert anna.path == "/onboarding/questions/2"


def test_a_page_of_questions_cannot_be_skipped_over_required_answers(anna: Customer) -> None:
    anna.sign_up()
    anna.send(anna.open("/onboarding/questions/1"), "/onboarding/questions/1", ANSWERS[1])
    anna.open("/onboarding/questions/4")
    assert anna.path == "/onboarding/questions/2"


def test_answers_are_there_again_when_the_customer_comes_back_on_another_device(house: House, anna: Customer) -> None:
    anna.sign_up()
    anna.send(anna.open("/onboarding/questions/1"), "/onboarding/questions/1", ANSWERS[1])
    phone = house.customer()
    phone.send(phone.open("/login"), "/login", {"email": anna.email, "password": anna.password})
    assert phone.path == "/onboarding/questions/2"
    form = phone.open("/onboarding/questions/1").form("/onboarding/questions/1")
    assert form.values["business_name"] == "Sunrise Bakery"


def test_while_the_website_is_made_the_page_says_so_and_looks_again_by_itself(anna: Customer) -> None:
    anna.sign_up()
    page = anna.answer_questions()
    assert anna.path == "/onboarding/preview"
    assert "We are making your website" in page.text
    assert 'http-equiv="refresh"' in page.html
    assert "data-live" in page.html


def test_the_preview_is_framed_from_another_host_without_rights(anna: Customer) -> None:
    page = anna.see_preview()
    assert page.frames[0].startswith("http://preview.localhost:8080/p/")
    assert next(given for tag, given in page.tags if tag == "iframe")["sandbox"] == ""


def test_one_section_is_written_anew_and_every_version_stays(anna: Customer) -> None:
    page = anna.see_preview()
    page = anna.send(page, "/onboarding/preview/rewrite", {"wish": "shorter, please"})
    assert "Rewriting “ Sunrise Bakery ”" in page.text
    assert "Approve this website" in page.text
    anna.work()
    page = anna.open("/onboarding/preview")
    assert "Version 2, made" in page.text
    assert "shorter, please" in page.text
    older = [given["href"] for tag, given in page.tags if "/onboarding/preview/" in given.get("href", "")][-1]
    assert "Version 1, made" in anna.open(older).text


def test_a_website_that_cannot_be_made_is_told_and_can_be_tried_again(anna: Customer) -> None:
    page = anna.see_preview({**ANSWERS, 1: {"business_name": "X", "kind": "unspeakable"}})
    assert "We cannot write about this kind of business." in page.text
    anna.send(anna.open("/onboarding/questions/1"), "/onboarding/questions/1", ANSWERS[1])
    page = anna.send(anna.open("/onboarding/preview"), "/onboarding/preview/again")
    assert "We are making your website" in page.text


def test_an_older_version_may_be_approved(anna: Customer) -> None:
    page = anna.see_preview()
    first = page.form("/onboarding/preview/approve").values["preview_id"]
    anna.send(page, "/onboarding/preview/rewrite", {"wish": "worse"})
    anna.work()
    page = anna.open(f"/onboarding/preview/{first}")
    anna.send(page, "/onboarding/preview/approve")
    assert anna.path == "/onboarding/plan"


def test_the_price_is_waited_for_and_then_said_to_the_cent_with_the_next_date(anna: Customer) -> None:
    anna.approve()
    anna.confirm()
    page = anna.send(anna.open("/onboarding/plan"), "/onboarding/plan", {"plan": "starter", "postal_code": "97201"})
    assert anna.path == "/onboarding/payment"
    assert "We are working out the price" in page.text
    assert 'data-live="reload"' in page.html
    anna.work()
    page = anna.open("/onboarding/payment")
    assert "You pay $31.90 today for Starter ($29.00 and $2.90 sales tax 10 %)" in page.text
    assert "the next payment is on" in page.text
    assert page.form("/onboarding/payment").buttons == ["Pay $31.90"]


def test_a_place_without_a_price_is_said_on_the_plan_page_and_the_choice_is_kept(anna: Customer) -> None:
    page = anna.choose_plan(postal_code="nowhere")
    assert anna.path == "/onboarding/plan"
    assert "We do not know this postal code." in page.text
    assert page.form("/onboarding/plan").values["postal_code"] == "nowhere"
    assert page.form("/onboarding/plan").values["plan"] == "starter"


def test_the_country_is_guessed_from_the_browser(anna: Customer) -> None:
    anna.approve()
    page = anna.open("/onboarding/plan", headers={"accept-language": "pt-BR,pt;q=0.9"})
    assert page.form("/onboarding/plan").values["country"] == "BR"


def test_a_declined_card_is_told_where_another_one_can_be_used(anna: Customer) -> None:
    anna.pay("declined")
    assert anna.path == "/onboarding/payment"
    page = anna.open("/onboarding/payment")
    assert "Your bank declined the card (insufficient funds). Nothing was charged." in page.text
    anna.send(page, "/onboarding/payment", {"token": "good"})
    anna.work()
    assert "Your website is live" in anna.open("/onboarding/progress").text


def test_while_the_outcome_is_unknown_no_page_offers_a_second_payment(anna: Customer, database: Database) -> None:
    assert "We are taking your payment" in anna.pay("silent").text
    database.move_clock(5)
    anna.work()
    for path in ("/onboarding/progress", "/onboarding/payment", "/onboarding/plan", "/onboarding", "/dashboard"):
        page = anna.open(path)
        assert "Please do not pay again" in page.text, path
        assert "Pay $" not in page.text, path
    assert anna.web.get("/onboarding/state").json()["step"] == "unknown"


def test_a_site_that_cannot_be_hosted_ends_with_the_money_back_and_a_page_that_says_so(anna: Customer) -> None:
    page = anna.pay(answers={**ANSWERS, 1: {"business_name": "Impossible", "kind": "shop"}})
    assert "Your money is back" in page.text
    assert "The whole amount has been returned to your card." in page.text
    assert "help@corner.example" in page.text


def test_pressing_pay_twice_leads_to_the_same_payment(anna: Customer) -> None:
    page = anna.choose_plan()
    for _ in range(2):
        anna.send(page, "/onboarding/payment", {"token": "good"})
        assert anna.path == "/onboarding/progress"
    anna.work()
    assert "Your website is live" in anna.open("/onboarding/progress").text


def test_while_the_website_is_built_the_page_may_be_closed_for_a_mail_will_come(anna: Customer) -> None:
    anna.send(anna.choose_plan(), "/onboarding/payment", {"token": "good"})
    with anna.inst.store.of(anna.owner) as rows:
        rows.all(Order)[0].state = "paid"
    assert "You may close this page: we write to you when your website is open." in anna.open("/onboarding").text


def test_paying_without_a_card_says_what_is_missing(anna: Customer) -> None:
    page = anna.send(anna.choose_plan(), "/onboarding/payment", {"token": ""})
    assert anna.status == 422
    assert "Enter your card details first." in page.text


def test_an_order_for_an_earlier_version_is_not_paid_for_another(anna: Customer) -> None:
    stale = anna.choose_plan()
    page = anna.open("/onboarding/preview")
    anna.send(page, "/onboarding/preview/rewrite", {"wish": "bolder"})
    anna.work()
    anna.send(anna.open("/onboarding/preview"), "/onboarding/preview/approve")
    anna.open("/onboarding/payment")
    assert anna.path == "/onboarding/plan"
    anna.send(stale, "/onboarding/payment", {"token": "good"})
    assert anna.path == "/onboarding/plan"


def test_after_the_payment_nothing_of_the_order_can_be_changed(anna: Customer) -> None:
    anna.pay()
    for path in ("/onboarding/questions/1", "/onboarding/preview", "/onboarding/plan", "/onboarding/payment"):
        anna.open(path)
        assert anna.path in {"/onboarding/progress", "/dashboard"}, path


def test_the_dashboard_shows_the_site_its_address_and_what_was_paid(anna: Customer) -> None:
    anna.pay()
    page = anna.open("/dashboard")
    assert "Live Sunrise Bakery" in page.text
    assert "$31.90" in page.text
    assert f"choose “Lost your password?” and give your e-mail address, {anna.email}" in page.text
    assert any(given.get("href", "").endswith(".localhost") for tag, given in page.tags if tag == "a")
    assert page.frames[0].startswith("http://preview.localhost:8080/p/")


def test_before_there_is_a_site_the_dashboard_says_what_is_next(anna: Customer) -> None:
    anna.sign_up()
    page = anna.open("/dashboard")
    assert "Tell us about your business" in page.text
    assert "Answer the questions" in page.text


def test_machines_can_ask_where_the_customer_stands(anna: Customer) -> None:
    assert anna.web.get("/onboarding/state").status_code == 401
    anna.pay()
    state = anna.web.get("/onboarding/state").json()
    assert state["step"] == "live"
    assert state["site_url"].startswith("http://")
    assert set(state) == {"step", "site_url", "order_id", "message", "domain"}
    assert state["domain"] is None


def test_a_provider_with_a_page_of_its_own_is_gone_to_and_come_back_from(open_house: object) -> None:
    anna = open_house(pays_on="page").customer()  # type: ignore[operator]
    page = anna.choose_plan()
    away = [given["href"] for tag, given in page.tags if given.get("href", "").startswith("https://pay.acme.example")]
    assert f"back={BASE}/onboarding/payment/return" in away[0]
    page = anna.open("/onboarding/payment/return?token=good")
    assert page.form("/onboarding/payment").buttons == ["Pay $31.90"]
    assert anna.web.get("/onboarding/state").json()["step"] == "payment"
    anna.send(page, "/onboarding/payment")
    anna.work()
    assert "Your website is live" in anna.open("/onboarding/progress").text


def test_test_mode_is_said_on_every_page_and_only_then(open_house: object) -> None:
    anna = open_house().customer()  # type: ignore[operator]
    anna.sign_up()
    for path in ("/", "/login", "/onboarding/questions/1", "/dashboard", "/nowhere"):
        assert "Test mode" in anna.open(path).text, path


def test_without_sandboxes_nothing_speaks_of_test_mode(open_house: object) -> None:
    anna = open_house(sandbox=False).customer()  # type: ignore[operator]
    assert "Test mode" not in anna.open("/").text


def test_each_reseller_has_its_own_name_and_colour(house: House) -> None:
    other = house.customer("other.localhost:8080")
    assert "The Other One" in other.open("/").text
    assert "Corner Street Hosting" in house.customer().open("/").text
    ours, theirs = house.customer().web.get("/brand.css").text, other.web.get("/brand.css").text
    assert "--brand:#833cef" in ours  # #8a3ffc, a little darker so that it can be read everywhere
    assert ours != theirs
