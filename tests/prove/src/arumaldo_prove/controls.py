"""The controls: the same drills with one guard left out must show doubles, or the proof proves nothing.

They run at a host that guards against nothing, so that only the bus stands between a customer and a second site.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from arumaldo.errors import HubError
from arumaldo_prove.judge import judge
from arumaldo_prove.people import Crowd
from arumaldo_prove.result import Control
from arumaldo_prove.stage import WORKER, Stage, staged
from arumaldo_prove.worker import LOOK, TOKEN

_HOST = "plainhost"
_CREATE, _FIND = r"\APOST /sites", r"\AGET /sites\n"
_PATIENCE = 60.0
_DELAY = 9.0
"""Seconds that the look-up hangs: longer than it takes until another worker has the delivery, less than it may last."""
_WOKEN = 12.0
"""Seconds that a woken worker has to do harm."""
_AGED = "UPDATE effects SET intended_at = intended_at - interval '70 seconds' WHERE step = 'hosting.create_site'"
_HOLDER = """
SELECT w.pid FROM deliveries d JOIN workers w ON w.id = d.holder
WHERE d.handler = 'create_the_site' AND d.state = 'waiting'
"""


def run_controls(config: Path, seed: int, say: Callable[[str], None]) -> list[Control]:
    """Each drill with all guards, then with its guard left out."""
    drills = {LOOK: _lost_answers, TOKEN: _woken_sleeper}
    say("controls: with all guards")
    with_guard = _doubles(config, seed, say, WORKER, drills)
    found = []
    for guard, drill in drills.items():
        say(f"controls: without {guard}")
        worker = ("-m", "arumaldo_prove.worker", "--leave-out", guard)
        without = _doubles(config, seed, say, worker, {guard: drill})
        found.append(Control(guard, without[guard], seed, with_guard[guard]))
    return found


Drill = Callable[[Stage, int], int]


def _doubles(
    config: Path, seed: int, say: Callable[[str], None], worker: tuple[str, ...], drills: Mapping[str, Drill]
) -> dict[str, int]:
    with staged(config, say, workers=2, worker=worker, changes=_at_the_plain_host) as stage:

        def job() -> dict[str, int]:
            return {guard: drill(stage, seed) for guard, drill in drills.items()}

        return stage.during(job)


def _at_the_plain_host(text: str) -> str:
    changed, times = re.subn(r"(?m)^hosting\s*=.*$", f'hosting = "{_HOST}"', text, count=1)
    if not times:
        raise HubError("the configuration names nobody for hosting")
    return f"{changed}\n[plugins.{_HOST}]\n"


def _lost_answers(stage: Stage, seed: int) -> int:
    """The host makes each site and fails to say so: who does not look makes another one."""
    _order(stage, name="lost", match=_CREATE, effect="after", times=3)
    return _onboard(stage, seed, 3)


def _woken_sleeper(stage: Stage, seed: int) -> int:
    """A worker looks, finds nothing, and is frozen; another one makes the site; the first one wakes up."""
    _order(stage, name="refused once", match=_CREATE, times=1)
    return _onboard(stage, seed + 10, 1, _put_to_sleep)


def _put_to_sleep(stage: Stage) -> None:
    before = _sites(stage)
    _until(lambda: _hits(stage, "refused once"), "the first call")
    _order(stage, name="slow look", match=_FIND, answer="delay", seconds=_DELAY, times=1)
    _age(stage)
    _until(lambda: _hits(stage, "slow look"), "the look-up")
    asleep = int(stage.rows(_HOLDER)[0][0])
    ends_at = time.monotonic() + _DELAY
    os.kill(asleep, signal.SIGSTOP)
    try:
        _until(lambda: _sites(stage) > before and time.monotonic() > ends_at, "another worker")
    finally:
        os.kill(asleep, signal.SIGCONT)
    harm_until = time.monotonic() + _WOKEN
    while time.monotonic() < harm_until and _sites(stage) == before + 1:
        time.sleep(0.2)


def _onboard(stage: Stage, first: int, customers: int, meanwhile: Callable[[Stage], None] = lambda stage: None) -> int:
    """Let so many customers come; the sites too many at the host."""
    crowd = Crowd(stage.tree.base_url, stage.tree.sandbox_url, customers, first, 0.0)
    crowd.start()
    try:
        meanwhile(stage)
        crowd.wait(_PATIENCE)
    finally:
        crowd.send_home()
        stage.control("DELETE", f"{_HOST}/faults")
    return judge(crowd.people, stage.ledgers()).doubles["sites"]


def _order(stage: Stage, **fault: Any) -> None:
    stage.control("POST", f"{_HOST}/faults", **fault)


def _hits(stage: Stage, name: str) -> int:
    return int(stage.control("GET", f"{_HOST}/faults")["hits"].get(name, 0))


def _sites(stage: Stage) -> int:
    return len(stage.ledgers()[_HOST]["sites"])


def _age(stage: Stage) -> None:
    """The call was a minute ago: an empty answer of the host is final now."""
    with psycopg.connect(stage.tree.postgres.app_url) as connection:
        connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
        connection.execute(_AGED)


def _until(condition: Callable[[], object], what: str) -> None:
    ends_at = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > ends_at:
            raise HubError(f"the control waited for {what} in vain")
        time.sleep(0.05)
