"""Starts a worker again in a fraction of the time: as a fork of a process that has read all modules already.

Each worker is a process of its own that ends for good; what is saved is two seconds of importing before each.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from arumaldo.config.parse import parse_file
from arumaldo.demo import leash
from arumaldo.hub import Providers


def again_while(code: int, config: Path, work: Callable[[], int]) -> int:
    """Run `work` in a new process as long as that ends with `code`; answers the other code that it ended with."""
    _read_modules(config)
    tie = leash.knot(signal.SIGKILL)
    while True:
        worker = os.fork()
        if worker == 0:
            tie()
            _end_with(work)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _: os.kill(worker, received))  # noqa: B023 - it is this one's turn
        ended = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        if ended != code:
            return ended if ended >= 0 else 128 - ended


def _read_modules(config: Path) -> None:
    """Those that the configuration leads to, before anything is open that a fork must not share."""
    parsed, made = parse_file(config, environ=os.environ), Providers()
    for slug, reseller in parsed.resellers.items():
        for capability, plugins in reseller.providers.items():
            for plugin in plugins:
                made.get(slug, reseller, plugin, capability)
    made.close()


def _end_with(work: Callable[[], int]) -> None:
    code = 1
    try:
        code = work()
    except Exception:
        logging.exception("the worker ended by itself")
    finally:
        logging.shutdown()
        os._exit(code)
