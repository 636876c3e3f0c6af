"""What the saboteur does, and its note of it. The notes are the proof's only source for how often it did what."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from pathlib import Path

from arumaldo_prove.saboteur import Settings

DEEDS = ("raises", "hangs", "exits")
NOTES = "deeds"
_EXIT = 3


class Sabotage(RuntimeError):
    """The saboteur was here."""


class Deeds:
    """Goes wrong at a share of what it is shown."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.notes
        self._shares = {deed: float(getattr(settings, deed)) for deed in DEEDS}

    def at(self, what: str, *, once: bool = False) -> None:
        """Do what is due at this thing, each time it is shown, or with `once` only the first time.

        Besides, what is shown first is kept for deeds of which none would come by chance: one thing for each, of those
        that go wrong for ever and of those that do so once.
        """
        deed = self.due_at(what) or self._kept_for(what, "once-" if once else "")
        if deed is None or (once and not self._is_first(what)):
            return
        self._note(deed, what)
        _do(deed)

    def due_at(self, what: str) -> str | None:
        """The deed that is due at this thing: the same in every process, as long as the shares are the same."""
        place, upto = _place(what), 0.0
        for deed, share in self._shares.items():
            upto += share
            if place < upto:
                return deed
        return None

    def _kept_for(self, what: str, sort: str) -> str | None:
        asked = [deed for deed, share in self._shares.items() if share]
        return next((deed for deed in asked if self._is_kept(f"{sort}{deed}", what)), None)

    def _is_kept(self, deed: str, what: str) -> bool:
        """Whether this is the one thing that is kept for the deed; when there is none yet, from now on it is."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept, mine = self._folder / f"kept-{deed}", self._folder / f"kept-{deed}-{_digest(what)}"
        if not kept.exists():
            mine.write_text(what, "utf-8")
            with contextlib.suppress(FileExistsError):
                kept.hardlink_to(mine)  # whole, or not at all
        return kept.read_text("utf-8") == what

    def _is_first(self, what: str) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            (self._folder / _digest(what)).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _note(self, deed: str, what: str) -> None:
        """One whole line, in one write, before anything happens: the process may end here."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # A worker's steps run in its threads; a step alone is all that its process does.
        alone = threading.current_thread() is threading.main_thread()
        line = json.dumps({"deed": deed, "what": what, "alone": alone})
        handle = os.open(self._folder / NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, f"{line}\n".encode())
        finally:
            os.close(handle)


def read_notes(folder: Path) -> list[dict[str, object]]:
    """All that was done, in order: `deed`, `what`, and whether it was `alone` in a process of its own."""
    file = folder / NOTES
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def _do(deed: str) -> None:
    match deed:
        case "exits":
            os._exit(_EXIT)
        case "hangs":
            threading.Event().wait()
    raise Sabotage("this plugin raises")


def _place(what: str) -> float:
    """Between 0 and 1, from the name alone."""
    return int(_digest(what)[:12], 16) / 16**12


def _digest(what: str) -> str:
    return hashlib.sha256(what.encode()).hexdigest()
