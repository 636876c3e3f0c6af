"""What a stranger, another customer, or a generated page can get out of the portal: nothing."""

from __future__ import annotations

import re

import pytest

from .conftest import Customer, House

PREVIEW = "http://preview.localhost:8080"


def paths_of(house: House, customer: Customer) -> list[str]:
    """Every address of the portal, with an id of this customer where an address has one."""
    fill = {
        "{number:int}": "1", "{preview_id:uuid}": str(min(customer.ids())), "{plugin}": "acme", "{file}": "field.js"
    }  # fmt: skip
    found = []
    for route in house.app.routes:
        path = getattr(route, "path", "")
        if not path or "/static/" in path or path == "/events":
            continue
        for name, value in fill.items():
            path = path.replace(name, value)
        found.append(path)
    return [*found, "/nowhere", "/static/nothing.css"]


def test_every_answer_carries_the_protecting_headers(house: House, anna: Customer) -> None:
    anna.see_preview()
    for path in [*paths_of(house, anna), *re.findall(r'(/static/[^"]+)"', anna.open("/").html)]:
        headers = anna.web.get(path, follow_redirects=False).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'self'" in policy, path
        for part in ("object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert part in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path


def test_no_page_has_an_inline_script_style_or_handler(house: House, anna: Customer) -> None:
    anna.choose_plan()
    for path in paths_of(house, anna):
        page = anna.open(path)
        for tag, given in page.tags:
            assert not {"style"} & set(given), (path, tag)
            assert not [name for name in given if name.startswith("on")], (path, tag)
            assert tag != "style", path
            assert tag != "script" or given["src"].startswith("/"), path


def test_only_the_payment_page_lets_the_payment_service_in(anna: Customer) -> None:
    anna.choose_plan()
    anna.open("/onboarding/payment")
    policy = anna.headers["content-security-policy"]
    assert "script-src 'self' https://js.acme.example;" in policy
    assert "frame-src https://frame.acme.example;" in policy
    assert "connect-src 'self' https://api.acme.example;" in policy
    anna.open("/onboarding/plan")
    assert "acme" not in anna.headers["content-security-policy"]


def test_the_providers_facts_reach_its_module_unbroken(anna: Customer) -> None:
    form = anna.choose_plan().form("/onboarding/payment")
    assert form.attributes["data-provider"] == "acme"
    assert form.attributes["data-facts"] == '{"greeting": "\\u003c/script\\u003e\\u0027\\""}'
    module = anna.web.get(form.attributes["data-module"])
    assert module.headers["content-type"].startswith("text/javascript")
    assert "export function mount" in module.text


@pytest.mark.parametrize("file", ["nothing.js", "..%2facme_of_the_tests.py", "%2e%2e/acme_of_the_tests.py"])
def test_a_provider_shows_its_browser_folder_and_nothing_else(anna: Customer, file: str) -> None:
    assert anna.web.get(f"/providers/acme/{file}").status_code == 404
    assert anna.web.get("/providers/nobody/field.js").status_code == 404


def test_over_https_cookies_are_bound_to_the_host_and_to_secure_connections(open_house: object) -> None:
    house = open_house(base="https://portal.example")  # type: ignore[operator]
    answer = house.web.get("/signup")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-visit=")
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_over_plain_http_on_this_machine_cookies_are_still_closed_to_scripts(anna: Customer) -> None:
    answer = anna.web.get("/signup")
    assert answer.headers["set-cookie"].startswith("visit=")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "strict-transport-security" not in answer.headers


def test_logging_out_ends_the_session_on_the_server(house: House, anna: Customer) -> None:
    anna.sign_up()
    stolen = anna.web.cookies["session"]
    anna.send(anna.open("/dashboard"), "/logout")
    assert "session" not in anna.web.cookies
    anna.web.cookies["session"] = stolen
    anna.open("/dashboard")
    assert anna.path == "/login"


def test_each_log_in_has_a_new_session(anna: Customer) -> None:
    anna.sign_up()
    first = anna.web.cookies["session"]
    anna.web.cookies.clear()
    anna.send(anna.open("/login"), "/login", {"email": anna.email, "password": anna.password})
    assert anna.web.cookies["session"] != first


def test_logging_in_leads_back_to_where_somebody_wanted_to_go_but_never_away_from_here(anna: Customer) -> None:
    anna.sign_up()
    anna.web.cookies.clear()
    page = anna.open("/dashboard")
    assert anna.path == "/login"
    assert page.form("/login").values["next"] == "/dashboard"
    for goal in ("https://evil.example", "//evil.example", "/\\evil.example", "/onboarding/../../x"):
        assert anna.open(f"/login?next={goal}").form("/login").values["next"] == "/onboarding"


def test_a_customer_of_one_reseller_is_a_stranger_at_another(house: House, anna: Customer) -> None:
    anna.sign_up()
    other = house.customer("other.localhost:8080")
    other.web.cookies["session"] = anna.web.cookies["session"]
    other.open("/dashboard")
    assert other.path == "/login"


def test_no_id_of_one_account_opens_anything_of_another(house: House, anna: Customer, bert: Customer) -> None:
    anna.choose_plan()
    bert.choose_plan()
    theirs = anna.ids()
    assert len(theirs) == 2
    for strange in map(str, theirs):
        bert.open(f"/onboarding/preview/{strange}")
        assert bert.status == 404
        values = {"form_token": bert.open("/onboarding/preview").form("/logout").values["form_token"]}
        for action in ("approve", "rewrite"):
            ids = {"preview_id": strange, "page": "", "section": "welcome", "wish": "mine"}
            bert.post(f"/onboarding/preview/{action}", values | ids)
            assert bert.status == 404
        bert.post("/onboarding/payment", values | {"order_id": strange, "token": "good"})
        assert bert.web.get("/onboarding/state").json()["step"] == "payment"
    assert anna.web.get("/onboarding/state").json()["step"] == "payment"


def test_an_id_that_is_none_is_told_like_one_that_is_somebody_elses(anna: Customer) -> None:
    anna.see_preview()
    token = anna.open("/onboarding/preview").form("/logout").values["form_token"]
    anna.post("/onboarding/preview/approve", {"form_token": token, "preview_id": "no-id"})
    assert anna.status == 404
    anna.open("/onboarding/preview/not-an-id")
    assert anna.status == 404


def test_generated_pages_are_locked_in_even_when_opened_by_themselves(house: House, anna: Customer) -> None:
    address = anna.see_preview().frames[0]
    answer = house.customer("preview.localhost:8080").web.get(address)
    assert answer.status_code == 200
    assert "Sunrise Bakery" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "frame-ancestors http://localhost:8080 http://other.localhost:8080" in policy
    assert "set-cookie" not in answer.headers
    for link in re.findall(r'href="(/p/[^"]+)"', answer.text):
        assert house.web.get(f"{PREVIEW}{link}").status_code == 200


def test_the_preview_host_shows_nothing_of_the_portal_and_the_portal_no_generated_page(
    house: House, anna: Customer
) -> None:
    address = anna.see_preview().frames[0]
    for path in ("/", "/dashboard", "/login", "/onboarding", "/events", "/p/", "/p/unknown/", "/p/example/unknown"):
        answer = anna.web.get(f"{PREVIEW}{path}")
        assert answer.status_code == 404, path
        assert "set-cookie" not in answer.headers
    assert anna.web.get(address.replace("preview.", "")).status_code == 404


def test_the_example_on_the_first_page_is_a_real_generated_site(house: House) -> None:
    page = house.customer().open("/")
    shown = house.web.get(page.frames[0])
    assert shown.status_code == 200
    assert "Hearth &amp; Crumb" in shown.text


def test_style_sheets_may_be_kept_for_a_year_and_come_compressed(anna: Customer) -> None:
    page = anna.open("/")
    sheets = [given["href"] for tag, given in page.tags if given.get("rel") == "stylesheet"]
    for sheet in [each for each in sheets if each.startswith("/static/")]:
        answer = anna.web.get(sheet, headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert "max-age=31536000" in answer.headers["cache-control"]
        assert anna.web.get(sheet, headers={"accept-encoding": "identity"}).text == answer.text
