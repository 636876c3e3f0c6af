"""One process that we start, with its log, and end again with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from arumaldo import leash
from arumaldo.demo.accounts import Account
from arumaldo.demo.files import make_folder

_TOLD = 4_000
"""How much of a log's end is repeated in an error, in characters."""


@dataclass(frozen=True)
class Command:
    """What to run, and how to end it."""

    name: str
    argv: Sequence[str]
    """The program with its full path, then its arguments."""
    env: Mapping[str, str] | None = None
    """The whole environment; None is our own."""
    stdin: str = ""
    """What it reads, for secrets that must not stand in an argument list."""
    account: Account | None = None
    stop_signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 25.0),)
    """What to send and how many seconds to wait for the end each time; after the last one comes SIGKILL."""
    leash: signal.Signals = signal.SIGKILL
    """What it gets from the system (Linux) when the process that started it is gone."""
    before: Callable[[], None] | None = None
    """Called before each start."""
    sockets: tuple[int, ...] = ()
    """Open file descriptors that it shares with us, under the same numbers."""


class Process(Protocol):
    """What is needed of a process that was started, with the meaning of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class Child:
    """A process from a `Command`, in a session of its own, its output in `<logs>/<name>.log`.

    Start it from a thread that lives as long as it should: on Linux the leash is tied to that thread.
    """

    def __init__(self, command: Command, logs: Path) -> None:
        self.command = command
        self.log = make_folder(logs) / f"{command.name}.log"
        self._process: Process | None = None
        self._log_begins = 0
        _rotate(self.log)

    def start(self) -> None:
        """Start the process; does nothing while it runs."""
        if self.running:
            return
        if self.command.before:
            self.command.before()
        with self.log.open("ab") as log:
            self._log_begins = log.tell()
            self._process = self._begun(log)

    def _begun(self, log: IO[bytes]) -> Process:
        process = subprocess.Popen(
            self._argv(),
            env=self.command.env,
            stdin=subprocess.PIPE if self.command.stdin else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=self.command.sockets,
        )
        self._tell(process)
        return process

    def _argv(self) -> list[str]:
        account = self.command.account
        who = (str(account.uid), str(account.gid)) if account else (leash.KEEP, leash.KEEP)
        holder = [sys.executable, "-I", "-S", "-B", str(leash.__file__)]
        return [*holder, str(int(self.command.leash)), str(os.getpid()), *who, *self.command.argv]

    def _tell(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(self.command.stdin.encode())

    @property
    def pid(self) -> int | None:
        """The process number; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As the shell says it (a signal is 128 and its number); None while it runs and before the first start."""
        code = self._process.poll() if self._process else None
        return 128 - code if code is not None and code < 0 else code

    def said(self) -> str:
        """The end of what it wrote since its last start."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_begins)
                return log.read().decode("utf-8", "replace").strip()[-_TOLD:]
        except OSError:
            return ""

    def stop(self) -> None:
        """End it and what it started: first kindly, then surely. A second call does nothing."""
        if self._process is None:
            return
        for kind, seconds in self.command.stop_signals:
            if self._process.poll() is not None:
                break
            self._process.send_signal(kind)
            self._process.send_signal(signal.SIGCONT)  # one that stands still hears nothing
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.end_group()
        self._process.wait()

    def end_group(self) -> None:
        """SIGKILL for every process of its session that is still there."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _rotate(log: Path) -> None:
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
