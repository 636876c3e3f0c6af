"""What a correct file means."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pydantic import ValidationError

from arumaldo.config import parse_file
from arumaldo.errors import ConfigError
from arumaldo.money import Money

from .conftest import GOOD, HOSTING, SECRET, Install, Mistakes, Parse, changed

pytestmark = pytest.mark.usefixtures("plugins")

REAL_HOSTING = """\
[plugins.homestead]
sandbox = false
api_token = "env:TOKEN"
account = "acme"
"""
TWICE = 'sandbox = true\nreal_hosting_with_sandbox_payments = "yes, really"'


def test_a_short_file_has_sensible_defaults(read: Parse) -> None:
    hub = read(GOOD).hub
    assert hub.base_url == "http://localhost:8080"
    assert hub.preview_host == "preview.localhost:8080"
    assert hub.sandbox_url == "http://localhost:8090"
    assert hub.database.get_secret_value() == hub.redis.get_secret_value() == "embedded"


def test_the_preview_lives_beside_the_portal(read: Parse) -> None:
    assert read(changed("[hub]", '[hub]\nbase_url = "https://Hub.Example/"')).hub.preview_host == "preview.hub.example"


def test_a_demo_or_a_container_says_by_variables_where_its_servers_are(read: Parse) -> None:
    text = changed('"env:HUB_SECRET"', '"file:not/made/yet"')
    hub = read(
        text,
        ARUMALDO_BASE_URL="http://localhost:9000",
        ARUMALDO_DATABASE="postgresql://app:p@127.0.0.1:5555/hub",
        ARUMALDO_SECRET=SECRET,
        ARUMALDO_REDIS="",
    ).hub
    assert (hub.base_url, hub.preview_host) == ("http://localhost:9000", "preview.localhost:9000")
    assert hub.database.get_secret_value() == "postgresql://app:p@127.0.0.1:5555/hub"
    assert hub.secret.get_secret_value() == SECRET
    assert hub.redis.get_secret_value() == "embedded"


def test_secrets_come_from_the_environment_and_from_files(read: Parse, tmp_path: Path) -> None:
    (tmp_path / "old").write_text(f"{SECRET}-old\n")
    hub = read(changed("[hub]", '[hub]\nprevious_secrets = ["file:old"]')).hub
    assert hub.secret.get_secret_value() == SECRET
    assert [secret.get_secret_value() for secret in hub.previous_secrets] == [f"{SECRET}-old"]


def test_nothing_secret_is_shown_when_a_config_is_printed(read: Parse) -> None:
    text = changed('"env:HUB_SECRET"', f'"{SECRET}"') + REAL_HOSTING.replace("env:TOKEN", "tok-literal")
    text = changed("[plugins.homestead]\n[", "[", changed("sandbox = true", TWICE, text))
    config = read(changed("[hub]", '[hub]\ndatabase = "postgresql://app:hush@db.example/hub"', text))
    for secret in (SECRET, "tok-literal", "hush"):
        assert secret not in repr(config)


def test_the_text_and_its_digest_are_kept_for_the_numbered_version(read: Parse) -> None:
    config = read(GOOD)
    assert config.text == GOOD
    assert config.digest == hashlib.sha256(GOOD.encode()).hexdigest()


def test_a_config_cannot_be_changed(read: Parse) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read(GOOD).hub.sandbox = False  # type: ignore[misc]


def test_a_file_saved_on_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hubconfig.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert parse_file(path, environ={"HUB_SECRET": SECRET}).hub.sandbox


def test_the_first_provider_is_primary_and_the_others_stand_by(read: Parse, install: Install) -> None:
    install("castle", HOSTING)
    text = changed("[plugins.till]", "[plugins.till]\n[plugins.castle]")
    main = read(changed('"homestead"', '["castle", "homestead"]', text)).for_reseller("main")
    assert main.providers["hosting"] == ("castle", "homestead")


def test_plans_keep_the_order_of_the_file_and_their_price_to_the_cent(read: Parse) -> None:
    text = (
        GOOD + '\n[plans.basic]\ntitle = "Basic"\nprice = "8.90"\ncurrency = "EUR"\nevery = "year"\npoints = ["One"]\n'
    )
    plans = read(text).for_reseller("main").plans
    assert list(plans) == ["starter", "basic"]
    assert plans["starter"].price == Money(minor=1900, currency="USD")
    assert plans["basic"].price == Money(minor=890, currency="EUR")
    assert (plans["basic"].every, plans["basic"].points) == ("year", ["One"])


def test_every_plugin_with_a_table_is_loaded_and_no_other(read: Parse, install: Install) -> None:
    install("listener", "raise RuntimeError('nobody asked for me')")
    assert set(read(GOOD).for_reseller("main").plugins) == {"quill", "books", "office", "homestead", "till"}


class TestSandbox:
    def test_a_sandboxed_plugin_is_sent_to_its_own_sandbox(self, read: Parse) -> None:
        choice = read(GOOD).for_reseller("main").plugins["homestead"]
        assert choice.sandbox
        assert choice.settings.model_dump()["base_url"] == "http://localhost:8090/homestead"

    def test_a_real_credential_never_travels_to_a_sandbox(self, read: Parse) -> None:
        table = '[plugins.homestead]\napi_token = "tok-real"\naccount = "acme"\nbase_url = "https://real.example"\n'
        table += 'webhook_key = "env:NOT_EVEN_LOOKED_UP"\n'
        settings = read(changed("[plugins.homestead]\n", table)).for_reseller("main").plugins["homestead"].settings
        assert "tok-real" not in repr(settings.model_dump())
        assert settings.model_dump()["webhook_key"] is None
        assert settings.model_dump()["account"] == "sandbox"
        assert settings.model_dump()["base_url"] == "http://localhost:8090/homestead"
        assert settings.model_dump()["api_token"].get_secret_value() == "tok-sandbox"

    def test_the_other_keys_count_in_a_sandbox_too(self, read: Parse) -> None:
        text = changed("[plugins.homestead]", '[plugins.homestead]\nregion = "west"\nsize = 3')
        settings = read(text).for_reseller("main").plugins["homestead"].settings.model_dump()
        assert (settings["region"], settings["size"]) == ("west", 3)

    def test_references_may_stand_there_before_there_is_an_account(self, read: Parse) -> None:
        text = changed("[plugins.homestead]", '[plugins.homestead]\napi_token = "env:NOT_YET"\naccount = "env:NOT_YET"')
        assert read(text).for_reseller("main").plugins["homestead"].sandbox

    def test_one_plugin_may_be_real_while_the_others_are_not(self, read: Parse) -> None:
        text = changed("[plugins.till]", '[plugins.till]\nsandbox = false\nlogin = "us"\nkey = "env:KEY"')
        plugins = read(text, KEY="k").for_reseller("main").plugins
        assert not plugins["till"].sandbox
        assert plugins["till"].settings.model_dump()["login"] == "us"
        assert plugins["homestead"].sandbox

    def test_one_plugin_may_be_a_sandbox_while_the_others_are_real(self, read: Parse) -> None:
        text = changed("sandbox = true", "sandbox = false").replace(
            "[plugins.homestead]", "[plugins.homestead]\nsandbox=true"
        )
        text = changed("[plugins.till]", '[plugins.till]\nlogin = "us"\nkey = "k"', text)
        plugins = read(text).for_reseller("main").plugins
        assert {name for name, choice in plugins.items() if choice.sandbox} == {"homestead"}

    def test_a_plugin_without_vendor_and_credentials_needs_no_sandbox(self, read: Parse) -> None:
        assert not read(GOOD).for_reseller("main").plugins["books"].sandbox

    def test_a_plugin_with_credentials_and_no_sandbox_is_refused_in_sandbox_mode(
        self, mistakes: Mistakes, install: Install
    ) -> None:
        install("castle", HOSTING.replace(', sandbox="MODULE:Sandbox"', ""))
        (sentence,) = mistakes(changed("[plugins.till]", "[plugins.till]\n[plugins.castle]"))
        assert "[plugins.castle]: the plugin castle brings no sandbox; write sandbox = false here" in sentence

    def test_real_sites_are_not_given_away_for_play_money(self, mistakes: Mistakes) -> None:
        text = changed("[plugins.homestead]\n", REAL_HOSTING)
        (sentence,) = mistakes(text, TOKEN="tok-1")
        assert ":15: [providers] hosting names homestead, which makes real sites, while payments by till" in sentence
        assert 'real_hosting_with_sandbox_payments = "yes, really" in [hub]' in sentence

    def test_real_sites_are_given_away_when_that_is_said_twice(self, read: Parse) -> None:
        text = changed("sandbox = true", TWICE, changed("[plugins.homestead]\n", REAL_HOSTING))
        assert not read(text, TOKEN="tok-1").for_reseller("main").plugins["homestead"].sandbox


class TestResellers:
    SHOP = '\n[resellers.bakers]\nhostnames = ["bakers.example", "www.bakers.example"]\n'
    HOST = 'hostnames = ["b.example"]\n'

    def test_a_reseller_inherits_what_it_does_not_say(self, read: Parse) -> None:
        config = read(GOOD + self.SHOP)
        main, shop = config.for_reseller("main"), config.for_reseller("bakers")
        assert (shop.brand, shop.providers, shop.plans) == (main.brand, main.providers, main.plans)
        assert set(shop.plugins) == set(main.plugins)

    def test_a_reseller_has_its_own_name_and_keeps_the_rest_of_the_brand(self, read: Parse) -> None:
        brand = read(GOOD + self.SHOP + '[resellers.bakers.brand]\nname = "Bakers"\n').for_reseller("bakers").brand
        assert (brand.name, brand.support_email) == ("Bakers", "help@acme.example")

    def test_a_reseller_has_its_own_account_at_a_vendor(self, read: Parse) -> None:
        own = '[resellers.bakers.plugins.till]\nsandbox = false\nlogin = "bakers"\nkey = "k"\n'
        config = read(GOOD + self.SHOP + own)
        assert config.for_reseller("bakers").plugins["till"].settings.model_dump()["login"] == "bakers"
        assert config.for_reseller("main").plugins["till"].sandbox

    def test_a_reseller_chooses_its_own_provider(self, read: Parse, install: Install) -> None:
        install("castle", HOSTING)
        own = '[resellers.bakers.providers]\nhosting = "castle"\n[resellers.bakers.plugins.castle]\n'
        config = read(GOOD + self.SHOP + own)
        assert config.for_reseller("bakers").providers["hosting"] == ("castle",)
        assert config.for_reseller("main").providers["hosting"] == ("homestead",)
        assert "castle" not in config.for_reseller("main").plugins

    def test_a_reseller_with_plans_offers_these_and_no_others(self, read: Parse) -> None:
        own = '[resellers.bakers.plans.bread]\ntitle = "Bread"\nprice = "9.00"\n'
        config = read(GOOD + self.SHOP + own)
        assert list(config.for_reseller("bakers").plans) == ["bread"]
        assert list(config.for_reseller("main").plans) == ["starter"]

    @pytest.mark.parametrize("host", ["bakers.example", "WWW.Bakers.Example:8080", "bakers.example."])
    def test_a_host_name_leads_to_its_reseller(self, read: Parse, host: str) -> None:
        assert read(GOOD + self.SHOP).reseller_for_host(host) == "bakers"

    @pytest.mark.parametrize(
        "host", ["localhost:8080", "elsewhere.example", "bakers.example.evil.example", "", "[::1]"]
    )
    def test_any_other_host_name_leads_to_the_installation_itself(self, read: Parse, host: str) -> None:
        assert read(GOOD + self.SHOP).reseller_for_host(host) == "main"

    def test_a_reseller_that_is_not_there_is_told(self, read: Parse) -> None:
        with pytest.raises(ConfigError, match=r"there is no \[resellers.butchers\]; there are main, bakers"):
            read(GOOD + self.SHOP).for_reseller("butchers")

    @pytest.mark.parametrize(
        ("text", "shown", "says"),
        [
            ("", "[resellers.b]", "[resellers.b] hostnames must be a list of host names, like hostnames ="),
            ('hostnames = "b.example"', "hostnames", "[resellers.b] hostnames must be a list of host names"),
            ('hostnames = ["https://b.example"]', "hostnames", "hostnames item 1 must be a host name in lower case"),
            (
                'hostnames = ["localhost"]',
                "hostnames",
                "hostnames item 1 is localhost, which [hub] base_url has already",
            ),
            (
                'hostnames = ["b.example",\n"bakers.example"]',
                '"bakers.example"',
                "[resellers.b] hostnames item 2 is bakers.example, which [resellers.bakers] has already",
            ),
            (f"{HOST}color = 1", "color", "[resellers.b] color is not known; known here: hostnames, brand"),
            (f"{HOST}brand = 1", "brand", "[resellers.b] brand must be a table"),
            (f'{HOST}plans.starter.title = "x"', "plans", "[resellers.b.plans.starter] price is missing; add a line"),
            (f'{HOST}[resellers.b.brand]\naccent = "x"', "accent", "[resellers.b.brand] accent must be a colour"),
            (
                f'{HOST}[resellers.b.plugins.homestead]\nregoin = "x"',
                "regoin",
                "[resellers.b.plugins.homestead] regoin is not known; did you mean region?",
            ),
            (
                f"{HOST}[resellers.b.plugins.till]\nsandbox = false",
                "[resellers.b.plugins.till]",
                "[resellers.b.plugins.till]: login and key are missing; set login and key",
            ),
            (f'{HOST}[resellers.b.providers]\nai = "quil"', "ai", "[resellers.b.providers] ai names quil"),
        ],
    )
    def test_a_mistake_of_a_reseller_is_told_in_its_own_table(
        self, mistakes: Mistakes, text: str, shown: str, says: str
    ) -> None:
        whole = f"{GOOD}{self.SHOP}[resellers.b]\n{text}"
        (sentence,) = mistakes(whole)
        assert says in sentence
        assert whole.splitlines()[int(sentence.split(":")[1]) - 1].startswith(shown)

    @pytest.mark.parametrize(
        ("slug", "says"),
        [
            ("main", "[resellers.main] is the installation itself; write its keys at the top of the file"),
            ("B_1", "[resellers.B_1] must be named in lower-case letters"),
        ],
    )
    def test_a_reseller_needs_a_name_of_its_own(self, mistakes: Mistakes, slug: str, says: str) -> None:
        (sentence,) = mistakes(f'{GOOD}\n[resellers.{slug}]\nhostnames = ["b.example"]')
        assert says in sentence

    def test_an_inherited_mistake_is_told_once(self, mistakes: Mistakes) -> None:
        text = changed('name = "Acme Sites"\n', "", GOOD).replace('"help@acme.example"', '"x"')
        shop = self.SHOP + 'brand.tagline = "Fresh"\n'
        assert len(mistakes(text + shop + shop.replace("bakers", "butchers"))) == 2
