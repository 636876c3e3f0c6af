"""hubconfig.toml: read it whole, refuse it whole, and hand it out frozen."""

from arumaldo.config.model import EMBEDDED, MAIN, Brand, Config, HubSettings, PluginChoice, ResellerConfig
from arumaldo.config.parse import parse, parse_file

__all__ = [
    "EMBEDDED",
    "MAIN",
    "Brand",
    "Config",
    "HubSettings",
    "PluginChoice",
    "ResellerConfig",
    "parse",
    "parse_file",
]
