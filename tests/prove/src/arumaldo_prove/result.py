"""What a proof found: for people a table, for scripts one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from arumaldo.bus.run import DEADLY
from arumaldo_prove.operator import RESTORE

TAKEOVER_SECONDS = 10.0
AWAY_SECONDS = 1.0
BEYOND_SECONDS = 10.0
UNMANNED_SECONDS = 45.0
"""While the book is put back from a copy nobody works; what plugins and kills do beside that has to end sooner."""
MONEY = frozenset({"charges", "returns"})
"""Kinds of which there may never be a second one, not even one that was undone later."""
HOLDERS_LOST = frozenset({"kill-worker", "freeze-worker"})
"""Faults after which somebody has to take over."""
BELL_AWAY = frozenset({"redis-stopped", "redis-hung"})
TOUCH_PAGES = frozenset({"kill-web", "rolling-restart", "postgres-restart"})
"""With these a page waits for other things than Redis."""
_TOLD = 10


@dataclass(frozen=True)
class Control:
    """A run with one guard left out; `with_guard`: the doubles of the very same run with it."""

    guard: str
    doubles: int
    seed: int
    with_guard: int

    @property
    def shows(self) -> bool:
        return self.doubles > 0 and self.with_guard == 0


@dataclass(frozen=True)
class Result:
    """All figures of one proof. Times are in seconds."""

    seed: int
    customers: int
    seconds: float
    faults: Mapping[str, int]
    live: int
    returned: int
    charges_per_customer: Mapping[str, int]
    wrongly_paid: int
    """Customers of whom more or less money was kept than for what they have."""
    sites_per_customer: Mapping[str, int]
    doubles: Mapping[str, int]
    undone: Mapping[str, int]
    """Of the doubles, those that were taken back; with money this changes nothing."""
    lost: int
    both: int
    """Orders that have a site and all of their money."""
    stuck: int
    amiss: int
    """Customers at their end who lack something of what belongs to it (contact, subscription, invoice, domain, mails),
    or have a subscription although their money went back."""
    unknown_left: int
    refunds: int
    settled: int
    """Charges and sites that had no order and that the operator gave back or took away."""
    kills: int
    takeovers: int
    takeover_s: Mapping[str, float]
    takeover_whole_s: Mapping[str, float]
    """The same with the time in which there was nobody who could take over."""
    longest_takeovers: Sequence[str]
    """Those that took longest: which step, how long, what became of it, and what was on meanwhile."""
    unserved_s: float
    """The longest time in which no web process served, because all were dead or starting."""
    unmanned_s: float
    """The longest time in which no worker lived, or the database was away."""
    doubts: int
    doubt_s: Mapping[str, float]
    doubt_beyond_s: float
    """The longest that a question which could be answered waited for us; `doubts` says what is counted."""
    doubt_past_sure_s: float
    longest_doubts: Sequence[str]
    """Those that took longest after their answer could have been final, and why."""
    poison: Mapping[str, int]
    """Messages that end whoever runs them: how many, the most workers that one of them ended, runs alone."""
    pages: int
    portal_errors: int
    portal_p99_s: float
    portal_p99_bell_away_s: float | None
    control: Sequence[Control] = ()
    failed_pages: Sequence[Mapping[str, Any]] = ()
    """Each page that failed, what came at each try, and which faults were on."""
    said: Sequence[str] = field(default=())
    """Where those stand who did not come to an end."""

    @property
    def holds(self) -> bool:
        return not self.broken()

    def broken(self) -> list[str]:
        """What of the promise did not hold, a sentence each; and what makes the whole run prove nothing."""
        found = {
            f"{self.lost} paid orders have neither a site nor all of their money back": self.lost,
            f"{self.both} orders have a site and their money back": self.both,
            f"{self.stuck} customers came to no end": self.stuck,
            f"{self.amiss} customers lack something at a vendor": self.amiss,
            f"{self.unknown_left} calls are still in doubt": self.unknown_left,
            f"{self.portal_errors} pages failed": self.portal_errors,
            f"charges per customer: {_span(self.charges_per_customer)}": not self._charged_once(),
            f"{self.wrongly_paid} customers did not pay for what they have": self.wrongly_paid,
            f"{self.live} sites and {self.returned} returns for {self.customers} customers": (
                self.live + self.returned != self.customers
            ),
        }
        broken = [sentence for sentence, is_so in found.items() if is_so]
        return [*broken, *self._surplus(), *self._late(), *self._void()]

    def _charged_once(self) -> bool:
        """Whose account was lost with the book orders again; what the lost order took, the operator gives back."""
        most = 2 if RESTORE in self.faults else 1
        return self.charges_per_customer["min"] == 1 and self.charges_per_customer["max"] <= most

    def _surplus(self) -> list[str]:
        """Doubles that count: of money all, of other kinds those that were not taken back."""
        left = {
            kind: count if kind in MONEY else count - self.undone.get(kind, 0) for kind, count in self.doubles.items()
        }
        return [f"{count} {kind} too many" for kind, count in left.items() if count]

    def _late(self) -> list[str]:
        books = 2 if RESTORE in self.faults else 1  # a restored one has counted fewer deaths
        found = {
            f"the slowest take-overs took {self.takeover_s['p99']} s": self.takeover_s["p99"] > TAKEOVER_SECONDS,
            f"a call stayed in doubt for {self.doubt_beyond_s} s too long": self.doubt_beyond_s > BEYOND_SECONDS,
            f"no worker lived for {self.unmanned_s} s": self.unmanned_s > UNMANNED_SECONDS,
            f"{self.settled} objects had no order although no book was lost": (
                self.settled and RESTORE not in self.faults
            ),
            f"without the bell a page took {self.portal_p99_bell_away_s} s": (
                (self.portal_p99_bell_away_s or 0) > AWAY_SECONDS
            ),
            f"one message ended {self.poison.get('most_workers')} workers": (
                self.poison.get("most_workers", 0) > DEADLY * books
            ),
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    def _void(self) -> list[str]:
        """What was to be shown and was not: a fault that never happened, a death without heirs, a mute control."""
        void = [f"void: {name} was asked for and never happened" for name, count in self.faults.items() if not count]
        if HOLDERS_LOST & self.faults.keys() and not self.takeovers:
            void.append("void: workers were killed or frozen, and no take-over was measured")
        asked = self.faults.keys()
        if asked & BELL_AWAY and not asked & TOUCH_PAGES and self.portal_p99_bell_away_s is None:
            void.append("void: Redis was away, and no page was asked for meanwhile")
        return void + [f"void: the control without {one.guard} proves nothing" for one in self.control if not one.shows]

    def as_json(self) -> str:
        """One line."""
        facts = asdict(self)
        return json.dumps({**facts, "holds": self.holds})

    def as_table(self) -> str:
        """For people, and for `docs/reliability.md`."""
        rows = {
            "customers": f"{self.customers} ({self.live} live, {self.returned} with their money back)",
            "charges per customer": _span(self.charges_per_customer),
            "sites per customer": _span(self.sites_per_customer),
            "doubles": ", ".join(f"{kind} {count}" for kind, count in self.doubles.items()),
            "undone": ", ".join(f"{kind} {count}" for kind, count in self.undone.items()),
            "lost / stuck / amiss / in doubt": f"{self.lost} / {self.stuck} / {self.amiss} / {self.unknown_left}",
            "full refunds": str(self.refunds),
            "settled by the operator": str(self.settled),
            "processes killed": str(self.kills),
            "take-over": f"{self.takeovers} times; p50 {self.takeover_s['p50']} s, "
            f"p99 {self.takeover_s['p99']} s, longest {self.takeover_s['max']} s; on the clock p99 "
            f"{self.takeover_whole_s['p99']} s, longest {self.takeover_whole_s['max']} s",
            "in doubt": f"{self.doubts} calls; p50 {self.doubt_s['p50']} s, p99 {self.doubt_s['p99']} s, "
            f"longest {self.doubt_s['max']} s; at most {self.doubt_beyond_s} s longer than needed",
            "poison": "{messages} messages; one ended {most_workers} workers at most; {alone} runs alone".format(
                **self.poison
            ),
            "pages": f"{self.pages} asked for, {self.portal_errors} failed, p99 {self.portal_p99_s} s"
            + ("" if self.portal_p99_bell_away_s is None else f", without Redis {self.portal_p99_bell_away_s} s"),
            "faults": ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())),
        } | {
            f"control: without {one.guard}": f"{one.doubles} doubles (with it {one.with_guard})" for one in self.control
        }
        width = max(map(len, rows))
        lines = [f"{name:<{width}}  {value}" for name, value in rows.items()]
        verdict = "The promise held." if not self.broken() else "The promise did NOT hold: " + "; ".join(self.broken())
        pages = [f"{page['why']} ({'; '.join(page['on'])})" for page in self.failed_pages[:_TOLD]]
        told = [*lines, *self.said, *pages, *self._why_late(), verdict]
        return "\n".join([f"seed {self.seed}, {self.seconds:.0f} seconds", *told])

    def _why_late(self) -> list[str]:
        """What the slow ones waited for; nothing where all were in time."""
        takeovers = self.longest_takeovers if self.takeover_s["p99"] > TAKEOVER_SECONDS else ()
        doubts = self.longest_doubts if self.doubt_beyond_s > BEYOND_SECONDS else ()
        return [*takeovers[:_TOLD], *doubts[:_TOLD]]


def _span(span: Mapping[str, int]) -> str:
    return f"{span['min']} to {span['max']}"


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and max; zeros where there is nothing."""
    return {"p50": at(seconds, 0.5), "p99": at(seconds, 0.99), "max": round(max(seconds, default=0.0), 2)}


def at(seconds: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(seconds)
    return round(ordered[math.ceil(share * len(ordered)) - 1], 2) if ordered else 0.0
