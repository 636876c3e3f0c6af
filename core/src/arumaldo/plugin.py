"""What a package offers to the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, ConfigDict

GROUP = "arumaldo.plugins"
"""The entry-point group. The entry point's name is the plugin's name, and its table in hubconfig.toml."""


class PluginSettings(BaseModel):
    """The keys of `[plugins.<name>]`. Secrets are `pydantic.SecretStr`, written there as `env:NAME` or `file:PATH`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """Settings that send this plugin to its own sandbox at `address` ("http://localhost:9000/<name>")."""
        raise NotImplementedError(f"{cls.__module__} has no sandbox")


@dataclass(frozen=True)
class Plugin:
    """The object an entry point names. Strings are "module:Name", imported only when they are needed."""

    settings: type[PluginSettings] = PluginSettings
    provides: Mapping[str, str] = field(default_factory=dict)
    """Capability → provider class, made with one argument, the settings. It may have a `close()`."""
    sandbox: str | None = None
    """A subclass of `arumaldo.sandbox.Sandbox` that plays the vendor."""
    browser: str | None = None
    """"package:folder" with the files that the portal serves under `/providers/<name>/`."""
    check: str | None = None
    """A function for `arumaldo check --live`: handed the settings, it asks the vendor one thing that costs and changes
    nothing, with our credentials, and answers what it saw in a few words ("may list sites"). A `ProviderError` or a
    `ConfigError` says what is wrong and what to do."""
