"""A worker process, and a step in a process of its own. Without the web: they are started often, in bad times."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from arumaldo.alone import Nursery
from arumaldo.bus.deliveries import Held, held_by
from arumaldo.bus.handlers import HANDLERS, LANES
from arumaldo.bus.rounds import Rounds
from arumaldo.bus.run import Runner
from arumaldo.bus.worker import WorkerProcess, enrol
from arumaldo.config.model import Config
from arumaldo.config.parse import parse_file
from arumaldo.errors import ConfigError
from arumaldo.flows.repairs import reconciler
from arumaldo.hub import Providers
from arumaldo.installation import Installation

log = logging.getLogger(__name__)

_FLOWS = "arumaldo.flows.onboarding"
"""Importing it registers the steps."""
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
    log_to_stderr()
    importlib.import_module(_FLOWS)  # also where the file is wrong: the stored version is worked with then
    with suppress(ConfigError):  # whoever opens the installation is told
        read_modules(parse_file(config, environ=environ))
    nursery = Nursery(partial(attempt, config, environ))
    stop = threading.Event()
    code = 0

    def replace_me() -> None:
        nonlocal code
        code = REPLACE_ME
        stop.set()

    def alone(held: Held) -> bool:
        try:
            return _attempt_alone(nursery, stop, held)
        except OSError:
            log.exception("delivery %s could not be run alone", held.id)
            replace_me()
            return True

    with closing(nursery), opened(config, environ, threads=LANE_THREADS * len(LANES)) as inst:
        inst.set_up()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        runner = Runner(inst.store, HANDLERS, inst, enrol(inst.store), alone=alone)
        process = WorkerProcess(runner, inst.redis_url, LANE_THREADS, replace_me)
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


def read_modules(config: Config) -> None:
    """Import what this configuration leads to, and leave nothing open."""
    importlib.import_module(_FLOWS)
    made = Providers()
    made.make_ready(config)
    made.close()


def _attempt_alone(nursery: Nursery, leaving: threading.Event, held: Held) -> bool:
    """Whether the step is not to blame for how its process ended: the database was away, or the process was ended with
    its worker, as whoever stops a service ends all of its processes."""
    ends_at = time.monotonic() + max(held.within / 2, held.within - ALONE_MARGIN)
    with closing(nursery.begin(held.id, held.token)) as step:
        while (code := step.wait(0.2)) is None and time.monotonic() < ends_at:
            if leaving.is_set():
                ends_at = min(ends_at, time.monotonic() + ALONE_PATIENCE)
        if code is None:
            step.end()
            return leaving.is_set()
    return code == NOT_NOW or (code == -signal.SIGTERM and leaving.wait(5.0))


def attempt(config: Path, environ: Mapping[str, str], delivery: int, token: int) -> int:
    """Run what the holder of `token` holds, once, in this process; does nothing when it is another's by now.

    The exit code: `NOT_NOW` when there was no database, or no configuration, to run it with.
    """
    try:
        with opened(config, environ, threads=2) as inst:
            held = held_by(inst.store, delivery, token)
            if held is not None:
                Runner(inst.store, HANDLERS, inst, worker=0).attempt(held)
    except (ConfigError, DBAPIError) as error:
        log.warning("delivery %s could not be run alone: %s", delivery, error)
        return NOT_NOW
    return 0


def log_to_stderr() -> None:
    """What every process writes; a second call changes nothing."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
