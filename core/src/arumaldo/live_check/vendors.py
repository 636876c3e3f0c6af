"""What every vendor says to the credentials that we were given."""

from __future__ import annotations

from collections.abc import Iterator

from arumaldo.config.model import Config, PluginChoice
from arumaldo.deadline import deadline
from arumaldo.discovery import described, load
from arumaldo.errors import HubError, Unavailable
from arumaldo.live_check.finding import Finding

ASKING = 10.0
"""Seconds that a vendor has for its answer."""


def plugins(config: Config) -> Iterator[Finding]:
    """Every enabled plugin, once for each set of settings that it is given."""
    asked: list[PluginChoice] = []
    for slug, reseller in config.resellers.items():
        for name, choice in reseller.plugins.items():
            if any(choice.settings == known.settings for known in asked if known.name == name):
                continue
            asked.append(choice)
            yield vendor(choice, name if slug == "main" else f"{name} of {slug}")


def vendor(choice: PluginChoice, who: str) -> Finding:
    """What the vendor says to our credentials; a sandbox is asked in its place where it serves."""
    name = f"plugins.{who}"
    if choice.plugin.check is None:
        return Finding(name, "well", "has nothing to ask")
    where = "sandbox: " if choice.sandbox else ""
    try:
        with deadline(ASKING):
            return Finding(name, "well", f"{where}{load(choice.plugin.check)(choice.settings)}")
    except HubError as error:
        said = getattr(error, "what", str(error))
        is_away = choice.sandbox and isinstance(error, Unavailable)
        do = "Is the sandbox started (arumaldo sandbox)?" if is_away else f"Check [plugins.{choice.name}]."
        return Finding(name, "wrong", f"{where}{said}", do)
    except Exception as error:  # a plugin is a guest: whatever it raises is a line of the report
        return Finding(name, "wrong", f"{where}its check failed: {described(error)}", "Install a corrected version.")
