"""A host for the controls: it keeps our reference and guards against nothing, so that only the bus prevents doubles."""

from __future__ import annotations

from typing import Self

from arumaldo import Plugin, PluginSettings


class Settings(PluginSettings):
    """`server` is where it is reached."""

    server: str

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        return cls(server=address)


plugin = Plugin(
    settings=Settings,
    provides={"hosting": "arumaldo_prove.plainhost.hosting:PlainHosting"},
    sandbox="arumaldo_prove.plainhost.sandbox:PlainServer",
)
