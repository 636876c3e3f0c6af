"""Acme Host: sites on a plain file server."""

from acme_host.settings import Settings
from arumaldo import Plugin

plugin = Plugin(
    settings=Settings,
    provides={"hosting": "acme_host.hosting:FileHosting"},
    sandbox="acme_host.sandbox:FileServer",
)
