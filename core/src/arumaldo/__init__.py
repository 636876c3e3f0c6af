"""Everything a plugin author imports."""

from arumaldo.capabilities.kinds import Made, hookimpl
from arumaldo.deadline import deadline, remaining
from arumaldo.errors import (
    ConfigError,
    Denied,
    HubError,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unavailable,
)
from arumaldo.money import Money
from arumaldo.plugin import Plugin, PluginSettings

__all__ = [
    "ConfigError",
    "Denied",
    "HubError",
    "Made",
    "Money",
    "NotFound",
    "OutcomeUnknown",
    "Plugin",
    "PluginSettings",
    "ProviderError",
    "Refused",
    "Unavailable",
    "deadline",
    "hookimpl",
    "remaining",
]
