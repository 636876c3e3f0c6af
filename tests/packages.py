"""Packages of others: built from `tests/outside`, installed beside the workspace, and in the hub's configuration."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .platform import HUBCONFIG, ROOT

SOURCES = ROOT / "tests" / "outside"


def installed(folder: Path, *names: str) -> Path:
    """Build each package into a wheel and install it, as a reseller would; answers the folder it can be imported from.

    Neither asks a network: the tools and what the packages need are there already.
    """
    wheels, place = folder / "wheels", folder / "packages"
    for name in names:
        _run(SOURCES / name, "hatchling", "build", "--target", "wheel", "--directory", str(wheels))
    found = sorted(str(wheel) for wheel in wheels.glob("*.whl"))
    assert len(found) == len(names)
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--target", str(place))
    _run(folder, "pip", "install", *options, *found)
    return place


@contextmanager
def importable(place: Path) -> Iterator[None]:
    """What is installed there can be imported, in this process and in those it starts."""
    path = os.pathsep.join(filter(None, [str(place), os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        patch.syspath_prepend(place)
        importlib.invalidate_caches()
        yield


def configured(folder: Path, **tables: str) -> Path:
    """A copy of the shipped hubconfig.toml that enables these plugins besides: name → the lines of its table."""
    more = "".join(f"\n[plugins.{name}]\n{lines}\n" for name, lines in tables.items())
    file = folder / "hubconfig.toml"
    file.write_text(HUBCONFIG.read_text(encoding="utf-8") + more, encoding="utf-8")
    return file


def _run(folder: Path, module: str, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{module} failed: {done.stdout}{done.stderr}"
