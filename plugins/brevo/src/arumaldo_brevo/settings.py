"""The keys of `[plugins.brevo]`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """An API key, the confirmed sender, and the list of customers."""

    api_key: SecretStr = Field(min_length=1)
    """It begins with "xkeysib-"; an SMTP key will not do."""
    sender_email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    """Confirmed among the senders there, its domain authenticated."""
    list_id: int = Field(ge=1)
    """The number of the list that customers are put on."""
    base_url: str = Field(default="https://api.brevo.com/v3", pattern=r"^https?://")

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """The sandbox's own credentials, which are no secret."""
        return cls(
            api_key=SecretStr("xkeysib-sandbox"),
            sender_email="hello@sandbox.example",
            list_id=2,
            base_url=f"{address}/v3",
        )
