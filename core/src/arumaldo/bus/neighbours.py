"""Workers on this machine whose process is gone: what they held need not wait until their heartbeat is old.

A process that ended is seen at once by those beside it; one that stands still, or is on another machine, is told by its
heartbeat alone.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

from sqlalchemy import text

from arumaldo.store.scope import Store

_BESIDE_US = text("SELECT id, pid FROM workers WHERE host = :host AND seen_at > hub_now() - interval '6 seconds'")


@cache
def here() -> str:
    """Where a process number means one process. Two containers are two places, and so is a machine that was started
    again; where the system cannot tell them apart, the name of the machine."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()} {booted}"
    except OSError:
        return socket.gethostname()


def gone(store: Store) -> list[int]:
    """The workers at this place whose heartbeat is young and whose process has ended; none where nobody can tell."""
    if here() == socket.gethostname():
        return []
    with store.hub() as session:
        beside_us = session.execute(_BESIDE_US, {"host": here()}).all()
    return [worker.id for worker in beside_us if not _runs(worker.pid)]


def _runs(pid: int) -> bool:
    """False for one that has ended and whose parent has not noticed yet, too."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return state not in ("Z", "X")
