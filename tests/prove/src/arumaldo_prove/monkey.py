"""Makes things go wrong, by a plan that a seed decides, until it is told to stop."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

import psycopg

from arumaldo.demo.supervisor import Stopped
from arumaldo.errors import HubError
from arumaldo_prove.faults import (
    BLOWS,
    KILLS,
    LATE_SEARCH,
    OUTAGES,
    TRANSIENT,
    Blow,
    Trouble,
    begin_weather,
    end_weather,
    parts_of,
)
from arumaldo_prove.happenings import Diary
from arumaldo_prove.presence import Presence
from arumaldo_prove.sabotage import Sabotage
from arumaldo_prove.stage import Stage
from arumaldo_prove.takeover import Takeovers

_BREATH = 3.0
"""Seconds between two outages."""


class Monkey:
    """Works from `start` until `stop`; the diary says what it did when, and `counts` how often."""

    def __init__(self, stage: Stage, seed: int, names: Sequence[str], away: float, customers: int) -> None:
        self.diary = Diary()
        self.takeovers = Takeovers(stage, self.diary)
        self._presence = Presence(stage, self.diary, self.takeovers.died)
        self.sabotage = Sabotage(stage, names, customers)
        self._stage, self._seed, self._names, self._away = stage, seed, list(names), away
        self._kinds_of_kill = len(set(names) & KILLS)
        self._over = threading.Event()
        self._outages_done = threading.Event()
        self._threads = [
            threading.Thread(target=self._strike, args=(name, BLOWS[name]), name=name, daemon=True)
            for name in self._names
            if name in BLOWS
        ]
        self._threads.append(threading.Thread(target=self._all_outages, name="outages", daemon=True))

    def start(self) -> None:
        begin_weather(self._stage, self._names, self._seed)
        self.sabotage.begin()
        for thread in self._threads:
            thread.start()

    @property
    def has_shown_all(self) -> bool:
        """Whether every outage has happened."""
        return self._outages_done.is_set()

    def stop(self) -> None:
        """Everything is as before again; returns when it is so."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.sabotage.end()
        self.diary.add(end_weather(self._stage))
        if LATE_SEARCH in self._names:
            self.diary.note(LATE_SEARCH)

    def leave(self) -> None:
        """Watch no longer; after the last page."""
        self.takeovers.close()
        self._presence.close()

    @property
    def counts(self) -> dict[str, int]:
        """Every fault that was asked for → how often it happened."""
        asked = {part for name in self._names for part in parts_of(name)}
        return dict.fromkeys(sorted(asked), 0) | self.diary.counts | self.sabotage.counts()

    def _trouble(self, name: str) -> Trouble:
        draw = random.Random(f"{self._seed}/{name}")
        return Trouble(self._stage, self.takeovers, draw, self._over, self.diary, self._away)

    def _strike(self, name: str, blow: Blow) -> None:
        trouble = self._trouble(name)
        every = blow.every * (self._kinds_of_kill if name in KILLS else 1)
        pause = every * trouble.draw.uniform(0.2, 0.6)
        while not self._over.wait(pause):
            pause = every * trouble.draw.uniform(0.7, 1.3)
            try:
                blow.strike(trouble)
            except Stopped:  # somebody pressed Ctrl-C
                return
            except (*TRANSIENT, psycopg.Error) as error:
                self._stage.say(f"{name} came to nothing: {type(error).__name__}")

    def _all_outages(self) -> None:
        trouble = self._trouble("outages")
        planned = [name for name in self._names if name in OUTAGES]
        trouble.draw.shuffle(planned)
        for name in planned:
            if self._over.wait(_BREATH):
                break
            self._stage.say(f"now: {name}")
            try:
                OUTAGES[name](trouble)
            except Stopped:
                return
            except (HubError, psycopg.Error) as error:
                self._stage.say(f"{name} came to nothing: {error}")
        self._outages_done.set()
