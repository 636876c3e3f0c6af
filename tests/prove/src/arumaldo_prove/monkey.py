"""Makes things go wrong, by a plan that a seed decides, until it is told to stop."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence

import psycopg

from arumaldo_prove.faults import (
    BLOWS,
    KILLS,
    LATE_SEARCH,
    OUTAGES,
    TRANSIENT,
    WEATHER,
    Blow,
    Trouble,
    begin_weather,
    end_weather,
)
from arumaldo_prove.stage import Stage
from arumaldo_prove.takeover import Takeovers

_BREATH = 3.0
"""Seconds between two outages."""


class Monkey:
    """Works from `start` until `stop`. `counts` says how often it did what."""

    def __init__(self, stage: Stage, seed: int, names: Sequence[str], away: float) -> None:
        self.counts: Counter[str] = Counter()
        self.takeovers = Takeovers(stage)
        self.outages: list[tuple[float, float]] = []
        self.happened: list[tuple[float, str]] = []
        self._stage, self._seed, self._names, self._away = stage, seed, list(names), away
        self._kinds_of_kill = len(set(names) & KILLS)
        self._over = threading.Event()
        self._outages_done = threading.Event()
        self._threads = [
            threading.Thread(target=self._strike, args=(name, BLOWS[name]), name=name)
            for name in self._names
            if name in BLOWS
        ]
        self._threads.append(threading.Thread(target=self._all_outages, name="outages"))

    def start(self) -> None:
        begin_weather(self._stage, self._names, self._seed)
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
        hits = end_weather(self._stage)
        self.counts.update({name: count for name, count in hits.items() if count})
        asked = {name for name in self._names if name in WEATHER}
        self.counts.update(dict.fromkeys(asked - set(self.counts) - {"vendor-errors"}, 0))
        if LATE_SEARCH in self._names:
            self.counts[LATE_SEARCH] += 1

    def _trouble(self, name: str) -> Trouble:
        draw = random.Random(f"{self._seed}/{name}")
        return Trouble(
            self._stage, self.takeovers, draw, self._over, self.counts, self._away, self.outages, self.happened
        )

    def _strike(self, name: str, blow: Blow) -> None:
        trouble = self._trouble(name)
        every = blow.every * (self._kinds_of_kill if name in KILLS else 1)
        pause = every * trouble.draw.uniform(0.2, 0.6)
        while not self._over.wait(pause):
            pause = every * trouble.draw.uniform(0.7, 1.3)
            try:
                blow.strike(trouble)
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
            OUTAGES[name](trouble)
        self._outages_done.set()
