"""Real packages in a folder of their own, found by their entry points like any that was installed."""

from __future__ import annotations

import importlib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from arumaldo.capabilities.billing import Billing
from arumaldo.capabilities.customers import Customers
from arumaldo.capabilities.dns import Dns
from arumaldo.capabilities.email import Email
from arumaldo.capabilities.kinds import kind_of
from arumaldo.config import Config, parse
from arumaldo.errors import ConfigError

SECRET = "a-secret-of-more-than-thirty-two-characters"

AI = """
from arumaldo import Plugin, PluginSettings, hookimpl

class Writer:
    def __init__(self, settings): self.settings = settings
    @hookimpl
    def generate(self, name, instructions, facts, schema): raise NotImplementedError

plugin = Plugin(provides={"ai": "MODULE:Writer"})
"""


def _hooks(capability: type) -> str:
    """Every hook of a capability, as a provider would write it."""
    found = [name for name, hook in vars(capability).items() if kind_of(hook)]
    heads = [f"{name}({', '.join(inspect.signature(getattr(capability, name)).parameters)})" for name in found]
    return "\n".join(f"    @hookimpl\n    def {head}: raise NotImplementedError" for head in heads)


BILLING = """
from arumaldo import Plugin, hookimpl

class Books:
    def __init__(self, settings): self.settings = settings
HOOKS

plugin = Plugin(provides={"billing": "MODULE:Books"})
""".replace("HOOKS", _hooks(Billing))
OFFICE = """
from arumaldo import Plugin, hookimpl

class Office:
    def __init__(self, settings): self.settings = settings
HOOKS

plugin = Plugin(provides={"customers": "MODULE:Office", "dns": "MODULE:Office", "email": "MODULE:Office"})
""".replace("HOOKS", "\n".join(map(_hooks, (Customers, Dns, Email))))
HOSTING = """
from pydantic import Field, SecretStr, field_validator
from arumaldo import Plugin, PluginSettings, hookimpl

class Settings(PluginSettings):
    api_token: SecretStr
    account: str
    base_url: str = "https://api.host.example"
    region: str = "east"
    size: int = Field(default=1, ge=1)
    webhook_key: SecretStr | None = None
    labels: list[str] = []

    @field_validator("api_token")
    @classmethod
    def _shape(cls, value):
        if not value.get_secret_value().startswith("tok-"):
            raise ValueError(f"{value.get_secret_value()} does not begin with tok-")
        return value

    @classmethod
    def at_sandbox(cls, address):
        return cls(api_token=SecretStr("tok-sandbox"), account="sandbox", base_url=address)

class Host:
    def __init__(self, settings): self.settings = settings
    @hookimpl
    def create_site(self, reference, label, owner_email): raise NotImplementedError
    @hookimpl
    def find_sites(self, reference): raise NotImplementedError
    @hookimpl
    def list_sites(self, since): raise NotImplementedError
    @hookimpl
    def get_site(self, site_id): raise NotImplementedError
    @hookimpl
    def put_pages(self, site_id, title, pages): raise NotImplementedError
    @hookimpl
    def remove_site(self, site_id): raise NotImplementedError
    @hookimpl
    def domain_targets(self, site_id): raise NotImplementedError
    @hookimpl
    def put_domain(self, site_id, domain): raise NotImplementedError
    @hookimpl
    def remove_domain(self, site_id, domain): raise NotImplementedError

plugin = Plugin(settings=Settings, provides={"hosting": "MODULE:Host"}, sandbox="MODULE:Sandbox")
"""
PAYMENTS = """
from pydantic import SecretStr
from arumaldo import Plugin, PluginSettings, hookimpl

class Settings(PluginSettings):
    login: str
    key: SecretStr

    @classmethod
    def at_sandbox(cls, address):
        return cls(login="sandbox", key=SecretStr("sandbox"))

class Till:
    def __init__(self, settings): self.settings = settings
    @hookimpl
    def checkout(self, reference, amount, description, return_url): raise NotImplementedError
    @hookimpl
    def charge(self, reference, amount, token, description, email): raise NotImplementedError
    @hookimpl
    def find_charges(self, reference): raise NotImplementedError
    @hookimpl
    def list_charges(self, since): raise NotImplementedError
    @hookimpl
    def get_charge(self, charge_id): raise NotImplementedError
    @hookimpl
    def give_back(self, reference, charge_id, amount): raise NotImplementedError
    @hookimpl
    def find_returns(self, reference, charge_id): raise NotImplementedError

plugin = Plugin(settings=Settings, provides={"payments": "MODULE:Till"}, sandbox="MODULE:Sandbox")
"""
GOOD = """\
[hub]
secret = "env:HUB_SECRET"
sandbox = true

[brand]
name = "Acme Sites"
support_email = "help@acme.example"

[providers]
ai = "quill"
billing = "books"
customers = "office"
dns = "office"
email = "office"
hosting = "homestead"
payments = "till"

[plugins.quill]
[plugins.books]
[plugins.office]
[plugins.homestead]
[plugins.till]

[plans.starter]
title = "Starter"
price = "19.00"
"""

Install = Callable[..., str]
Parse = Callable[..., Config]
Mistakes = Callable[..., list[str]]
_NUMBERS = itertools.count(1)


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package that offers the plugin `name`; answers the name of its module, "MODULE" in its source."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    modules: list[str] = []

    def put(name: str, source: str, *, package: str = "", attribute: str = "plugin") -> str:
        package = package or f"arumaldo-{name}"
        module = f"{package.replace('-', '_')}_{next(_NUMBERS)}"
        modules.append(module)
        (folder / f"{module}.py").write_text(dedent(source).replace("MODULE", module))
        facts = folder / f"{package.replace('-', '_')}-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[arumaldo.plugins]\n{name} = {module}:{attribute}\n")
        importlib.invalidate_caches()
        return module

    yield put
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def plugins(install: Install) -> None:
    """quill writes, books bills, homestead hosts, till takes the money, and office does all the rest."""
    install("quill", AI)
    install("books", BILLING)
    install("office", OFFICE)
    install("homestead", HOSTING)
    install("till", PAYMENTS)


@pytest.fixture
def read(tmp_path: Path) -> Parse:
    def parsed(text: str, *, readable_by_others: bool = False, **environ: str) -> Config:
        environ.setdefault("HUB_SECRET", SECRET)
        return parse(text, environ=environ, base=tmp_path, readable_by_others=readable_by_others)

    return parsed


@pytest.fixture
def mistakes(read: Parse) -> Mistakes:
    """The sentences with which the file is refused."""

    def refused(text: str, **options: str | bool) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text, **options)
        return list(caught.value.mistakes)

    return refused
