"""Whether a process can take a connection now: by the system's own account of who waits for what."""

from __future__ import annotations

import contextlib
from pathlib import Path


def accepts(pid: int) -> bool:
    """Whether this process waits for connections on the listening socket that it was handed; Linux only.

    Elsewhere it is taken for granted.
    """
    process = Path(f"/proc/{pid}")
    if not Path("/proc/self/fdinfo").exists():
        return True
    with contextlib.suppress(OSError, ValueError):
        words = (process / "cmdline").read_bytes().split(b"\0")
        listening = int(words[words.index(b"--fd") + 1])
        for handle in (process / "fd").iterdir():
            if handle.readlink().name == "anon_inode:[eventpoll]" and _waits_for(process, handle.name, listening):
                return True
    return False


def _waits_for(process: Path, waiting: str, listening: int) -> bool:
    lines = (process / "fdinfo" / waiting).read_text("ascii").splitlines()
    return any(line.split()[:2] == ["tfd:", str(listening)] for line in lines)
