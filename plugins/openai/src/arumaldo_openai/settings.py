"""The keys of `[plugins.openai]`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """Where the vendor is, who we are there, and what writes for us."""

    api_key: SecretStr = Field(min_length=1)
    base_url: str = Field(default="https://api.openai.com/v1", pattern=r"^https?://[^\s]+$")
    model: str = Field(default="gpt-5.4-mini", min_length=1)
    """Listed by the vendor's own description; an alias without a date, so it stays current; small enough to write a
    website within a call's total deadline."""
    max_output_tokens: int = Field(default=16_000, ge=1_000, le=128_000)
    """Bounds what one answer may cost. A website takes about 4,000, and a reasoning model thinks within it, too."""

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        return cls(api_key=SecretStr("sk-sandbox"), base_url=f"{address.rstrip('/')}/v1")
