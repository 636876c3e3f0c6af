"""The keys of `[plugins.pressable]`."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """An API application of one Pressable account, with the scopes Sites and Domains (read and edit).

    Such credentials reach every site of the account, so an account should belong to one hub.
    """

    base_url: str = Field(default="https://my.pressable.com", pattern=r"^https?://")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    datacenter: str | None = None
    """A code such as "DFW"; without one the account's own default holds."""
    php_version: str | None = None
    """A version the vendor offers today, such as "8.4"; without one the account's own default holds."""
    site_scheme: Literal["https", "http"] = "https"
    """How a browser opens the sites; the vendor reports host names only."""
    own_host: str = Field(default="{name}.mystagingwebsite.com", pattern=r"^\{name\}\.[a-z0-9.:-]+$")
    """The vendor's own address for a site, which it keeps beside a domain of the customer's."""
    domain_host: str = Field(default="{domain}", pattern=r"^\{domain\}[a-z0-9.:-]*$")
    """Where a site with the customer's domain is served: at the domain, save by the sandbox on one machine."""

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """The sandbox's own credentials, which are no secret, and sites on plain HTTP."""
        number = urlsplit(address).port
        port = f":{number}" if number else ""
        return cls(
            base_url=address,
            client_id="sandbox",
            client_secret=SecretStr("sandbox-secret"),
            site_scheme="http",
            own_host=f"{{name}}.localhost{port}",
            domain_host=f"{{domain}}.localhost{port}",
        )
