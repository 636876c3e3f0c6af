"""`[plugins.<name>]`: which plugins are loaded, and with which settings.

A plugin in sandbox mode gets what its `Settings.at_sandbox` sets, and of the operator's keys all others but secrets:
a real credential never travels to a sandbox, and a choice such as a model's name counts there too. Keys that do not
count are not looked up, so that `env:NAME` may stand there before there is an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from arumaldo import discovery
from arumaldo.config.model import PluginChoice
from arumaldo.config.report import named
from arumaldo.config.tables import Tables, secret_keys
from arumaldo.errors import ConfigError
from arumaldo.plugin import Plugin, PluginSettings


@dataclass
class Plugins:
    """Imports each plugin once for all resellers, and says once what is wrong with it."""

    sandbox: bool
    """What `[hub] sandbox` says."""
    sandbox_url: str
    _loaded: dict[str, Plugin | None] = field(default_factory=dict)

    def read(self, tables: Tables) -> dict[str, PluginChoice]:
        """The plugins that have a table and nothing wrong with it."""
        choices = {name: self._choice(tables, name) for name in tables.table("plugins")}
        return {name: choice for name, choice in choices.items() if choice}

    def serving(self, tables: Tables) -> dict[str, list[str] | None]:
        """Name of each plugin that has a table → the capabilities it serves; None when it could not be loaded."""
        plugins = {name: self._load(tables, name) for name in tables.table("plugins")}
        return {name: list(plugin.provides) if plugin else None for name, plugin in plugins.items()}

    def _load(self, tables: Tables, name: str) -> Plugin | None:
        if name not in self._loaded:
            self._loaded[name] = None
            try:
                self._loaded[name] = plugin = discovery.load_plugin(name)
                mistakes: Iterable[str] = discovery.check_plugin(name, plugin)
            except ConfigError as error:
                mistakes = error.mistakes
            for mistake in mistakes:
                tables.about(("plugins", name), mistake)
        return self._loaded[name]

    def _choice(self, tables: Tables, name: str) -> PluginChoice | None:
        plugin = self._load(tables, name)
        table = tables.table("plugins", name)
        if plugin is None:
            return None
        tables.refuse_open_secrets(("plugins", name), table, secret_keys(plugin.settings))
        sandboxed = self._sandboxed(tables, name, plugin, table.pop("sandbox", None))
        if sandboxed is None:
            return None
        try:
            if sandboxed:
                settings = _at_sandbox(tables, name, plugin, table, f"{self.sandbox_url}/{name}")
            else:
                settings = _at_vendor(tables, name, plugin, table)
        except Exception as error:  # the plugin's own code, and no reason to keep silent about the rest of the file
            tables.about(
                ("plugins", name),
                f"the plugin {name} is broken: its settings raise ({discovery.described(error)}); "
                f"install a corrected version of it",
            )
            return None
        if settings is None:
            return None
        return PluginChoice(name=name, plugin=plugin, settings=settings, sandbox=sandboxed)

    def _sandboxed(self, tables: Tables, name: str, plugin: Plugin, said: object) -> bool | None:
        """A plugin's own word goes before the hub's. One without a sandbox and without credentials needs none.

        None when it cannot be had as it is wanted, which is said.
        """
        if said is not None and not isinstance(said, bool):
            tables.wrong(("plugins", name, "sandbox"), "must be true or false, without quotes")
            return None
        wanted = self.sandbox if said is None else said
        if not wanted or plugin.sandbox is not None:
            return wanted
        if said or secret_keys(plugin.settings):
            tables.about(
                ("plugins", name),
                f"the plugin {name} brings no sandbox; "
                f"write sandbox = false here to use the real account, or take the table away",
            )
            return None
        return False


def _at_sandbox(
    tables: Tables, name: str, plugin: Plugin, table: Mapping[str, Any], address: str
) -> PluginSettings | None:
    given = plugin.settings.at_sandbox(address)
    fixed = {key: getattr(given, key) for key in given.model_fields_set}
    unused = {*fixed, *secret_keys(plugin.settings)}
    counting = {key: value for key, value in table.items() if key not in unused}
    settings, _ = tables.model(plugin.settings, ("plugins", name), counting, fixed=fixed)
    return settings


def _at_vendor(tables: Tables, name: str, plugin: Plugin, table: Mapping[str, Any]) -> PluginSettings | None:
    settings, missing = tables.model(plugin.settings, ("plugins", name), table)
    if missing:
        variable = f"{name}_{missing[0]}".upper().replace("-", "_")
        tables.about(
            ("plugins", name),
            f"{named(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
            f'set {named(missing)}, for example {missing[0]} = "env:{variable}"'
            + (", or write sandbox = true" if plugin.sandbox else ""),
        )
    return settings
