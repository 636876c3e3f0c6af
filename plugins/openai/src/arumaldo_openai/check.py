"""What `arumaldo check --live` asks the vendor."""

from __future__ import annotations

from contextlib import closing

from arumaldo_openai.client import Door
from arumaldo_openai.settings import Settings


def check(settings: Settings) -> str:
    """Look the model up, which costs nothing: the key is accepted, and the account has this model."""
    with closing(Door(settings)) as door:
        door.look_up(settings.model)
    return f"the key is accepted and has {settings.model}"
