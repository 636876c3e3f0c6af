"""The keys of `[plugins.acme_crm]`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """One account at Acme CRM."""

    api_key: SecretStr = Field(min_length=1)
    base_url: str = Field(default="https://api.acmecrm.example", pattern=r"^https?://")

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        return cls(api_key=SecretStr("sandbox-key"), base_url=address)
