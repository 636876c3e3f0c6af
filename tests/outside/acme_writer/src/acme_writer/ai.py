"""ai, by templates: the facts are put where they belong, and nothing is made up."""

from __future__ import annotations

import itertools
import zlib
from typing import Any

from acme_writer.settings import Settings
from acme_writer.templates import Words, anything, section, website
from arumaldo import hookimpl
from arumaldo.capabilities.ai import Generation

MODEL = "acme-templates"


class TemplateWriter:
    """Writes at once. What is asked for decides the template; the business and the count of calls turn its phrases."""

    def __init__(self, settings: Settings) -> None:
        self._motto = settings.motto
        self._calls = itertools.count()

    @hookimpl
    def generate(self, name: str, instructions: str, facts: dict[str, str], schema: dict[str, Any]) -> Generation:
        turn = zlib.crc32(" ".join(facts.values()).encode()) + next(self._calls)
        words = Words(facts, self._motto, turn)
        asked = schema["properties"]
        if "pages" in asked:
            content = website(words)
        elif {"key", "kind", "heading", "text", "items"} == set(asked):
            content = section(words, asked["key"]["enum"][0], asked["kind"]["enum"][0])
        else:
            content = anything(words, schema)
        return Generation(content=content, model=MODEL)
