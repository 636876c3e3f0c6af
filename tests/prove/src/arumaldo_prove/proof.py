"""One proof: customers walk, the monkey works, the judge counts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import psycopg

from arumaldo.demo.businesses import COUNT
from arumaldo_prove.faults import FROZEN_SECONDS, KILLS, OUTAGES
from arumaldo_prove.judge import judge
from arumaldo_prove.monkey import Monkey
from arumaldo_prove.people import Crowd
from arumaldo_prove.result import Result, at, percentiles
from arumaldo_prove.stage import Stage

PACE = 0.7
"""Seconds between two arrivals."""
FINAL_WITHIN = 120.0
"""Seconds after the last fault within which everybody must have come to an end."""
_TOLD = 10
_SHORTLY = 15.0
_LONGEST_OUTAGES = 400.0
_SHORTEST, _LONGEST = 8.0, 60.0
_IN_DOUBT = "SELECT count(*) FROM effects WHERE state IN ('intended', 'unknown')"
_TOUCH_PAGES = frozenset({"kill-web", "rolling-restart", "postgres-restart"})
"""With these a page waits for other things than Redis."""
_LONGER = 60.0
"""Seconds for which faults go on when the last customer has come."""


def away_seconds(customers: int) -> float:
    """How long Redis is away: a minute in a proof of 200 customers, less in a small one."""
    return min(_LONGEST, max(_SHORTEST, 0.3 * customers))


def prove_once(stage: Stage, seed: int, customers: int, faults: Sequence[str]) -> Result:
    """Onboard so many customers while these faults happen; returns when all is over and counted."""
    began, away = time.monotonic(), away_seconds(customers)
    first = random.Random(seed).randrange(COUNT)
    crowd = Crowd(stage.tree.base_url, stage.tree.sandbox_url, customers, first, _arrivals(customers, faults, away))
    monkey = Monkey(stage, seed, faults, away)
    progress = _Progress(stage, crowd)
    monkey.start()
    crowd.start()
    crowd.wait(_arrivals(customers, faults, away), progress)
    _wait(lambda: monkey.has_shown_all, _LONGEST_OUTAGES)
    _wait(lambda: 4 * crowd.ended >= 3 * customers, _LONGER, progress)
    monkey.stop()
    stage.say("the last fault is over")
    crowd.wait(FINAL_WITHIN, progress)
    crowd.send_home()
    return _counted(stage, seed, crowd, monkey, faults, time.monotonic() - began)


def _wait(until: Callable[[], bool], seconds: float, told: Callable[[], None] = lambda: None) -> None:
    ends_at = time.monotonic() + seconds
    while not until() and time.monotonic() < ends_at:
        told()
        time.sleep(0.1)


def _arrivals(customers: int, faults: Sequence[str], away: float) -> float:
    """Seconds over which customers arrive: at least so long that some are there at every fault."""
    outages = sum(away if name.startswith("redis-") else 12.0 for name in faults if name in OUTAGES)
    return max(PACE * customers, outages, FROZEN_SECONDS)


def _counted(stage: Stage, seed: int, crowd: Crowd, monkey: Monkey, faults: Sequence[str], seconds: float) -> Result:
    monkey.takeovers.close()
    found, people = judge(crowd.people, stage.ledgers()), crowd.people
    pages = [took for _, took in crowd.meter.pages]
    away = [took for when, took in crowd.meter.pages if any(begin <= when <= end for begin, end in monkey.outages)]
    unended = [f"{person.business.name} {person.said}" for person in people if person.ended is None]
    return Result(
        seed=seed,
        customers=len(people),
        seconds=round(seconds, 1),
        faults={name: monkey.counts[name] for name in sorted({*monkey.counts, *faults} - {"vendor-errors"})},
        live=sum(person.ended == "live" for person in people),
        returned=sum(person.ended == "returned" for person in people),
        charges_per_customer={"min": min(found.charges), "max": max(found.charges)},
        sites_per_customer={"min": min(found.sites), "max": max(found.sites)},
        doubles=found.doubles,
        undone=found.undone,
        lost=found.lost,
        stuck=len(unended),
        unknown_left=_in_doubt(stage),
        refunds=found.refunds,
        kills=sum(monkey.counts[name] for name in KILLS),
        takeovers=len(monkey.takeovers.seconds),
        takeover_s=percentiles(monkey.takeovers.seconds),
        pages=len(pages),
        portal_errors=len(crowd.meter.errors),
        portal_p99_s=at(pages, 0.99),
        portal_p99_bell_away_s=at(away, 0.99) if away and not _TOUCH_PAGES & set(faults) else None,
        said=[*unended[:_TOLD], *(_told(when, why, monkey) for when, why in crowd.meter.errors[:_TOLD])],
    )


def _told(when: float, why: str, monkey: Monkey) -> str:
    """Why a page failed, and what had happened just before."""
    before = [f"{what} {when - at_time:.1f} s" for at_time, what in monkey.happened if 0 < when - at_time < _SHORTLY]
    return f"{why} (before it: {', '.join(before) or 'nothing'})"


def _in_doubt(stage: Stage) -> int:
    for _ in range(5):
        try:
            return int(stage.rows(_IN_DOUBT)[0][0])
        except psycopg.OperationalError:
            time.sleep(1)
    return int(stage.rows(_IN_DOUBT)[0][0])


class _Progress:
    """Tells, now and then, how many have come to an end."""

    def __init__(self, stage: Stage, crowd: Crowd) -> None:
        self._stage, self._crowd, self._told = stage, crowd, -1

    def __call__(self) -> None:
        tenth = 10 * self._crowd.ended // len(self._crowd.people)
        if tenth > self._told:
            self._stage.say(f"{self._crowd.ended} of {len(self._crowd.people)} customers have come to an end")
        self._told = tenth
