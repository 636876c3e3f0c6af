"""OpenAI for Arumaldo Cloud: serves `ai` by the Responses API."""

from arumaldo import Plugin
from arumaldo_openai.settings import Settings

plugin = Plugin(
    settings=Settings,
    provides={"ai": "arumaldo_openai.ai:OpenAiWriter"},
    sandbox="arumaldo_openai.sandbox:OpenAiSandbox",
    check="arumaldo_openai.check:check",
)

__all__ = ["Settings", "plugin"]
