"""Small files of the state folder: whole after every change, and secret ones readable by their owner only."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import Self

from arumaldo.errors import ConfigError


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace the file in one step, also when the machine stops in the middle; a second call replaces it again."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def secret_in(path: Path) -> str:
    """The secret kept in this file (mode 600); made at the first call, the same ever after."""
    if not path.exists():
        write_whole(path, secrets.token_urlsafe(32) + "\n")
    return path.read_text(encoding="utf-8").strip()


def make_folder(path: Path) -> Path:
    """The folder, made where it is missing. ConfigError when it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {path} cannot be made ({error.strerror}): choose another with --state."
        ) from error
    return path


class Lock:
    """One holder at a time, told by its process number. The system lets go of it when the process ends, however."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> int | None:
        """None when it is ours now, and when it was before; else the number of the process that holds it."""
        if self._handle is not None:
            return None
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            return int(holder) if holder.isdigit() else 0
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        self._handle = handle
        return None

    def free(self) -> None:
        """Let go; a second call does nothing."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()
