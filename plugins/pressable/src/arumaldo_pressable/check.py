"""What `arumaldo check --live` asks the vendor."""

from __future__ import annotations

from contextlib import closing

from arumaldo_pressable.client import PressableClient
from arumaldo_pressable.settings import Settings


def check(settings: Settings) -> str:
    """A token, and a list of one site: the credentials are accepted, and their scope has the sites."""
    with closing(PressableClient(settings)) as client:
        client.call("GET", "/sites", repeatable=True, params={"paginate": "true", "page": 1, "per_page": 1})
    return "the credentials are accepted and may list sites"
