"""The keys of `[plugins.acme_writer]`."""

from __future__ import annotations

from pydantic import Field

from arumaldo import PluginSettings


class Settings(PluginSettings):
    """`motto` stands under every website's name and begins every section that is written anew."""

    motto: str = Field(default="Plainly said.", min_length=1, max_length=80)
