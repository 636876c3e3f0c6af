"""Whether a process can take a connection now: by the system's own account of who waits for what."""

from __future__ import annotations

import contextlib
from pathlib import Path

_LISTENS = "0A"  # linux/include/net/tcp_states.h


def accepts(pid: int, port: int) -> bool:
    """Whether this process waits for connections at this port of 127.0.0.1; Linux only.

    Elsewhere it is taken for granted.
    """
    process = Path(f"/proc/{pid}")
    if not Path("/proc/self/fdinfo").exists():
        return True
    sockets = {f"socket:[{number}]" for number in _listening(port)}
    with contextlib.suppress(OSError):
        handles = {handle.name: handle.readlink().name for handle in (process / "fd").iterdir()}
        listening = {name for name, what in handles.items() if what in sockets}
        polls = [name for name, what in handles.items() if what == "anon_inode:[eventpoll]"]
        return any(listening & _awaited(process, poll) for poll in polls)
    return False


def _listening(port: int) -> list[str]:
    """The system's numbers of the sockets that listen there."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text("ascii").splitlines()[1:]]
    return [row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _LISTENS]


def _awaited(process: Path, poll: str) -> set[str]:
    lines = (process / "fdinfo" / poll).read_text("ascii").splitlines()
    return {line.split()[1] for line in lines if line.startswith("tfd:")}
