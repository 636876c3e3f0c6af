"""Who can do its work, at every moment: web processes take requests, workers say in the database that they live."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import psycopg

from arumaldo.demo.supervisor import Stopped
from arumaldo_prove.happenings import Diary
from arumaldo_prove.stage import Stage

DOWN, NOBODY_SERVES, NOBODY_WORKS = "down:", "nobody serves", "nobody works"
_GLANCE = 0.1
_ROUNDS = 5
"""Workers are looked at in every so-manieth round: the database is asked for it."""


class Presence:
    """Writes into the diary which process is down, and when all of a kind are; `died` is told of each worker's end."""

    def __init__(self, stage: Stage, diary: Diary, died: Callable[[int], None]) -> None:
        self._stage, self._diary, self._died = stage, diary, died
        self._workers: dict[str, int] = {}
        self._down: dict[str, ExitStack] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch_all, name="presence", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Whoever is down now is so until now."""
        self._over.set()
        self._thread.join(timeout=10)
        for state in self._down.values():
            state.close()

    def _watch_all(self) -> None:
        with contextlib.suppress(Stopped):  # somebody pressed Ctrl-C
            self._watch()

    def _watch(self) -> None:
        rounds = 0
        while not self._over.wait(_GLANCE):
            self._tell_who_died()
            self._note({name: self._stage.serves(name) for name in self._stage.web_names}, NOBODY_SERVES)
            if rounds % _ROUNDS == 0:
                try:
                    self._note(self._stage.at_work(), NOBODY_WORKS)
                except psycopg.Error:  # without the database nobody can take anything up
                    self._note({}, NOBODY_WORKS)
            rounds += 1

    def _tell_who_died(self) -> None:
        """Whoever ended it: the monkey, or a step of its own."""
        for name in self._stage.worker_names:
            pid, known = self._stage.running(name), self._workers.get(name)
            if known is not None and pid != known:
                self._died(known)
            self._workers.pop(name, None)
            if pid is not None:
                self._workers[name] = pid

    def _note(self, are_up: Mapping[str, bool], nobody: str) -> None:
        states = {f"{DOWN} {name}": is_up for name, is_up in are_up.items()} | {nobody: any(are_up.values())}
        for state, is_well in states.items():
            if is_well and state in self._down:
                self._down.pop(state).close()
            elif not is_well and state not in self._down:
                self._down[state] = ExitStack()
                self._down[state].enter_context(self._diary.state(state))
