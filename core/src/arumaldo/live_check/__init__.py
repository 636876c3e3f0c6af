"""`arumaldo check --live`: connect as the hub would, ask everybody one thing, and name what would break a fail-over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from arumaldo.config.model import Config
from arumaldo.live_check.bell import bell
from arumaldo.live_check.database import database
from arumaldo.live_check.finding import Finding
from arumaldo.live_check.vendors import plugins
from arumaldo.words import say


def report(config: Config, file: str, *, as_json: bool) -> int:
    """Look, say each line as soon as it is known (JSON at the end), and answer the exit code: 1 where one is wrong."""
    found = []
    for finding in look(config):
        found.append(finding)
        if not as_json:
            say(str(finding))
    if as_json:
        say(json.dumps({"file": file, "mistakes": [], "findings": [asdict(finding) for finding in found]}))
    return int(any(finding.state == "wrong" for finding in found))


def look(config: Config) -> Iterator[Finding]:
    """Everything that can be asked, as it is found. Nothing is changed anywhere."""
    yield from database(config)
    yield from bell(config.hub)
    yield from plugins(config)
