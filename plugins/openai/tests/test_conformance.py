"""OpenAI writes as everybody has to."""

from __future__ import annotations

from arumaldo.testing.ai import AiConformance


class TestOpenAiWriter(AiConformance):
    """Over the sandbox, in memory."""
