"""The keys of `[plugins.cloudflare]`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """An API token (not the global key) and the account in which zones are made."""

    api_token: SecretStr = Field(min_length=1)
    account_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    base_url: str = Field(default="https://api.cloudflare.com/client/v4", pattern=r"^https?://")

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """The sandbox's own credentials, which are no secret."""
        return cls(api_token=SecretStr("sandbox-token"), account_id="a" * 32, base_url=f"{address}/client/v4")
