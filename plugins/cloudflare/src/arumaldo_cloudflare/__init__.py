"""Domains at Cloudflare: zones, records, encryption, cache and firewall."""

from arumaldo import Plugin
from arumaldo_cloudflare.settings import Settings

plugin = Plugin(
    settings=Settings,
    provides={"dns": "arumaldo_cloudflare.dns:CloudflareDns"},
    sandbox="arumaldo_cloudflare.sandbox:CloudflareSandbox",
    check="arumaldo_cloudflare.check:check",
)

__all__ = ["Settings", "plugin"]
