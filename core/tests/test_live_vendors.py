"""What `arumaldo check --live` hears from the vendors, and how it says what it found."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

from arumaldo import Denied, Plugin, PluginSettings, Unavailable
from arumaldo.config.model import Brand, Config, PluginChoice, ResellerConfig
from arumaldo.demo.embedded import Valkey
from arumaldo.live_check import report
from arumaldo.live_check.vendors import plugins
from arumaldo.testing.fixtures import Database

from .findings import config, found, hub


class Settings(PluginSettings):
    key: str = "good"


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of a plugin whose vendor knows one key."""

    def check(settings: Settings) -> str:
        match settings.key:
            case "good":
                return "the key is accepted"
            case "away":
                raise Unavailable("acme", "cannot be reached")
            case "broken":
                raise RuntimeError("oh")
        raise Denied("acme", "does not know the key; make a new one")

    module = ModuleType("acme_checks")
    module.check = check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return f"{module.__name__}:check"


def configured(check: str | None, *keys: str, sandbox: bool = False) -> Config:
    """One reseller for each key."""
    resellers = {
        slug: ResellerConfig(
            slug=slug,
            hostnames=(),
            brand=Brand(name="Acme", support_email="help@acme.example"),
            providers={},
            plans={},
            plugins={
                "acme": PluginChoice(
                    name="acme", plugin=Plugin(Settings, check=check), settings=Settings(key=key), sandbox=sandbox
                )
            },
        )
        for slug, key in zip(("main", "bakers", "florists"), keys, strict=False)
    }
    return config(hub()).model_copy(update={"resellers": resellers})


def test_a_vendor_who_lets_us_in_gets_a_line_with_what_it_said(acme: str) -> None:
    [line] = plugins(configured(acme, "good"))
    assert str(line) == "✓ plugins.acme: the key is accepted"


@pytest.mark.parametrize(("key", "said"), [("bad", "does not know the key"), ("away", "reached"), ("broken", "oh")])
def test_a_vendor_who_does_not_let_us_in_is_named(acme: str, key: str, said: str) -> None:
    [line] = plugins(configured(acme, key))
    assert (line.name, line.state) == ("plugins.acme", "wrong")
    assert said in line.said


def test_a_sandbox_that_does_not_answer_is_to_be_started(acme: str) -> None:
    [line] = plugins(configured(acme, "away", sandbox=True))
    assert line.said == "sandbox: cannot be reached"
    assert "arumaldo sandbox" in line.do


def test_a_check_that_is_not_there_is_named(acme: str) -> None:
    assert found(plugins(configured(f"{acme}s", "good"))) == {"plugins.acme": "wrong"}


def test_a_plugin_without_a_check_says_so(acme: str) -> None:
    [line] = plugins(configured(None, "good"))
    assert (line.state, line.said) == ("well", "has nothing to ask")


def test_each_reseller_with_an_account_of_its_own_is_asked_for_once(acme: str) -> None:
    assert [line.name for line in plugins(configured(acme, "good", "good", "bad"))] == [
        "plugins.acme", "plugins.acme of florists",
    ]  # fmt: skip


def test_the_exit_code_tells_a_script_what_is_wrong_but_not_what_is_only_unwise(
    database: Database, valkey: Valkey, acme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    unwise = hub(f"{database.app_url}?connect_timeout=0", valkey.url)
    for key, code in (("good", 0), ("bad", 1)):
        asked = configured(acme, key).model_copy(update={"hub": unwise})
        assert report(asked, "hubconfig.toml", as_json=False) == code
        lines = capsys.readouterr().out
        assert report(asked, "hubconfig.toml", as_json=True) == code
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert all(f" {finding['name']}: {finding['said'][:10]}" in lines for finding in findings)
        assert {"name", "state", "said", "do"} == set(findings[0])
        unwise_ones = [finding["name"] for finding in findings if finding["state"] == "warning"]
        assert unwise_ones == ["database.connect_timeout"]
