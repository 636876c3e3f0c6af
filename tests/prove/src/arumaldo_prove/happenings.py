"""What went wrong when: so that whoever looks at a page that failed can see what was on at that moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SHORTLY = 10.0


@dataclass
class Happening:
    """Something that was broken from `began` to `ended` (monotonic; None: it still is)."""

    what: str
    began: float
    ended: float | None

    def overlaps(self, began: float, ended: float) -> bool:
        return self.began <= ended and (self.ended is None or self.ended >= began)


class Diary:
    """Written by every fault. Safe for several threads."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._lock = threading.Lock()
        self._happened: list[Happening] = []
        self._counts: Counter[str] = Counter()

    def note(self, fault: str, of: str = "") -> None:
        """It happens now, once more, to `of`."""
        now = time.monotonic()
        with self._lock:
            self._counts[fault] += 1
            self._happened.append(Happening(f"{fault} {of}".strip(), now, now))

    @contextmanager
    def lasting(self, fault: str, of: str = "") -> Iterator[None]:
        """It is on while the `with` lasts."""
        with self.state(f"{fault} {of}".strip()):
            self.add({fault: 1})
            yield

    @contextmanager
    def state(self, what: str) -> Iterator[None]:
        """The same for what is not a fault, but comes of one: it is not counted."""
        happening = Happening(what, time.monotonic(), None)
        with self._lock:
            self._happened.append(happening)
        try:
            yield
        finally:
            happening.ended = time.monotonic()

    def add(self, counts: dict[str, int]) -> None:
        """What somebody else has counted."""
        with self._lock:
            self._counts.update(counts)

    @property
    def counts(self) -> dict[str, int]:
        """Fault → how often it happened."""
        with self._lock:
            return dict(self._counts)

    def during(self, began: float, ended: float) -> list[str]:
        """What was on between these moments, and since when and until when, in seconds from `began`."""
        return [_told(each, began) for each in self._all() if each.overlaps(began, ended)]

    def shortly_before(self, moment: float) -> list[str]:
        """What was over by then, but not for long."""
        return [
            _told(each, moment)
            for each in self._all()
            if each.ended is not None and moment - _SHORTLY <= each.ended < moment
        ]

    def spans(self, *faults: str) -> list[tuple[float, float]]:
        """When one of these was on: begin and end."""
        return [(each.began, each.ended or time.monotonic()) for each in self._all() if each.what in faults]

    def longest(self, what: str) -> float:
        """The longest time for which it was on without a break."""
        return round(max((end - begin for begin, end in self.spans(what)), default=0.0), 1)

    def seconds_of(self, what: str, began: float, ended: float) -> float:
        """How much of the time between these moments it was on."""
        return sum(max(0.0, min(end, ended) - max(begin, began)) for begin, end in self.spans(what))

    def _all(self) -> list[Happening]:
        with self._lock:
            return list(self._happened)


def _told(each: Happening, moment: float) -> str:
    began = f"{each.began - moment:+.1f} s"
    if each.ended == each.began:
        return f"{each.what} at {began}"
    return f"{each.what} from {began} to " + ("now" if each.ended is None else f"{each.ended - moment:+.1f} s")
