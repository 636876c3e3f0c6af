"""Where a database server keeps its data and finds its programs, so that the user it runs as reaches both.

Ordinarily: data in the state folder, programs in the wheel. Started by root the server runs as another user, who may
not be able to enter our folders (a checkout below /root, a temporary folder). Nobody's folder is opened for that:
the data, and one copy of the programs, then live in folders of our own beside other long-lived temporary files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from arumaldo.demo.accounts import Account
from arumaldo.demo.files import make_folder
from arumaldo.demo.programs import PostgresPrograms
from arumaldo.errors import ConfigError

_ELSEWHERE = (Path("/var/tmp"), Path(tempfile.gettempdir()))  # noqa: S108 - what we make there is checked to be ours


def home_of(state: Path, account: Account | None) -> Path:
    """The folder for the server's data, mode 700: `<state>/postgres`, or what that links to.

    A second call gives the same. What is found elsewhere without the link belongs to a state folder that was
    thrown away, and goes.
    """
    inside = state / "postgres"
    if inside.is_symlink():
        return _owned(_outside_folder(state) / "postgres", account)
    make_folder(state)
    home = _owned(inside, account)
    if account is None or account.reaches(home):
        return home
    outside = _outside_folder(state) / "postgres"
    shutil.rmtree(outside, ignore_errors=True)
    inside.rmdir()
    inside.symlink_to(outside)
    return _owned(outside, account)


def remove_home(state: Path) -> None:
    """Throw the data away, wherever it is; a second call changes nothing. The server must have stopped."""
    inside = state / "postgres"
    if inside.is_symlink():
        inside.unlink()
        shutil.rmtree(_outside_folder(state))
    elif inside.exists():
        shutil.rmtree(inside)


def programs_for(programs: PostgresPrograms, account: Account | None) -> PostgresPrograms:
    """The programs where `account` can run them: as they are, or a copy of the wheel, made once for all states."""
    if account is None or account.runs(str(programs.bin / "postgres"), "--version"):
        return programs
    if programs.wheel is None:
        raise ConfigError(f"The user {account.name} cannot run {programs.bin}/postgres: open it with chmod a+rx.")
    copied = _copy_of(programs, programs.wheel)
    if not account.runs(str(copied.bin / "postgres"), "--version"):
        shutil.rmtree(copied.wheel or copied.bin)  # perhaps half of it was tidied away: once more
        copied = _copy_of(programs, programs.wheel)
    if not account.runs(str(copied.bin / "postgres"), "--version"):
        raise ConfigError(
            f"The user {account.name} can run PostgreSQL neither from {programs.bin} nor from {copied.bin}:"
            " start the demo as an ordinary user."
        )
    return copied


def _owned(folder: Path, account: Account | None) -> Path:
    make_folder(folder)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    return folder


def _outside_folder(state: Path) -> Path:
    name = hashlib.sha256(str(state.absolute()).encode()).hexdigest()[:16]
    return _ours(_long_lived() / f"arumaldo-{name}")


def _long_lived() -> Path:
    return next((folder for folder in _ELSEWHERE if folder.is_dir() and os.access(folder, os.W_OK)), _ELSEWHERE[-1])


def _ours(folder: Path) -> Path:
    """A folder that others may enter and only we may write in; ConfigError when somebody else put it there."""
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise ConfigError(f"{folder} was made by somebody else: remove it, or choose another folder with --state.")
    folder.chmod(0o755)
    return folder


def _copy_of(programs: PostgresPrograms, wheel: Path) -> PostgresPrograms:
    size = (programs.bin / "postgres").stat().st_size
    folder = _long_lived() / f"arumaldo-programs-{programs.major}-{size}"
    if not folder.exists():
        _copy([programs.bin.parent, *wheel.parent.glob(f"{wheel.name}.libs")], wheel.parent, folder)
    return replace(programs, bin=_ours(folder) / programs.bin.relative_to(wheel.parent), wheel=folder)


def _copy(parts: Sequence[Path], root: Path, folder: Path) -> None:
    new = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    for part in parts:
        shutil.copytree(part, new / part.relative_to(root), symlinks=True, ignore=shutil.ignore_patterns("include"))
    _open(new)
    try:
        new.rename(folder)
    except OSError:  # another start was faster
        shutil.rmtree(new)


def _open(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
