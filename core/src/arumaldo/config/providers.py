"""`[providers]`: who serves new accounts."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from arumaldo.capabilities import CAPABILITIES
from arumaldo.config.report import named, not_known
from arumaldo.config.tables import Tables

CHOSEN = tuple(name for name in CAPABILITIES if name != "events")
"""What `[providers]` has to say: every capability but the one that all enabled plugins may serve at once."""
Serving = Mapping[str, list[str] | None]
"""Enabled plugin → the capabilities it serves; None when that could not be found out."""


def read_providers(tables: Tables, serving: Serving) -> dict[str, tuple[str, ...]]:
    """Capability → plugins in the order of the file, the first is primary; what cannot work is said."""
    table = tables.table("providers")
    for capability in table:
        if capability == "events":
            tables.wrong(
                ("providers", capability), "is not chosen: every enabled plugin may listen; take the line away"
            )
        elif capability not in CHOSEN:
            tables.wrong(("providers", capability), not_known(capability, CHOSEN))
    return {capability: _read(tables, capability, table, serving) for capability in CHOSEN}


def _read(tables: Tables, capability: str, table: Mapping[str, object], serving: Serving) -> tuple[str, ...]:
    path = ("providers", capability)
    if capability not in table:
        tables.wrong(path, f"is missing; {_who_could(capability, serving)}")
        return ()
    said = table[capability]
    names = [said] if isinstance(said, str) else said
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        tables.wrong(path, f"must be the name of a plugin or a list of names; {_who_could(capability, serving)}")
        return ()
    for place, name in enumerate(names):
        says = _doubt(capability, name, names[:place], serving)
        if says:
            tables.wrong(path if isinstance(said, str) else (*path, place), says)
    return tuple(names)


def _doubt(capability: str, name: str, before: list[str], serving: Serving) -> str | None:
    if name in before:
        return f"names {name} twice; once is enough"
    if name not in serving:
        nearest = difflib.get_close_matches(name, serving, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"add that table; {_who_could(capability, serving)}"
        return f"names {name}, which is not enabled by a table [plugins.{name}]; {hint}"
    serves = serving[name]
    if serves is None or capability in serves:
        return None
    jobs = f"{named(serves)} only" if serves else "nothing"
    return f"names {name}, which serves {jobs}; {_who_could(capability, serving)}"


def _who_could(capability: str, serving: Serving) -> str:
    able = [name for name, serves in serving.items() if serves and capability in serves]
    if not able:
        return f"no enabled plugin serves {capability}, so add the table of one that does"
    return f'write {capability} = "{able[0]}"' if len(able) == 1 else f"{named(able)} can serve it"
