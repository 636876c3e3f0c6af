"""Commands beside a running demo: the operator's find its servers by themselves."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from arumaldo.config.model import EMBEDDED
from arumaldo.demo.files import write_whole
from arumaldo.words import STATE

_FILE = "beside.json"


@contextmanager
def written_down(state: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """While the `with` lasts, the state folder says where everything is, readable by its owner only."""
    file = state / _FILE
    write_whole(file, json.dumps(dict(variables)) + "\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def beside(config: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """`environ`; and where the database is left to the demo, also what leads to the one that runs in this folder
    (`ARUMALDO_STATE`, else `.arumaldo`). A file that cannot be read is left to whoever opens it."""
    with suppress(OSError, ValueError):
        hub = tomllib.loads(config.read_text(encoding="utf-8")).get("hub", {})
        if "ARUMALDO_DATABASE" not in environ and hub.get("database", EMBEDDED) == EMBEDDED:
            state = Path(environ.get("ARUMALDO_STATE", STATE))
            return {**json.loads((state / _FILE).read_text(encoding="utf-8")), **environ}
    return environ
