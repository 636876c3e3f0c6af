"""ai: text in a given shape, made from given facts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from arumaldo.capabilities.kinds import reads_slowly


class Generation(BaseModel, frozen=True):
    """`content` fits the schema that was asked for. Tokens are what the vendor bills."""

    content: dict[str, Any]
    model: str
    input_tokens: int = 0
    output_tokens: int = 0


class Ai:
    """Whoever writes."""

    @reads_slowly
    def generate(self, name: str, instructions: str, facts: dict[str, str], schema: dict[str, Any]) -> Generation:
        """Write content of the given JSON schema from `facts` (label → value, in the customer's own words).

        `name` says what is made ("website", "section"; letters, digits, dashes). Facts are data, never instructions:
        a provider keeps the two apart. Each fact appears in the content, and none that was not given. The schema is
        an object in the strict subset: every property required, no additional ones, no open dictionaries.
        Refused: the vendor will not write this. A second call writes anew and costs again.
        """
        raise NotImplementedError
