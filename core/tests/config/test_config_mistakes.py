"""Every mistake is a sentence that says where it is, what it is, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from arumaldo.config import parse_file
from arumaldo.errors import ConfigError

from .conftest import GOOD, HOSTING, SECRET, Install, Mistakes, Parse, changed

pytestmark = pytest.mark.usefixtures("plugins")


def line_of(text: str, key: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(key))


def test_a_good_file_is_read(read: Parse) -> None:
    assert read(GOOD).resellers["main"].providers["hosting"] == ("homestead",)


def test_five_mistakes_are_all_named_with_their_lines(mistakes: Mistakes) -> None:
    text = """\
[hub]
secret = "env:HUB_SECRET"
sandbx = true

[brand]
name = "Acme Sites"
support_email = "help@acme.example"
accent = "bluish"

[providers]
ai = "quill"
billing = "books"
customers = "office"
dns = "office"
email = "office"
hosting = "homstead"
payments = "till"

[plugins.quill]
[plugins.books]
[plugins.office]
[plugins.till]
sandbox = true
[plugins.homestead]
sandbox = true
regoin = "west"

[plans.starter]
title = "Starter"
price = 19.00
"""
    assert mistakes(text) == [
        "hubconfig.toml:3: [hub] sandbx is not known; did you mean sandbox?",
        'hubconfig.toml:8: [brand] accent must be a colour of six hexadecimal digits like "#1f6feb"',
        "hubconfig.toml:16: [providers] hosting names homstead, which is not enabled by a table [plugins.homstead]; "
        "did you mean homestead?",
        "hubconfig.toml:26: [plugins.homestead] regoin is not known; did you mean region?",
        'hubconfig.toml:30: [plans.starter] price must be in quotes, as in price = "19.0"; '
        "a bare number is not exact to the cent",
    ]


# What is changed, what becomes of it, the line that is named, and the sentence about it.
HUB = "sandbox = true"
WRONG = [
    ("[providers]", "[provider]", "[provider]", "[provider] is not known; did you mean [providers]?"),
    ("[hub]", "colour = 1\n[hub]", "colour", "colour is not known; known here: [hub], [brand]"),
    (HUB, 'sandbox = "true"', "sandbox", "[hub] sandbox must be true or false, without quotes"),
    (HUB, 'threads = "8"', "threads", "[hub] threads must be a whole number, without quotes"),
    (HUB, "threads = 1", "threads", "[hub] threads must be greater than or equal to 2"),
    (HUB, 'base_url = "hub.example"', "base_url", "[hub] base_url must be an address like"),
    (HUB, 'base_url = "https://hub.example/shop"', "base_url", "[hub] base_url must be an address like"),
    (HUB, 'database = "mysql://db/hub"', "database", '[hub] database must be "embedded" or an address like'),
    (HUB, 'redis = "db:6379"', "redis", '[hub] redis must be "embedded" or an address like'),
    (HUB, 'trusted_proxies = ["::1",\n"proxy"]', '"proxy"', "[hub] trusted_proxies item 2 must be an IP address or"),
    (HUB, 'previous_secrets = "env:OLD"', "previous", "[hub] previous_secrets refers to env:OLD, but no such variable"),
    (HUB, 'preview_host = "localhost:9999"', "preview_host", "[hub] preview_host must be another host than base_url's"),
    (HUB, 'preview_host = "http://x"', "preview_host", '[hub] preview_host must be a host name like "preview.example'),
    (
        HUB,
        'real_hosting_with_sandbox_payments = "yes"',
        "real_hosting",
        "[hub] real_hosting_with_sandbox_payments must be 'no' or 'yes, really'",
    ),
    ('secret = "env:HUB_SECRET"\n', "", "[hub]", '[hub] secret is missing; add a line like secret = "env:HUB_SECRET"'),
    ('name = "Acme Sites"\n', "", "[brand]", '[brand] name is missing; add a line like name = "Acme Sites"'),
    ('name = "Acme Sites"', "name = 5", "name = 5", "[brand] name must be text in quotes"),
    ('"help@acme.example"', '"acme.example"', "support_email", '[brand] support_email must be a mail address like "he'),
    ('ai = "quill"\n', "", "[providers]", '[providers] ai is missing; write ai = "quill"'),
    ('"quill"', "[]", "ai", '[providers] ai must be the name of a plugin or a list of names; write ai = "quill"'),
    ('"quill"', "7", "ai", '[providers] ai must be the name of a plugin or a list of names; write ai = "quill"'),
    ('"quill"', '["quill",\n"quill"]', '"quill"]', "[providers] ai item 2 names quill twice; once is enough"),
    ('"quill"', '"till"', "ai", '[providers] ai names till, which serves payments only; write ai = "quill"'),
    (
        '"quill"',
        '"zzz"',
        "ai",
        "[providers] ai names zzz, which is not enabled by a table [plugins.zzz]; add that table",
    ),
    ("ai =", 'hostings = "x"\nai =', "hostings", "[providers] hostings is not known; did you mean hosting?"),
    ("ai =", 'events = "x"\nai =', "events", "[providers] events is not chosen: every enabled plugin may listen"),
    ("[plugins.till]", "[plugins.till]\nsandbox = 1", "sandbox = 1", "[plugins.till] sandbox must be true or false"),
    ("[plugins.homestead]", "[plugins.homestead]\nsize = 0", "size", "[plugins.homestead] size must be greater than"),
    (
        "[plugins.homestead]",
        "[plugins.homestead]\nsize = 'a'",
        "size",
        "[plugins.homestead] size must be a whole number",
    ),
    (
        "[plugins.homestead]",
        "[plugins.homestead]\nlabels = [\n'a',\n2]",
        "2]",
        "[plugins.homestead] labels item 2 must be text in quotes",
    ),
    ("[plugins.books]", "[plugins.books]\nrate = 1", "rate", "[plugins.books] rate is not known; known here: sandbox"),
    ("[plugins.quill]", "[plugins]\nquill = 3", "quill = 3", "[plugins] quill must be a table"),
    ('"19.00"', "19", "price", '[plans.starter] price must be in quotes, as in price = "19"'),
    ('"19.00"', '"19,00"', "price", '[plans.starter] price must be an amount like "29.00"'),
    ('"19.00"', '"-19.00"', "price", '[plans.starter] price must be an amount like "29.00"'),
    ('"19.00"', '"19.005"', "price", "[plans.starter] price must be whole in the smallest unit: 19.005 USD is finer"),
    ('"19.00"', '"0.00"', "price", "[plans.starter] price must be more than zero"),
    (
        'title = "Starter"',
        'currency = "usd"',
        "currency",
        "[plans.starter] currency must be the code of a currency like",
    ),
    ('title = "Starter"', 'currency = "EURO"', "currency", "did you mean EUR?"),
    ('title = "Starter"', 'every = "week"', "every", "[plans.starter] every must be 'month' or 'year'"),
    ('title = "Starter"', "", "[plans.starter]", "[plans.starter] title is missing; add a line like"),
    ('title = "Starter"', 'titel = "x"', "titel", "[plans.starter] titel is not known; did you mean title?"),
    ("[plans.starter]", "[plans.Starter]", "[plans.Starter]", "[plans.Starter] must be named in lower-case letters"),
]


@pytest.mark.parametrize(("old", "new", "shown", "says"), WRONG, ids=[says[:50] for *_, says in WRONG])
def test_a_mistake_is_told_with_its_line_and_its_remedy(
    mistakes: Mistakes, old: str, new: str, shown: str, says: str
) -> None:
    text = changed(old, new)
    sentences = [sentence for sentence in mistakes(text) if says in sentence]
    assert len(sentences) == 1
    line = int(sentences[0].split(":")[1])
    assert text.splitlines()[line - 1].startswith(shown)


@pytest.mark.parametrize("table", ["hub", "brand", "providers", "plugins", "plans"])
def test_a_table_that_is_not_there_at_all_is_asked_for(mistakes: Mistakes, table: str) -> None:
    kept = [part for part in GOOD.split("\n\n") if not part.startswith((f"[{table}]", f"[{table}."))]
    asked = "providers" if table == "plugins" else table
    assert any(f"[{asked}]" in sentence for sentence in mistakes("\n\n".join(kept)))


def test_an_empty_file_is_told_everything_it_needs(mistakes: Mistakes) -> None:
    found = "\n".join(mistakes(""))
    for needed in ("[hub] secret", "[brand] name", "[providers] hosting", "[plans]"):
        assert f"hubconfig.toml: {needed}" in found


def test_a_value_where_a_table_belongs_is_told(mistakes: Mistakes) -> None:
    assert "hubconfig.toml:1: plugins must be a table" in mistakes("plugins = 3\n[hub]")


def test_text_that_is_not_toml_is_told_with_its_line(mistakes: Mistakes) -> None:
    (sentence,) = mistakes(changed('name = "Acme Sites"', "name = Acme Sites"))
    assert sentence.startswith("hubconfig.toml:6: this is not TOML: invalid value; correct this line")


def test_a_key_that_is_written_twice_is_told_with_its_line(mistakes: Mistakes) -> None:
    (sentence,) = mistakes(changed("sandbox = true", "sandbox = true\nsandbox = false"))
    assert sentence.startswith("hubconfig.toml:4: this is not TOML: cannot overwrite a value")


def test_a_text_that_breaks_off_is_told_at_its_last_line(mistakes: Mistakes) -> None:
    (sentence,) = mistakes(GOOD + 'points = ["one",')
    assert sentence.startswith(f"hubconfig.toml:{len(GOOD.splitlines()) + 1}: this is not TOML")


def test_missing_credentials_are_named_together_with_the_way_out(mistakes: Mistakes) -> None:
    text = changed("[plugins.homestead]", "[plugins.homestead]\nsandbox = false")
    assert mistakes(text) == [
        f"hubconfig.toml:{line_of(text, '[plugins.homestead]')}: [plugins.homestead]: "
        "api_token and account are missing; "
        'set api_token and account, for example api_token = "env:HOMESTEAD_API_TOKEN", or write sandbox = true'
    ]


def test_an_unset_variable_is_named(mistakes: Mistakes) -> None:
    text = changed("[plugins.till]", '[plugins.till]\nsandbox = false\nlogin = "us"\nkey = "env:TILL_KEY"')
    assert mistakes(text) == [
        f"hubconfig.toml:{line_of(text, 'key')}: [plugins.till] key refers to env:TILL_KEY, but no such variable is "
        "set; set TILL_KEY for every process of the hub"
    ]


def test_an_empty_variable_is_as_good_as_none(mistakes: Mistakes) -> None:
    text = changed("[plugins.till]", '[plugins.till]\nsandbox = false\nlogin = "us"\nkey = "env:TILL_KEY"')
    (sentence,) = mistakes(text, TILL_KEY=" ")
    assert "[plugins.till] key refers to env:TILL_KEY, which is empty; put the value there" in sentence


def test_an_empty_secret_is_refused(mistakes: Mistakes) -> None:
    text = changed("[plugins.till]", '[plugins.till]\nsandbox = false\nlogin = "us"\nkey = ""')
    (sentence,) = mistakes(text)
    assert f":{line_of(text, 'key')}: [plugins.till] key is empty; write env:NAME or file:PATH" in sentence


def test_a_secret_file_that_is_not_there_is_named_with_its_place(mistakes: Mistakes, tmp_path: Path) -> None:
    (sentence,) = mistakes(changed('"env:HUB_SECRET"', '"file:keys/hub"'))
    assert sentence == (
        "hubconfig.toml:2: [hub] secret refers to file:keys/hub, which cannot be read (no such file or directory); "
        f"put the value alone into {tmp_path / 'keys/hub'}, readable by the hub's user"
    )


def test_a_short_secret_is_refused_with_a_way_to_make_a_long_one(mistakes: Mistakes) -> None:
    (sentence,) = mistakes(GOOD, HUB_SECRET="short-and-sweet")
    assert "[hub] secret must be at least 32 characters" in sentence
    assert "token_urlsafe" in sentence
    assert "short-and-sweet" not in sentence


def test_a_refused_secret_is_not_repeated_even_by_a_plugin_that_does(mistakes: Mistakes) -> None:
    text = changed(
        "[plugins.homestead]", '[plugins.homestead]\nsandbox = false\naccount = "a"\napi_token = "env:TOKEN"'
    )
    (sentence,) = mistakes(text, TOKEN="hunter2-hunter2")
    assert "[plugins.homestead] api_token is not accepted: … does not begin with tok-" in sentence


def test_a_secret_in_a_file_for_everybody_is_refused(mistakes: Mistakes) -> None:
    text = changed("[plugins.till]", '[plugins.till]\nlogin = "us"\nkey = "tooth-brush"')
    text = changed(
        HUB, f'{HUB}\nprevious_secrets = ["{SECRET}"]\ndatabase = "postgresql://app:hush@db.example/hub"', text
    )
    found = mistakes(text, readable_by_others=True)
    assert [sentence.partition(" is a secret")[0] for sentence in found] == [
        "hubconfig.toml:4: [hub] previous_secrets",
        "hubconfig.toml:5: [hub] database",
        f"hubconfig.toml:{line_of(text, 'key')}: [plugins.till] key",
    ]
    assert not any(secret in sentence for sentence in found for secret in ("tooth-brush", SECRET, "hush"))


def test_the_file_itself_is_asked_who_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "hubconfig.toml"
    path.write_text(changed('"env:HUB_SECRET"', f'"{SECRET}"'))
    path.chmod(0o640)
    assert parse_file(path, environ={}).hub.secret.get_secret_value() == SECRET
    path.chmod(0o644)
    with pytest.raises(ConfigError, match=r"hubconfig.toml:2: \[hub\] secret is a secret in a file that every user"):
        parse_file(path, environ={})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"hubconfig.toml cannot be read \(no such file or directory\); name the file"
    ):
        parse_file(tmp_path / "hubconfig.toml", environ={})


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hubconfig.toml"
    path.write_bytes(GOOD.replace("Acme", "Ácme").encode("latin-1"))
    with pytest.raises(ConfigError, match="is not text in UTF-8; save it in that encoding"):
        parse_file(path, environ={"HUB_SECRET": SECRET})


def test_a_plugin_that_is_not_installed_is_named_with_what_is(mistakes: Mistakes) -> None:
    text = changed("[plugins.till]", "[plugins.till]\n[plugins.zzz]")
    (sentence,) = mistakes(text)
    assert sentence.startswith(
        f"hubconfig.toml:{line_of(text, '[plugins.zzz]')}: [plugins.zzz]: the plugin zzz is not "
    )
    assert "homestead" in sentence
    assert 'pip install arumaldo-zzz"' in sentence


def test_a_plugin_that_raises_at_import_is_told_with_the_exception(mistakes: Mistakes, install: Install) -> None:
    install("broken", "import not_there_at_all")
    (sentence,) = mistakes(changed("[plugins.till]", "[plugins.till]\n[plugins.broken]"))
    assert "[plugins.broken]: the plugin broken raises at import (ModuleNotFoundError: No module named" in sentence


def test_a_broken_plugin_is_named_once_and_not_blamed_again(mistakes: Mistakes, install: Install) -> None:
    install("broken", "1 / 0")
    text = changed("[plugins.till]", "[plugins.till]\n[plugins.broken]")
    found = mistakes(changed('hosting = "homestead"', 'hosting = ["homestead", "broken"]', text))
    assert len(found) == 1
    assert "ZeroDivisionError" in found[0]


def test_a_plugin_that_lacks_a_parameter_is_refused_before_it_can_make_doubles(
    mistakes: Mistakes, install: Install
) -> None:
    install("forgetful", HOSTING.replace("create_site(self, reference, label", "create_site(self, label"))
    (sentence,) = mistakes(changed("[plugins.till]", "[plugins.till]\n[plugins.forgetful]"))
    assert (
        "[plugins.forgetful]: the plugin forgetful: its hosting hook create_site does not take the parameter reference"
        in sentence
    )


def test_a_plugin_whose_settings_raise_anything_is_a_sentence_too(mistakes: Mistakes, install: Install) -> None:
    install("clumsy", HOSTING.replace('account="sandbox"', 'account="sandbox" + 1'))
    (sentence,) = mistakes(changed("[plugins.till]", "[plugins.till]\n[plugins.clumsy]"))
    assert "[plugins.clumsy]: the plugin clumsy is broken: its settings raise (TypeError" in sentence


def test_a_job_that_nobody_can_do_is_told(mistakes: Mistakes) -> None:
    text = changed('payments = "till"\n', "").replace("[plugins.till]\n", "")
    (sentence,) = mistakes(text)
    assert "[providers] payments is missing; no enabled plugin serves payments, so add the table of one" in sentence


NESTED = """
from pydantic import BaseModel, ConfigDict
from arumaldo import Plugin, PluginSettings

class Rate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    country: str
    percent: int

class Settings(PluginSettings):
    rates: list[Rate] = []

plugin = Plugin(settings=Settings)
"""


@pytest.mark.parametrize(
    ("entry", "shown", "says"),
    [
        ('country = "US"\npercent = "x"', "percent", "[plugins.taxes.rates item 2] percent must be a whole number"),
        ('country = "US"', "[[", "[plugins.taxes.rates item 2] has percent, which is missing; add it"),
        ('country = "US"\npercent = 1\npercnt = 2', "percnt", "item 2] percnt is not known; did you mean percent?"),
    ],
)
def test_a_mistake_deep_in_a_plugins_table_has_its_line_too(
    mistakes: Mistakes, install: Install, entry: str, shown: str, says: str
) -> None:
    install("taxes", NESTED)
    good = 'country = "CA"\npercent = 1'
    text = f"{GOOD}[plugins.taxes]\n[[plugins.taxes.rates]]\n{good}\n[[plugins.taxes.rates]]\n{entry}\n"
    (sentence,) = mistakes(text)
    assert says in sentence
    assert text.splitlines()[int(sentence.split(":")[1]) - 1].startswith(shown)


def test_a_variable_that_stands_in_for_the_file_is_named_when_it_is_wrong(mistakes: Mistakes) -> None:
    (sentence,) = mistakes(GOOD, ARUMALDO_BASE_URL="hub.example")
    assert "[hub]: base_url, which the variable ARUMALDO_BASE_URL sets, must be an address like" in sentence


def test_mistakes_come_in_the_order_of_the_file(mistakes: Mistakes) -> None:
    text = GOOD.replace('"19.00"', "19").replace('"help@acme.example"', '"x"').replace('"quill"', '"quil"')
    lines = [int(sentence.split(":")[1]) for sentence in mistakes(text)]
    assert lines == sorted(lines)
    assert len(lines) == 3
