"""A worker from the same parts as the product's, with one guard left out, or one that ends at a chosen place.

python -m arumaldo_prove.worker --leave-out look|token --config FILE
python -m arumaldo_prove.worker --cuts FOLDER --config FILE
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from arumaldo.bus.effects import Effects, Intent
from arumaldo.bus.handlers import HANDLERS, LANES
from arumaldo.bus.run import Runner
from arumaldo.bus.work import Work
from arumaldo.bus.worker import WorkerProcess, enrol
from arumaldo.capabilities.kinds import Made
from arumaldo.hub import Call
from arumaldo.installation import Installation
from arumaldo.store.scope import Rows
from arumaldo.workers import LANE_THREADS, REPLACE_ME, opened
from arumaldo_prove.cuts import CutRunner

LOOK, TOKEN = "look", "token"
GUARDS = (LOOK, TOKEN)


class NoLook(Effects):
    """Repeats a call without asking the vendor what the first one did."""

    def look(self, call: Call, intent: Intent) -> Made | None:
        return None


class NoToken(Work):
    """Writes also when the delivery has gone to another worker."""

    @contextmanager
    def locked(self) -> Iterator[Rows]:
        with self._store.of(self._held.owner) as rows:
            rows.session.info["cause"] = self._held.message_id
            yield rows


def runner(inst: Installation, leave_out: str | None, cuts: Path | None) -> Runner:
    """What the product's worker runs, but for one part."""
    number = enrol(inst.store)
    if cuts is not None:
        return CutRunner.on(inst, number, cuts)
    effects = NoLook if leave_out == LOOK else Effects
    work = NoToken if leave_out == TOKEN else Work
    return Runner(inst.store, HANDLERS, inst, number, effects=effects, work=work)


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--leave-out", choices=GUARDS)
    said.add_argument("--cuts", type=Path)
    said.add_argument("--config", type=Path, required=True)
    asked = said.parse_args()
    importlib.import_module("arumaldo.flows.onboarding")
    return _work(asked.config, lambda inst: runner(inst, asked.leave_out, asked.cuts))


def _work(config: Path, made: Callable[[Installation], Runner]) -> int:
    stop, late = threading.Event(), threading.Event()

    def overstayed() -> None:
        late.set()
        stop.set()

    with opened(config, os.environ, threads=LANE_THREADS * len(LANES)) as inst:
        inst.set_up()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        process = WorkerProcess(made(inst), inst.redis_url, LANE_THREADS, overstayed)
        process.start()
        stop.wait()
        finished = process.stop()
    code = REPLACE_ME if late.is_set() else 0
    if not finished:
        os._exit(code or 1)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
