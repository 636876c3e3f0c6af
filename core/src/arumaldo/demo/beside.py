"""Commands beside a running demo: the operator's find its servers by themselves."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from arumaldo.config.model import EMBEDDED
from arumaldo.demo.files import write_whole
from arumaldo.words import STATE

_FILE = "beside.json"
_PROXIES = ("NO_PROXY", "no_proxy")


def close_to_home() -> dict[str, str]:
    """Variables with which what runs on this machine is not reached through a proxy."""
    here = "localhost,.localhost,127.0.0.1"
    return {name: ",".join(filter(None, (os.environ.get(name), here))) for name in _PROXIES}


@contextmanager
def written_down(state: Path, config: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """While the `with` lasts, the state folder says where everything is, readable by its owner only."""
    file, told = state / _FILE, {"process": os.getpid(), "config": str(config.resolve()), "variables": dict(variables)}
    write_whole(file, json.dumps(told) + "\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def beside(config: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """`environ`; and where this file leaves the database to the demo, also what leads to the demo that runs in this
    folder (`ARUMALDO_STATE`, else `.arumaldo`) with this very file. A file that is wrong is left to whoever opens it.
    """
    if environ.get("ARUMALDO_DATABASE") or not _is_embedded(config):
        return environ
    with suppress(OSError, ValueError):
        told = json.loads((Path(environ.get("ARUMALDO_STATE", STATE)) / _FILE).read_text(encoding="utf-8"))
        os.kill(told["process"], 0)  # one that was killed has left its file behind
        if told["config"] == str(config.resolve()):
            return {**environ, **close_to_home(), **told["variables"]}
    return environ


def at_hand(config: Path) -> Mapping[str, str]:
    """The variables for a command at this file; what it asks of a demo goes past a proxy from now on."""
    variables = beside(config, os.environ)
    if variables is not os.environ:
        os.environ.update({name: variables[name] for name in _PROXIES})
    return variables


def _is_embedded(config: Path) -> bool:
    with suppress(OSError, ValueError):
        hub = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("hub", {})
        return isinstance(hub, dict) and hub.get("database", EMBEDDED) == EMBEDDED
    return False
