"""One proof: customers walk, the monkey works, the judge counts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import psycopg

from arumaldo.demo.businesses import COUNT
from arumaldo_prove.doubts import Doubt, Doubts
from arumaldo_prove.faults import FROZEN_SECONDS, KILLS, OUTAGES
from arumaldo_prove.happenings import Diary
from arumaldo_prove.judge import Findings, judged
from arumaldo_prove.monkey import Monkey
from arumaldo_prove.operator import Operator
from arumaldo_prove.pages import FailedPage
from arumaldo_prove.people import Crowd
from arumaldo_prove.presence import NOBODY_SERVES, NOBODY_WORKS
from arumaldo_prove.result import BELL_AWAY, TOUCH_PAGES, Result, at, percentiles
from arumaldo_prove.stage import Stage

PACE, SLOWEST = 4.0, 20.0
"""Seconds between two arrivals: at least, and on a machine that is too slow for a proof."""
FINAL_WITHIN = 120.0
"""Seconds after the last fault within which everybody must have come to an end."""
_AFTERWARDS = 60.0
"""Seconds for what is still done when all have come to their ends: a mail, an entry in the books."""
_TOLD = 10
_LONGEST_OUTAGES = 400.0
_SHORTEST, _LONGEST = 8.0, 60.0
_IN_DOUBT = "SELECT count(*) FROM effects WHERE state IN ('intended', 'unknown')"
_LONGER = 45.0
"""Seconds for which faults go on when the last customer has come."""


def away_seconds(customers: int) -> float:
    """How long Redis is away: a minute in a proof of 200 customers, less in a small one."""
    return min(_LONGEST, max(_SHORTEST, 0.3 * customers))


def prove_once(stage: Stage, seed: int, customers: int, faults: Sequence[str]) -> Result:
    """Onboard so many customers while these faults happen; returns when all is over and counted."""
    began, away = time.monotonic(), away_seconds(customers)
    first = random.Random(seed).randrange(COUNT)
    crowd = Crowd(stage.tree.base_url, stage.tree.sandbox_url, customers, first, _arrivals(customers, faults, away))
    monkey, doubts = Monkey(stage, seed, faults, away, customers), Doubts(stage)
    progress = _Progress(stage, crowd)
    monkey.start()
    crowd.start()
    _wait(lambda: crowd.have_all_come, 60.0 + SLOWEST * customers, progress)
    _wait(lambda: monkey.has_shown_all, _LONGEST_OUTAGES, progress)
    _wait(lambda: 4 * crowd.ended >= 3 * customers, _LONGER, progress)
    monkey.stop()
    stage.say("the last fault is over")
    over = time.monotonic()
    crowd.come_back()
    crowd.wait(FINAL_WITHIN, progress)
    crowd.send_home()
    _wait(lambda: not _in_doubt(stage), FINAL_WITHIN - (time.monotonic() - over))
    unknown_left = _in_doubt(stage)
    settled = Operator(stage).work_off_the_list()
    found = judged(crowd.people, stage.ledgers, _AFTERWARDS)
    doubts.close()
    monkey.leave()
    result = _counted(found, seed, crowd, monkey, doubts, faults, time.monotonic() - began)
    return replace(result, settled=settled, unknown_left=unknown_left)


def _wait(until: Callable[[], bool], seconds: float, told: Callable[[], None] = lambda: None) -> None:
    ends_at = time.monotonic() + seconds
    while not until() and time.monotonic() < ends_at:
        told()
        time.sleep(0.1)


def _arrivals(customers: int, faults: Sequence[str], away: float) -> float:
    """Seconds over which customers arrive: at least so long that some are there at every fault."""
    outages = sum(away if name.startswith("redis-") else 12.0 for name in faults if name in OUTAGES)
    return max(PACE * customers, outages, FROZEN_SECONDS)


def _counted(
    found: Findings, seed: int, crowd: Crowd, monkey: Monkey, doubts: Doubts, faults: Sequence[str], seconds: float
) -> Result:
    people, counts = crowd.people, monkey.counts
    amiss = [f"{one.business.name}: {', '.join(what)}" for one, what in zip(people, found.amiss, strict=True) if what]
    unended = [f"{person.business.name} {person.said}" for person in people if person.ended is None]
    return Result(
        seed=seed,
        customers=len(people),
        seconds=round(seconds, 1),
        faults=counts,
        live=sum(person.ended == "live" for person in people),
        returned=sum(person.ended == "returned" for person in people),
        charges_per_customer={"min": min(found.charges), "max": max(found.charges)},
        wrongly_paid=sum(
            kept != (person.ended == "live") for person, kept in zip(people, found.kept, strict=True) if person.ended
        ),
        sites_per_customer={"min": min(found.sites), "max": max(found.sites)},
        doubles=found.doubles,
        undone=found.undone,
        lost=found.lost,
        both=found.both,
        stuck=len(unended),
        amiss=len(amiss),
        unknown_left=0,
        refunds=found.refunds,
        settled=0,
        kills=sum(counts.get(name, 0) for name in KILLS),
        takeovers=len(monkey.takeovers.seconds),
        takeover_s=percentiles(monkey.takeovers.seconds),
        takeover_whole_s=percentiles(monkey.takeovers.whole),
        longest_takeovers=monkey.takeovers.longest,
        unserved_s=monkey.diary.longest(NOBODY_SERVES),
        unmanned_s=monkey.diary.longest(NOBODY_WORKS),
        **_of_doubts(doubts.questions.all()),
        poison=asdict(monkey.sabotage.poison()),
        pages=len(crowd.meter.pages),
        portal_errors=len(crowd.meter.failed),
        portal_p99_s=at([page.seconds for page in crowd.meter.pages], 0.99),
        portal_p99_bell_away_s=_bell_away(crowd, monkey, faults),
        failed_pages=[_explained(page, monkey.diary) for page in crowd.meter.failed],
        said=[*unended, *amiss, *found.doubled][:_TOLD],
    )


def _of_doubts(doubts: Sequence[Doubt]) -> dict[str, Any]:
    longest = sorted(doubts, key=lambda doubt: (doubt.beyond, doubt.past_sure), reverse=True)
    return {
        "doubts": len(doubts),
        "doubt_s": percentiles([doubt.seconds for doubt in doubts]),
        "doubt_beyond_s": round(max((doubt.beyond for doubt in doubts), default=0.0), 1),
        "doubt_past_sure_s": round(max((doubt.past_sure for doubt in doubts), default=0.0), 1),
        "longest_doubts": [doubt.told() for doubt in longest[:_TOLD]],
    }


def _bell_away(crowd: Crowd, monkey: Monkey, faults: Sequence[str]) -> float | None:
    away = monkey.diary.spans(*BELL_AWAY)
    took = [page.seconds for page in crowd.meter.pages if any(begin <= page.began <= end for begin, end in away)]
    return at(took, 0.99) if took and not TOUCH_PAGES & set(faults) else None


def _explained(page: FailedPage, diary: Diary) -> dict[str, object]:
    """Why a page failed: what came at each try, and what was broken meanwhile; seconds from the first try."""
    return {
        "page": page.page,
        "why": page.why,
        "at": round(page.began - diary.began, 1),
        "tries": [
            {"after": round(one.began - page.began, 1), "seconds": round(one.seconds, 1), "answer": one.answer}
            for one in page.tries
        ],
        "said": page.said,
        "on": diary.during(page.began, page.ended),
        "before": diary.shortly_before(page.began),
    }


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
