"""Starts the hub's processes in a fraction of the time: as forks of one that has read all their modules.

Each is a process of its own, with its own memory, connections and end. What is saved is two seconds of importing before
each, which would be most of what a machine does where one is killed every other second.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import connection, get_context, parent_process
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

from arumaldo import leash
from arumaldo.demo.child import Child, Command, Process

READS = "ARUMALDO_PROVE_READS"
"""The variable that names the configuration whose modules are read beforehand."""
UNREACHED = {
    "ARUMALDO_SECRET": "x" * 32,
    "ARUMALDO_DATABASE": "postgresql://app@127.0.0.1/none",
    "ARUMALDO_REDIS": "redis://127.0.0.1/0",
}
"""What a configuration needs so that it can be read; nothing is ever asked there."""
_PYTHON = [sys.executable, "-m"]
_SOCKET = "--fd"


def child_of(command: Command, logs: Path) -> Child:
    """A fork where the command is a module of Python's, and any other program as it is."""
    ours = list(command.argv[:2]) == _PYTHON and command.account is None and not command.stdin
    return Hatchling(command, logs) if ours else Child(command, logs)


class Hatchling(Child):
    """A child that is forked. It hears of the end of the process that started it, as any other."""

    def _begun(self, log: IO[bytes]) -> Process:
        return _Forked(self.command, self.log)


class _Forked:
    """What `subprocess.Popen` offers, of a fork. Safe for several threads."""

    def __init__(self, command: Command, log: Path) -> None:
        context = get_context("forkserver")
        context.set_forkserver_preload(["arumaldo_prove.modules"])
        env = dict(os.environ if command.env is None else command.env)
        shared = [_Shared(number) for number in command.sockets]
        self._process = context.Process(
            target=_become, args=(list(command.argv[2:]), env, str(log), int(command.leash), shared)
        )
        self._process.start()
        self.pid = self._process.pid or 0
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        with self._asking:
            return self._process.exitcode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        connection.wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code


class _Shared:
    """An open file of ours that the fork gets, under another number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[object]]:
        return _detached, (DupFd(self._number),)


def _detached(given: Any) -> int:
    number: int = given.detach()
    return number


def _become(words: Sequence[str], env: Mapping[str, str], log: str, signal_at_end: int, shared: Sequence[int]) -> None:
    """In the fork: be the process that the command would have started."""
    leash.knot(signal_at_end)()
    begun_by = parent_process()
    if begun_by is None or not begun_by.is_alive():  # it was gone before the leash was on
        sys.exit("the process that asked for this one is gone")
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    _write_to(log)
    sys.argv = list(words)
    if shared:
        sys.argv[words.index(_SOCKET) + 1] = str(shared[0])
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def _write_to(log: str) -> None:
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, number in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(given, number)
    os.close(written)
    os.close(nothing)
