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

_ENDS = (signal.SIGTERM, signal.SIGINT)


def again_while(code: int, config: Path, work: Callable[[], int]) -> int:
    """Run `work` in a new process as long as that ends with `code`; answers the other code that it ended with."""
    _read_modules(config)
    tie = leash.knot(signal.SIGKILL)
    while True:
        worker = _forked(tie, work)
        for number in _ENDS:
            signal.signal(number, lambda received, _: os.kill(worker, received))  # noqa: B023 - it is this one's turn
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        ended = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        if ended != code:
            return ended if ended >= 0 else 128 - ended


def _forked(tie: Callable[[], object], work: Callable[[], int]) -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # a new one must not take the signals that are meant for the last
    worker = os.fork()
    if worker == 0:
        for number in _ENDS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        tie()
        _end_with(work)
    return worker


def _read_modules(config: Path) -> None:
    """Those that the configuration leads to, before anything is open that a fork must not share."""
    made = Providers()
    made.make_ready(parse_file(config, environ=os.environ))
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
