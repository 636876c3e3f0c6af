"""A plugin that goes wrong: it hears every fact and quotes every price, and raises, hangs or ends its process at some.

Everything else about billing it leaves to the provider behind it.

Which ones is decided by what they are, so that a message that is poison stays poison. A price goes wrong at its first
asking only: customers are to come to an end, and it is the core's matter that they do.
"""

from __future__ import annotations

from pathlib import Path

from arumaldo import Plugin, PluginSettings


class Settings(PluginSettings):
    """The shares of all messages and customers at which it goes wrong; all at zero, it does its work."""

    notes: Path
    """A folder; what it is about to do is written there first."""
    books: str = ""
    """The sandbox of the provider behind it; only billing needs it."""
    raises: float = 0.0
    hangs: float = 0.0
    exits: float = 0.0


plugin = Plugin(
    settings=Settings,
    provides={
        "events": "arumaldo_prove.saboteur.parts:Listener",
        "billing": "arumaldo_prove.saboteur.parts:Books",
    },
)
