"""What people type as their domain, and what of it is one."""

from __future__ import annotations

import pytest

from arumaldo.flows.domains import clean_domain
from arumaldo.flows.letters import readable
from arumaldo.flows.typed import Invalid

LONGEST = "a" * 63


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("sunrise-bakery.com", "sunrise-bakery.com"),
        ("Sunrise-Bakery.COM", "sunrise-bakery.com"),
        ("www.sunrise.example", "sunrise.example"),
        ("  sunrise.example\t", "sunrise.example"),
        ("sunrise.example.", "sunrise.example"),
        ("WWW.Sunrise.Example.", "sunrise.example"),
        ("http://sunrise.example", "sunrise.example"),
        ("HTTPS://www.sunrise.example/", "sunrise.example"),
        ("https://sunrise.example/menu?day=1", "sunrise.example"),
        ("bäckerei.example", "xn--bckerei-5wa.example"),
        ("BÄCKEREI.example", "xn--bckerei-5wa.example"),
        ("xn--bckerei-5wa.example", "xn--bckerei-5wa.example"),
        ("مخبز.example", "xn--ngbln7e.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("shop.sunrise.co.uk", "shop.sunrise.co.uk"),
        ("1.example", "1.example"),
        ("wwwsunrise.example", "wwwsunrise.example"),
        (f"{LONGEST}.example", f"{LONGEST}.example"),
    ],
)
def test_a_domain_is_understood_however_people_write_it(typed: str, kept: str) -> None:
    assert clean_domain(typed) == kept
    assert clean_domain(kept) == kept, "what is kept is a domain, too"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        ".",
        "com",
        "bakery",
        "www.",
        "http://",
        "bakery..example",
        ".bakery.example",
        "-bakery.example",
        "bakery-.example",
        "my bakery.example",
        "my_bakery.example",
        "anna@bakery.example",
        "bakery.example:8080",
        "bakery.exam\x00ple",
        "bakery.example\nevil.example",
        "*.bakery.example",
        "192.0.2.1",
        "http://192.0.2.1/",
        "2001:db8::1",
        "[2001:db8::1]",
        f"{LONGEST}a.example",
        ".".join([LONGEST] * 4) + ".example",
        "x" * 100_000,
    ],
)
def test_what_is_no_domain_is_refused_with_an_example_of_one(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_domain(typed)
    assert refused.value.problems == {
        "domain": "This is not a domain. Write the domain alone, like sunrise-bakery.com."
    }


@pytest.mark.parametrize(
    "typed", ["bakery.localhost", "printer.local", "a.internal", "a.invalid", "a.onion", "1.0.0.127.in-addr.arpa"]
)
def test_a_name_that_nobody_can_reach_from_outside_is_refused_with_the_reason(typed: str) -> None:
    with pytest.raises(Invalid, match="not on the internet") as refused:
        clean_domain(typed)
    assert set(refused.value.problems) == {"domain"}


def test_a_domain_in_another_script_is_shown_as_its_owner_writes_it() -> None:
    for name in ("bäckerei.example", "straße.example", "βόλος.example", "日本語.jp", "sunrise.example"):
        assert readable(clean_domain(name)) == name


def test_a_name_that_only_looks_like_another_script_is_shown_as_it_is() -> None:
    assert readable("xn--zzzzzzzzzz--.example") == "xn--zzzzzzzzzz--.example"
