"""Acme Listener: hears every fact and writes it down, or raises, or hangs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

from arumaldo import Plugin, PluginSettings, hookimpl
from arumaldo.capabilities.events import Event


class Settings(PluginSettings):
    """`notes` is a file with one line of JSON for each time that a fact is heard.

    `mode` says what happens then: nothing more, an error, or a wait until there is a file beside it that is called the
    same and ends in ".release".
    """

    notes: str
    mode: Literal["note", "raise", "hang"] = "note"


class Listener:
    """Hears."""

    def __init__(self, settings: Settings) -> None:
        self._notes = Path(settings.notes)
        self._mode = settings.mode

    @hookimpl
    def heard(self, event: Event) -> None:
        line = {"id": str(event.id), "type": event.type, "account": str(event.account_id), "mode": self._mode}
        with self._notes.open("a", buffering=1) as notes:  # one line is one write: several workers share the file
            notes.write(f"{json.dumps(line)}\n")
        if self._mode == "raise":
            raise RuntimeError("a bug of the listener")
        while self._mode == "hang" and not self._notes.with_name(f"{self._notes.name}.release").exists():
            time.sleep(0.1)


plugin = Plugin(settings=Settings, provides={"events": "acme_listener:Listener"})
