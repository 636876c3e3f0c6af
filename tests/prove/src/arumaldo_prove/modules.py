"""Reads every module that the hub's processes lead to: the first that the process does which is forked.

Nothing is open afterwards that a fork must not share. It ends with whoever started it, and its forks with it.
"""

from __future__ import annotations

import importlib
import os
import signal
from importlib.metadata import entry_points
from pathlib import Path

from arumaldo import leash
from arumaldo.config.parse import parse_file
from arumaldo.serve import PORTALS
from arumaldo.workers import read_modules
from arumaldo_prove.nest import READS, UNREACHED


def read(config: Path) -> None:
    """Those of the web, of workers, and of all who serve new accounts."""
    importlib.import_module("arumaldo.cli")
    importlib.import_module("arumaldo_prove.worker")
    for portal in entry_points(group=PORTALS):
        portal.load()
    read_modules(parse_file(config, environ=UNREACHED))


leash.knot(signal.SIGKILL)()
if READS in os.environ:
    read(Path(os.environ[READS]))
