"""The keys of `[plugins.zoho]`."""

from __future__ import annotations

from typing import Any

import pytest
from arumaldo_zoho.settings import Settings, data_centre_of
from pydantic import ValidationError

KEYS: dict[str, Any] = {
    "client_id": "1000.ME",
    "client_secret": "hush-hush",
    "refresh_token": "hush-refresh",
    "organization_id": "10234695",
}


@pytest.mark.parametrize(
    ("data_centre", "accounts", "api"),
    [
        ("us", "https://accounts.zoho.com", "https://www.zohoapis.com"),
        ("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
        ("in", "https://accounts.zoho.in", "https://www.zohoapis.in"),
        ("au", "https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
        ("jp", "https://accounts.zoho.jp", "https://www.zohoapis.jp"),
        ("ca", "https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
        ("sa", "https://accounts.zoho.sa", "https://www.zohoapis.sa"),
        ("cn", "https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
    ],
)
def test_a_data_centre_has_its_own_hosts(data_centre: str, accounts: str, api: str) -> None:
    settings = Settings(**KEYS, data_centre=data_centre)
    assert (settings.accounts, settings.api) == (accounts, api)
    assert data_centre_of(api) == data_centre


def test_without_a_data_centre_it_is_the_one_in_the_united_states() -> None:
    assert Settings(**KEYS).data_centre == "us"


@pytest.mark.parametrize("address", ["", "http://localhost:9000/zoho", "https://www.zohoapis.com.evil.example"])
def test_an_address_that_is_no_data_centres_is_none(address: str) -> None:
    assert data_centre_of(address) is None


def test_a_sandbox_needs_nothing_but_its_address() -> None:
    settings = Settings.at_sandbox("http://localhost:9000/zoho")
    assert (settings.accounts, settings.api) == ("http://localhost:9000/zoho/accounts", "http://localhost:9000/zoho")


def test_a_slash_at_the_end_of_an_address_does_not_matter() -> None:
    settings = Settings(**KEYS, accounts_url="https://accounts.example/", api_url="https://api.example/")
    assert (settings.accounts, settings.api) == ("https://accounts.example", "https://api.example")


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(Settings(**KEYS)) + str(Settings(**KEYS).model_dump())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data_centre", "uk"),
        ("client_id", ""),
        ("client_secret", ""),
        ("refresh_token", ""),
        ("organization_id", "my-organisation"),
        ("api_url", "www.zohoapis.com"),
        ("colour", "blue"),
    ],
)
def test_a_key_that_cannot_be_right_is_named(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=key):
        Settings(**{**KEYS, key: value})


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        Settings(**{name: value for name, value in KEYS.items() if name != key})


def test_two_rates_for_one_place_are_a_mistake() -> None:
    rate = {"country": "US", "postal_prefix": "787", "rate": "8.25", "label": "Sales tax"}
    with pytest.raises(ValidationError, match="two rates for postal codes 787"):
        Settings(**KEYS, taxes=[rate, {**rate, "rate": "8"}])
