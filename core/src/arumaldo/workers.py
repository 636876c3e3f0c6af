"""A worker process, and a step in a process of its own. Without the web: they are started often, in bad times."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from arumaldo.bus.deliveries import Held, held_by
from arumaldo.bus.handlers import HANDLERS, LANES
from arumaldo.bus.rounds import Rounds
from arumaldo.bus.run import Runner
from arumaldo.bus.worker import WorkerProcess, enrol
from arumaldo.flows.repairs import reconciler
from arumaldo.installation import Installation

log = logging.getLogger(__name__)

LANE_THREADS = 4
ALONE_PATIENCE = 15.0
"""Seconds that a step in a process of its own has to end once its worker leaves; less than the worker takes itself."""
ALONE_MARGIN = 5.0
"""Seconds by which such a step ends before others may take it, so that its worker can say how it ended."""
REPLACE_ME = NOT_NOW = 75
"""Exit code (sysexits EX_TEMPFAIL) of a worker that leaves because a step holds a thread for good, and of a step in a
process of its own from which the database went away."""


@contextmanager
def opened(config: Path, environ: Mapping[str, str], *, threads: int | None = None) -> Iterator[Installation]:
    """The installation, closed at the end."""
    log_to_stderr()
    inst = Installation(config, environ, threads=threads)
    try:
        yield inst
    finally:
        inst.close()


def serve_worker(config: Path, environ: Mapping[str, str]) -> int:
    """Work until SIGTERM, or until a step overstays; the exit code tells which."""
    importlib.import_module("arumaldo.flows.onboarding")
    stop = threading.Event()
    code = 0

    def overstayed() -> None:
        nonlocal code
        code = REPLACE_ME
        stop.set()

    with opened(config, environ, threads=LANE_THREADS * len(LANES)) as inst:
        inst.set_up()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        runner = Runner(inst.store, HANDLERS, inst, enrol(inst.store), alone=partial(_attempt_alone, config, stop))
        process = WorkerProcess(runner, inst.redis_url, LANE_THREADS, overstayed)
        rounds = Rounds(inst.store, reconciler(inst), runner.worker, inst.config.hub.reconcile_every)
        process.start()
        rounds.start()
        stop.wait()
        rounds.stop()
        log.info("this worker leaves: it claims nothing more, and finishes or hands back what it holds")
        if not process.stop():
            logging.shutdown()
            os._exit(code)  # threads that cannot be ended go with the process, before others take up what they held
    return code


def _attempt_alone(config: Path, leaving: threading.Event, held: Held) -> bool:
    """Whether the step is not to blame for how its process ended: the database was away, or the process was ended with
    its worker, as whoever stops a service ends all of its processes."""
    words = ["attempt", str(held.id), str(held.token), "--config", str(config)]
    ends_at = time.monotonic() + max(held.within / 2, held.within - ALONE_MARGIN)
    with subprocess.Popen([sys.executable, "-m", "arumaldo", *words]) as process:
        while (code := _ended(process)) is None and time.monotonic() < ends_at:
            if leaving.is_set():
                ends_at = min(ends_at, time.monotonic() + ALONE_PATIENCE)
        if code is None:
            process.kill()
            return leaving.is_set()
    return code == NOT_NOW or (code == -signal.SIGTERM and leaving.wait(5.0))


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(0.2)
    except subprocess.TimeoutExpired:
        return None


def attempt(config: Path, environ: Mapping[str, str], delivery: int, token: int) -> None:
    """Run what the holder of `token` holds, once, in this process. Does nothing when it is another's by now."""
    importlib.import_module("arumaldo.flows.onboarding")
    try:
        with opened(config, environ, threads=2) as inst:
            held = held_by(inst.store, delivery, token)
            if held is not None:
                Runner(inst.store, HANDLERS, inst, worker=0).attempt(held)
    except DBAPIError:
        log.warning("the database went away while delivery %s ran alone", delivery)
        raise SystemExit(NOT_NOW) from None


def log_to_stderr() -> None:
    """What every process writes; a second call changes nothing."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
