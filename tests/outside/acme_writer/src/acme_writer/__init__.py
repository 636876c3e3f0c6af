"""Acme Writer: websites from templates, on this machine."""

from acme_writer.settings import Settings
from arumaldo import Plugin

plugin = Plugin(settings=Settings, provides={"ai": "acme_writer.ai:TemplateWriter"})
