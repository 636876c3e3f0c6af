"""What `arumaldo demo` does: the platform for a person in a browser, or a number of customers and a report."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arumaldo.demo.report import Report
from arumaldo.demo.supervisor import Stopped
from arumaldo.demo.tree import Tree, start
from arumaldo.demo.walker import walk
from arumaldo.words import HUBCONFIG, STATE

EXIT_INTERRUPTED = 130


def interactive(
    state: Path,
    config: Path,
    port: int | None = None,
    workers: int = 2,
    welcome: Callable[[Tree], str] | None = None,
) -> int:
    """Run until Ctrl-C; the exit code: 0, or 130 when Ctrl-C came before everything was up.

    `welcome` adds what else a person should know when everything is up.

    Errors are those of `tree.start`.
    """
    _tell("Starting the database, the sandboxes, the portal and the workers …")
    try:
        with start(state, config, port, workers, _tell) as tree:
            sys.stdout.write(f"Arumaldo Cloud is ready: {tree.base_url}\n{welcome(tree) if welcome else ''}")
            sys.stdout.write(f"The test letter box: {tree.sandbox_url}/letters\n")
            sys.stdout.write(f"What the vendors hold: {tree.sandbox_url}/_control/ledger\n")
            sys.stdout.write(f"What waits for a person, in another terminal here: {_today(state, config)}\n")
            sys.stdout.write(f"Logs are in {tree.supervisor.state / 'log'}. Ctrl-C ends all of it.\n")
            sys.stdout.flush()
            code = tree.wait() or 0
            _tell("\nStopping …")
    except Stopped:
        return EXIT_INTERRUPTED
    return code


def _today(state: Path, config: Path) -> str:
    place = "" if state == STATE else f"ARUMALDO_STATE={shlex.quote(str(state))} "
    file = "" if config == HUBCONFIG else f" --config {shlex.quote(str(config))}"
    return f"{place}{shlex.quote(os.path.relpath(sys.argv[0]))} today{file}"


def customers(
    state: Path,
    config: Path,
    count: int,
    port: int | None = None,
    workers: int = 2,
    parallel: int = 8,
    *,
    as_json: bool = False,
) -> int:
    """Walk `count` customers through the onboarding and report on stdout; as JSON it is the last line there.

    0: all are live and the ledgers agree. 1: not so. 130: Ctrl-C. Errors are those of `tree.start`.
    """
    try:
        with start(state, config, port, workers, _tell) as tree:
            report = _walk(tree, count, parallel)
    except Stopped:
        return EXIT_INTERRUPTED
    if report is None:
        return EXIT_INTERRUPTED
    for reason in report.reasons:
        _tell(reason)
    sys.stdout.write(f"{report.as_json() if as_json else report.as_text()}\n")
    sys.stdout.flush()
    return 0 if report.agrees else 1


def _walk(tree: Tree, count: int, parallel: int) -> Report | None:
    """The walkers have threads of their own: this one keeps the tree running meanwhile."""
    enough = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(walk, tree.base_url, tree.sandbox_url, count, parallel, Bar(), enough)
        try:
            ended = tree.wait(until=report.done)
        finally:
            enough.set()
    return report.result() if ended is None else None


class Bar:
    """Progress on stderr: one line that redraws itself on a terminal, a line for each tenth elsewhere."""

    _WIDTH = 30

    def __init__(self) -> None:
        self._shown = -1

    def __call__(self, done: int, total: int, live: int) -> None:
        tenth = 10 * done // max(total, 1)
        filled = self._WIDTH * done // max(total, 1)
        text = f"[{'#' * filled:.<{self._WIDTH}}] {done} of {total} customers done, {live} live"
        end = "\n" if done == total else ""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{text}{end}")
        elif tenth > self._shown:
            sys.stderr.write(f"{text}\n")
        self._shown = tenth
        sys.stderr.flush()


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
