"""The keys of `[plugins.acme_host]`."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """Where the file server is, who we are there, and at which address it shows a folder, or a domain, to the world."""

    server: str = Field(pattern=r"^https?://[^\s]+$")
    user: str = "arumaldo"
    password: SecretStr = Field(min_length=1)
    shown_at: str = Field(default="https://{folder}.acme.example", pattern=r"^https?://\{folder\}\.[^\s/]+$")
    domains_at: str = Field(default="https://{domain}", pattern=r"^https?://\{domain\}[^\s/]*$")

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        port = urlsplit(address).port or 80
        return cls(
            server=address.rstrip("/"),
            user="sandbox",
            password=SecretStr("sandbox"),
            shown_at=f"http://{{folder}}.localhost:{port}",
            domains_at=f"http://{{domain}}.localhost:{port}",
        )
