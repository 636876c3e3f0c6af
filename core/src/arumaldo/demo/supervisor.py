"""Keeps a tree of processes running, and ends all of it.

    with Supervisor(state) as supervisor:
        supervisor.start(Command("web", [...]))
        return supervisor.wait()

All of it happens in one thread, the one that made the supervisor: the main thread, where signals arrive.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Self

from arumaldo.demo.child import Child, Command
from arumaldo.demo.files import Lock, make_folder, write_whole
from arumaldo.errors import ConfigError, HubError

EXIT_CONFIG = 78
"""The exit code of a command whose configuration is wrong (EX_CONFIG): starting it again would not help."""

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GLANCE = 0.05  # seconds between two looks at the children
_SETTLED = 10.0  # who lived that long died of something new
_LONGEST_PAUSE = 30.0


@dataclass
class _Watched:
    child: Child
    started_at: float
    quick_deaths: int = 0
    due_at: float | None = None
    """When to start it again; None while it runs."""
    halted: bool = False


class Stopped(HubError):
    """Somebody asked the tree to end (Ctrl-C) before it was up, or while something was done to it."""


class Supervisor:
    """The processes of one state folder: `<state>/log/<name>.log`, and `<state>/processes.json` (name → number).

    Entering the `with` takes the folder and listens for Ctrl-C and SIGTERM; leaving it ends every process, the
    last started first; a second Ctrl-C ends at once what may be ended so. ConfigError: another
    supervisor runs on this folder.
    """

    def __init__(
        self, state: Path, say: Callable[[str], None] | None = None, longest_pause: float = _LONGEST_PAUSE,
        child: Callable[[Command, Path], Child] = Child,
    ) -> None:  # fmt: skip
        """`say` is told, in a sentence, when a process had to be started again; by default it goes to stderr.

        `longest_pause` bounds the seconds until then, which grow with every quick death. `child` makes what can be
        started of a command and the folder for its log.
        """
        self.state = make_folder(state.absolute())
        self._say = say or _to_stderr
        self._longest_pause, self._made = longest_pause, child
        self._lock = Lock(self.state / "lock")
        self._watched: dict[str, _Watched] = {}
        self._asked_to_end = self._ended = False
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if (holder := self._lock.take()) is not None:
            raise ConfigError(
                f"Process {holder} already runs with the state in {self.state}:"
                " stop it first (Ctrl-C where it runs), or choose another folder with --state."
            )
        for kind in _ENDS:
            if kind != signal.SIGHUP or signal.getsignal(kind) != signal.SIG_IGN:  # nohup asked to stay
                self._handlers[kind] = signal.signal(kind, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for kind, handler in self._handlers.items():
            signal.signal(kind, handler)
        self._lock.free()

    def start(self, command: Command) -> Child:
        """Start a process and keep it running from now on. ValueError: there is one of that name."""
        if command.name in self._watched:
            raise ValueError(f"a process is already called {command.name}")
        child = self._made(command, self.state / "log")
        child.start()
        self._watched[command.name] = _Watched(child, time.monotonic())
        self._write_down()
        return child

    def run(self, command: Command) -> None:
        """Run a command to its end. ConfigError or HubError with its own words: it failed. Stopped: Ctrl-C."""
        child = self._made(command, self.state / "log")
        child.start()
        try:
            ended = self.wait(until=lambda: not child.running)
        finally:
            said, code = child.said(), child.exit_code
            child.stop()
        if ended is not None:
            raise Stopped("stopped before everything was up")
        if code:
            raise _failure(command.name, code, said)

    def wait(
        self, until: Callable[[], bool] | None = None, seconds: float | None = None, what: str = "it"
    ) -> int | None:
        """Keep everything running until Ctrl-C or SIGTERM, which answers 0.

        None: `until()` became true. ConfigError: a process ended because its configuration is wrong. HubError:
        `seconds` went by before `until()` was true; `what` is waited for, in the error's words.
        """
        ends_at = None if seconds is None else time.monotonic() + seconds
        while not self._asked_to_end:
            self._look_after_all()
            if until and until():
                return None
            if ends_at is not None and time.monotonic() > ends_at:
                raise HubError(f"{what} does not answer within {seconds:g} seconds.{self._last_words()}")
            time.sleep(_GLANCE)
        return 0

    def pid(self, name: str) -> int | None:
        """The number of the process that runs under this name now. KeyError: there is no such name. Stopped: there was,
        and all are being ended."""
        return self._known(name).child.pid

    @contextmanager
    def halted(self, name: str) -> Iterator[None]:
        """End this one, and start it again only when the `with` is left: for drills, and from any thread. Stopped: all
        are being ended."""
        watched = self._known(name)
        watched.halted = True
        watched.child.stop()
        try:
            yield
        finally:
            watched.due_at = time.monotonic()
            watched.halted = False

    def stop(self) -> None:
        """End all processes, the last started first; a second call does nothing."""
        self._ended = True
        while self._watched:
            name, watched = next(reversed(self._watched.items()))
            watched.child.stop()
            del self._watched[name]
        with contextlib.suppress(FileNotFoundError):
            (self.state / "processes.json").unlink()

    def _known(self, name: str) -> _Watched:
        watched = self._watched.get(name)
        if watched is None and self._ended:
            raise Stopped("all processes are being ended")
        return watched or self._watched[name]

    def _look_after_all(self) -> None:
        for name, watched in self._watched.items():
            if watched.halted or watched.child.running:
                continue
            if watched.due_at is None:
                self._plan_restart(name, watched)
            elif time.monotonic() >= watched.due_at:
                self._restart(watched)

    def _plan_restart(self, name: str, watched: _Watched) -> None:
        code = watched.child.exit_code or 0
        watched.child.end_group()
        if code == EXIT_CONFIG:
            raise _failure(name, code, watched.child.said())
        lived = time.monotonic() - watched.started_at
        watched.quick_deaths = watched.quick_deaths + 1 if lived < _SETTLED else 0
        pause = min(self._longest_pause, 0.1 * 2 ** min(watched.quick_deaths, 10))
        watched.due_at = time.monotonic() + pause
        self._say(f"{name} ended ({_ending(code)}); it is started again in {pause:.1f} seconds")

    def _restart(self, watched: _Watched) -> None:
        watched.child.start()
        watched.started_at, watched.due_at = time.monotonic(), None
        self._write_down()

    def _last_words(self) -> str:
        """What those say that keep dying."""
        return "".join(
            f"\n{name}, in {watched.child.log}:\n{watched.child.said()}"
            for name, watched in self._watched.items()
            if watched.quick_deaths
        )

    def _write_down(self) -> None:
        numbers = {name: watched.child.pid for name, watched in self._watched.items()}
        write_whole(self.state / "processes.json", json.dumps({"supervisor": os.getpid(), **numbers}) + "\n", 0o644)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._asked_to_end:  # asked twice: somebody does not want to wait
            for watched in self._watched.values():
                if watched.child.command.leash == signal.SIGKILL:
                    watched.child.end_group()
        self._asked_to_end = True


def _failure(name: str, code: int, said: str) -> HubError:
    if code == EXIT_CONFIG:
        return ConfigError(said or f"{name} says that its configuration is wrong, but not how")
    return HubError(f"{name} failed ({_ending(code)}). It said:\n{said or 'nothing'}")


def _ending(code: int) -> str:
    return f"signal {code - 128}" if code > 128 else f"exit code {code}"


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
