"""A runner that ends its whole process at one chosen place of one account's onboarding: around commits, calls, bells.

A place is named "handler:what-number:side", counted within one attempt; the first attempt that reaches it is cut
there. The folder of the cuts holds `plan.json` (the places; before it exists, what is passed is written to `seen`),
`taken.json` (account → number of its place) and `hit-<number>` for every place at which a process ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from arumaldo.bus.deliveries import Held
from arumaldo.bus.effects import Effects
from arumaldo.bus.handlers import HANDLERS
from arumaldo.bus.run import Runner
from arumaldo.bus.work import Work
from arumaldo.demo.files import write_whole
from arumaldo.hub import Call, Provider
from arumaldo.installation import Installation
from arumaldo.store.people import Reseller

EXIT_CUT = 86
_ONLOOKER = -1
"""The place of an account that is not to be cut."""


class Cutter(threading.local):
    """Knows, for each thread, whose delivery it works on, and ends the process at that account's place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handler = ""
        self._passed: Counter[str] = Counter()
        self._place: str | None = None
        self._number = _ONLOOKER

    def begin(self, held: Held) -> None:
        self._number, self._place = _place_of(self._folder, str(held.owner.account_id))
        self._handler, self._passed = held.handler, Counter(claim=1)

    def end(self) -> None:
        self._handler = ""

    def before(self, what: str) -> None:
        """Something is about to happen, for the so-manieth time in this attempt."""
        if self._handler:
            self._passed[what] += 1
            self._pass(what, "before")

    def after(self, what: str) -> None:
        """It has happened."""
        if self._handler:
            self._pass(what, "after")

    def _pass(self, what: str, side: str) -> None:
        name = f"{self._handler}:{what}-{self._passed[what]}:{side}"
        if self._place is None:
            with (self._folder / "seen").open("a", encoding="utf-8") as seen:
                seen.write(f"{name}\n")
        elif name == self._place and _is_first(self._folder / f"hit-{self._number}"):
            os._exit(EXIT_CUT)


def _is_first(file: Path) -> bool:
    try:
        file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _place_of(folder: Path, account: str) -> tuple[int, str | None]:
    """The account's number and place; a place of None: write down what is passed."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        plan = _read(folder / "plan.json", None)
        taken = _read(folder / "taken.json", {})
        if account not in taken:
            taken[account] = len(taken) - 1 if plan is not None else _ONLOOKER
            write_whole(folder / "taken.json", json.dumps(taken))  # another thread may end this process meanwhile
    number = taken[account]
    if plan is None:
        return number, None
    return number, plan[number] if 0 <= number < len(plan) else ""


def _read(file: Path, otherwise: Any) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else otherwise


class CutRunner(Runner):
    """The product's runner, with ears for the places."""

    cutter: Cutter

    @classmethod
    def on(cls, inst: Installation, worker: int, folder: Path) -> CutRunner:
        """One for this process; it listens to every commit of the process."""
        cutter = Cutter(folder)
        _warm_up(inst)
        made = cls(inst.store, HANDLERS, inst, worker, effects=lambda work: _CutEffects(work, cutter))
        made.cutter = cutter
        event.listen(Session, "before_commit", lambda session: cutter.before("commit"))
        event.listen(Session, "after_commit", lambda session: cutter.after("commit"))
        inst.store._ring = _rung_at_once(inst, cutter)
        return made

    def attempt(self, held: Held) -> None:
        self.cutter.begin(held)
        try:
            self.cutter.after("claim")
            super().attempt(held)
        finally:
            self.cutter.end()


def _warm_up(inst: Installation) -> None:
    """What a process reads once is read now, so that the places have the same names in every process."""
    with inst.store.hub() as session:
        resellers = session.scalars(select(Reseller.id)).all()
    for reseller in resellers:
        inst.listeners(reseller)


def _rung_at_once(inst: Installation, cutter: Cutter) -> Callable[[list[tuple[str, int]]], None]:
    """The bell, rung by the thread that committed, so that there is a before and an after."""

    def ring(rings: list[tuple[str, int]]) -> None:
        cutter.before("bell")
        inst.bell._push(rings)
        cutter.after("bell")

    return ring


class _CutEffects(Effects):
    def __init__(self, work: Work, cutter: Cutter) -> None:
        super().__init__(work)
        self._cutter = cutter

    def invoke(self, call: Call) -> Any:
        return super().invoke(Call(_heard(call.provider, self._cutter), call.hook, call.kind, call.arguments))


def _heard(provider: Provider, cutter: Cutter) -> Provider:
    made = _HeardProvider(**{field.name: getattr(provider, field.name) for field in fields(Provider)})
    object.__setattr__(made, "cutter", cutter)
    return made


class _HeardProvider(Provider):
    cutter: Cutter

    def call(self, hook: str, arguments: Mapping[str, Any], within: float | None = None) -> Any:
        self.cutter.before(f"call of {hook}")
        answer = super().call(hook, arguments, within)
        self.cutter.after(f"call of {hook}")
        return answer
