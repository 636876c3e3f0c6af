"""Runs a step in a process of its own, without the seconds that a start takes: as a fork of a process that has read
all modules already, and does nothing else.

That process is made before the worker has a thread or a connection, which a fork must not share. It ends with the
worker, and on Linux a step under way ends with it; whoever takes the step up looks for what it has made.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import NoReturn

from arumaldo import leash

Run = Callable[[int, int], int]
"""(delivery, token) → exit code; called in the process of its own."""
_ASKED, _PID, _CODE = struct.Struct("!qq"), struct.Struct("!q"), struct.Struct("!i")
_STOPS = (signal.SIGTERM, signal.SIGINT)


class Alone:
    """A step in a process of its own: what `subprocess.Popen` would offer."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._pid = _PID.unpack(_heard(line, _PID.size))[0]

    def wait(self, seconds: float) -> int | None:
        """Its exit code, a signal as a negative number; None while it runs. OSError: nobody can tell how it ended."""
        if not select.select([self._line], [], [], seconds)[0]:
            return None
        code: int = _CODE.unpack(_heard(self._line, _CODE.size))[0]
        return code

    def end(self) -> None:
        """SIGKILL, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with suppress(OSError):
            self.wait(60.0)

    def close(self) -> None:
        """Ask no more. A second call does nothing."""
        self._line.close()


class Nursery:
    """The process that is forked. Make it first of all; `begin` may be called by any thread."""

    def __init__(self, run: Run) -> None:
        self._asking = threading.Lock()
        self._line, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            with _for_good():
                self._line.close()
                _serve(theirs, run)
        theirs.close()

    def begin(self, delivery: int, token: int) -> Alone:
        """Run what the holder of `token` holds. OSError: there is no such process any more."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._asking:
                socket.send_fds(self._line, [_ASKED.pack(delivery, token)], [theirs.fileno()])
            return Alone(ours)
        except OSError:
            ours.close()
            raise

    def close(self) -> None:
        """Begin nothing more, and wait until the process has ended. A second call does nothing."""
        self._line.close()
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


@contextmanager
def _for_good() -> Iterator[None]:
    """This process ends here, whatever happens: what comes after is its parent's."""
    try:
        yield
    except BaseException:
        logging.exception("a process beside a worker ended")
        raise
    finally:
        os._exit(1)


def _serve(asked: socket.socket, run: Run) -> NoReturn:
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)  # it ends when the worker does
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is forgotten by the system itself
    tie = _knot()
    while True:
        said, files, _, _ = socket.recv_fds(asked, _ASKED.size, 1)
        if not said:
            os._exit(0)
        with socket.socket(fileno=files[0]) as line:
            if os.fork() == 0:
                with _for_good():
                    tie()
                    asked.close()
                    _watch(line, partial(run, *_ASKED.unpack(said)))


def _watch(line: socket.socket, run: Callable[[], int]) -> NoReturn:
    """Start the step, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # the step is to get them, also those that come too early
    tie = _knot()
    pid = os.fork()
    if pid == 0:
        tie()
        line.close()
        _become(run)
    with suppress(OSError):  # the worker is gone, and nobody listens
        line.sendall(_PID.pack(pid))
        line.sendall(_CODE.pack(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    os._exit(0)


def _become(run: Callable[[], int]) -> NoReturn:
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    code = 1
    try:
        code = run()
    except BaseException:
        logging.exception("a step ended the process that ran it alone")
    finally:
        logging.shutdown()
        os._exit(code)


def _knot() -> Callable[[], None]:
    """What a fork of this process calls, so that it ends with this one; also where this one has ended already."""
    parent, tie = os.getpid(), leash.knot(signal.SIGKILL)

    def tied() -> None:
        tie()
        if os.getppid() != parent:
            os._exit(1)

    return tied


def _heard(line: socket.socket, size: int) -> bytes:
    said = line.recv(size, socket.MSG_WAITALL)
    if len(said) < size:
        raise ConnectionResetError("the process that watched a step is gone")
    return said
