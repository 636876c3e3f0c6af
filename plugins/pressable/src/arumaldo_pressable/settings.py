"""The keys of `[plugins.pressable]`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """An API application of one Pressable account, with the scope Sites (read and edit).

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

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """The sandbox's own credentials, which are no secret, and sites on plain HTTP."""
        return cls(
            base_url=address,
            client_id="sandbox",
            client_secret=SecretStr("sandbox-secret"),
            site_scheme="http",
        )
