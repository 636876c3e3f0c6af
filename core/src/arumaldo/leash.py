"""Run a command that ends when the process which started it is gone: `leash.py SIGNAL PARENT UID GID COMMAND...`.

A program of its own, and of the standard library alone: the leash is put on after the change of user (which takes it
off) and before the command begins, without running Python between a fork and an exec of a process with threads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
KEEP = "-"
"""In place of UID and GID: stay who you are."""


def main(death_signal: str, parent: str, uid: str, gid: str, *command: str) -> None:
    tie = knot(int(death_signal))  # before the change of user, who may not be able to read our Python's folders
    if uid != KEEP:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    tie()
    if os.getppid() != int(parent):
        sys.exit("the process that asked for this one is gone")
    os.execv(command[0], command)  # noqa: S606 - what to run is the caller's whole purpose


def knot(death_signal: int) -> Callable[[], object]:
    """What to call so that this process gets the signal when its parent is gone (Linux; elsewhere nothing happens)."""
    if sys.platform != "linux":
        return lambda: None
    try:
        import ctypes
    except ImportError:  # a Python built without it: the supervisor still ends its children when it can
        return lambda: None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
