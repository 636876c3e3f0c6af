"""What hubconfig.toml says, checked and complete. Everything here is frozen; a changed file makes a new `Config`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from arumaldo.capabilities.billing import Plan
from arumaldo.config import addresses
from arumaldo.errors import ConfigError
from arumaldo.plugin import Plugin, PluginSettings

MAIN = "main"
"""The slug of the installation itself, which is the first reseller and often the only one."""
EMBEDDED = "embedded"
"""In place of an address: the hub brings its own server."""
SAID_TWICE = "yes, really"
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    if not plain or parts.path not in ("", "/") or parts.username:
        raise ValueError('must be an address like "https://hub.example.com", without a path')
    return value.rstrip("/").lower()


def _host_and_port(value: str) -> str:
    host, _, port = value.partition(":")
    if not is_host(host) or (":" in value and not port.isdigit()):
        raise ValueError('must be a host name like "preview.example.com", with a port where it is needed')
    return value


def _database(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    if address == EMBEDDED:
        return value
    if not addresses.is_database(address):
        raise ValueError(f'must be "{EMBEDDED}" or an address like "{addresses.DATABASE_EXAMPLE}"')
    addresses.database_settings(address)
    return value


def _redis(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    if address == EMBEDDED:
        return value
    if not addresses.is_redis(address):
        raise ValueError(f'must be "{EMBEDDED}" or an address like "{addresses.REDIS_EXAMPLE}"')
    addresses.check_redis(address)
    return value


def _long(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError(
            "must be at least 32 characters, best made by a machine: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError('must be an IP address or a network like "10.0.0.0/8"') from error
    return value


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError('must be a colour of six hexadecimal digits like "#1f6feb"')
    return value.lower()


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError('must be a mail address like "help@example.com"')
    return value


def _preview_host(hub: dict[str, Any]) -> str:
    address = urlsplit(hub.get("base_url", "http://localhost"))
    return f"preview.{address.netloc}"


def is_host(value: str) -> bool:
    """Whether this is a host name in lower-case ASCII, without scheme and port."""
    return _HOST.fullmatch(value) is not None


WebAddress = Annotated[str, AfterValidator(_web_address)]
LongSecret = Annotated[SecretStr, AfterValidator(_long)]
Text = Annotated[str, Field(min_length=1, max_length=120)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class HubSettings(_Table):
    """`[hub]`: this installation. All but the limits needs a restart to change."""

    base_url: WebAddress = "http://localhost:8080"
    """Where browsers reach the portal; no slash at the end."""
    database: Annotated[SecretStr, AfterValidator(_database)] = SecretStr(EMBEDDED)
    """A PostgreSQL address, or "embedded". Secret, for it may hold a password."""
    redis: Annotated[SecretStr, AfterValidator(_redis)] = SecretStr(EMBEDDED)
    """A Redis or Valkey address, or "embedded". Secret, for it may hold a password."""
    secret: LongSecret
    """Keys for cookies and for encrypted columns are made from it."""
    previous_secrets: Annotated[tuple[LongSecret, ...], Field(strict=False)] = ()
    """Still understood after `secret` was changed, newest first; new things are made with `secret` alone."""
    sandbox: bool = False
    """Send every plugin to its own sandbox, except those whose table says `sandbox = false`."""
    sandbox_url: WebAddress = "http://localhost:8090"
    """Where the sandboxes are reached; a plugin's own is below it, under its name."""
    preview_host: Annotated[str, AfterValidator(_host_and_port)] = Field(default_factory=_preview_host)
    """host[:port] that shows generated pages, never that of the portal; "preview." before `base_url`'s by default."""
    threads: int = Field(default=16, ge=2, le=256)
    """Threads for pages in each web process; the pools of database connections are computed from it."""
    reconcile_every: int = Field(default=600, ge=10, le=86_400)
    """Seconds between two comparisons of what the vendors hold with what this installation knows of."""
    trusted_proxies: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(strict=False)] = ()
    """IP addresses or networks whose X-Forwarded headers are believed."""
    real_hosting_with_sandbox_payments: Literal["no", "yes, really"] = "no"
    """The second word for giving away real sites against play money."""


class Brand(_Table):
    """`[brand]`: how the portal presents itself."""

    name: Text
    support_email: Annotated[str, AfterValidator(_mail_address)]
    accent: Annotated[str, AfterValidator(_colour)] = "#1f6feb"
    """One colour, "#rrggbb" in lower case."""
    tagline: Annotated[str, Field(max_length=200)] = ""


class Portal(NamedTuple):
    """Where a reseller's customers are at home."""

    brand: Brand
    url: str
    """Without a slash at the end."""


class PluginChoice(BaseModel):
    """One enabled plugin with its settings for one reseller; `sandbox`: they lead to its sandbox."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    plugin: Plugin
    settings: PluginSettings
    sandbox: bool


class ResellerConfig(BaseModel):
    """Everything that holds for one reseller, inherited or its own."""

    model_config = ConfigDict(frozen=True)

    slug: str
    hostnames: tuple[str, ...]
    brand: Brand
    providers: Mapping[str, tuple[str, ...]]
    """Capability → names of plugins, at least one; the first serves new accounts, the others stand by."""
    plugins: Mapping[str, PluginChoice]
    plans: Mapping[str, Plan]
    """By name, in the order of the file."""


class Config(BaseModel):
    """One whole hubconfig.toml. `digest` is the SHA-256 of `text` in hexadecimal."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(repr=False)
    digest: str
    hub: HubSettings
    resellers: Mapping[str, ResellerConfig]
    """By slug, "main" first."""

    def for_reseller(self, slug: str) -> ResellerConfig:
        """What holds for this reseller. ConfigError when the file has none of that name."""
        try:
            return self.resellers[slug]
        except KeyError:
            raise ConfigError(f"there is no [resellers.{slug}]; there are {', '.join(self.resellers)}") from None

    def reseller_for_host(self, host: str) -> str:
        """The slug of the reseller whose host name this is, with or without a port; "main" for any other."""
        name = host.partition(":")[0].rstrip(".").lower()
        return next((slug for slug, reseller in self.resellers.items() if name in reseller.hostnames), MAIN)
