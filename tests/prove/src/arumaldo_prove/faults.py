"""What can go wrong, by name: weather (all the time), blows (again and again), outages (once each).

A plugin that goes wrong is in `sabotage`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import redis

from arumaldo.bus.bell import QUEUE
from arumaldo_prove.happenings import Diary
from arumaldo_prove.operator import RESTORE, Operator
from arumaldo_prove.sabotage import PLUGIN_FAULTS
from arumaldo_prove.stage import Stage
from arumaldo_prove.takeover import Takeovers

FROZEN_SECONDS = 11.0
"""Beyond the six seconds without a heartbeat after which a worker's deliveries are free."""
_AIMED = 0.25
_BUSY = "SELECT w.pid FROM workers w WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.holder = w.id)"
_API = r"\A\S+ /(?!_test)"
"""What we ask of a vendor; what the customer's browser asks of it is left alone."""


@dataclass
class Trouble:
    """What a fault works with."""

    stage: Stage
    takeovers: Takeovers
    draw: random.Random
    over: threading.Event
    diary: Diary
    away: float
    """Seconds that an outage of the bell lasts."""


Fault = Callable[[Trouble], None]


@dataclass(frozen=True)
class Blow:
    """Strikes about every `every` seconds."""

    strike: Fault
    every: float


def kill_worker(trouble: Trouble) -> None:
    """Every fourth kill is aimed at one that holds something, wherever it just is with it.

    Struck is one that works, as soon as all do that do not stand still: one that is starting holds nothing, and on a
    machine where a start takes longer than from one kill to the next nobody would ever be there.
    """
    aimed = trouble.draw.random() < _AIMED
    if working := _all_work(trouble):
        name = _at_work(trouble) if aimed else None
        _kill(trouble, name if name in working else trouble.draw.choice(working), "kill-worker")


def kill_web(trouble: Trouble) -> None:
    """One of two may end at any moment: it is struck as soon as the other one serves as well."""
    with trouble.stage.taking_a_web_away:
        if _all_webs_serve(trouble):
            _kill(trouble, trouble.draw.choice(trouble.stage.web_names), "kill-web")


def _all_webs_serve(trouble: Trouble) -> bool:
    """Waits for it, and answers False when the time of faults is over first."""
    while not all(map(trouble.stage.serves, trouble.stage.web_names)):
        if trouble.over.wait(0.1):
            return False
    return True


def _kill(trouble: Trouble, name: str, fault: str) -> None:
    pid = _signal(trouble.stage, name, signal.SIGKILL)
    if pid:
        trouble.diary.note(fault, name)
        trouble.takeovers.died(pid)


def freeze_worker(trouble: Trouble) -> None:
    """Hang one for so long that others take its work, then let it go on in the belief that it is still its."""
    working = _all_work(trouble)
    if not working:
        return
    busy = _at_work(trouble)
    name = busy if busy in working else trouble.draw.choice(working)
    pid = _signal(trouble.stage, name, signal.SIGSTOP)
    if not pid:
        return
    trouble.stage.frozen.add(pid)
    with trouble.diary.lasting("freeze-worker", name):
        trouble.takeovers.died(pid)
        trouble.over.wait(FROZEN_SECONDS)
    trouble.stage.frozen.discard(pid)
    if trouble.stage.tree.supervisor.pid(name) == pid:  # nobody has killed it meanwhile
        _signal(trouble.stage, name, signal.SIGCONT)


def _all_work(trouble: Trouble) -> list[str]:
    """The workers that work, as soon as none is starting and two are there; none when the time of faults is over."""
    stage = trouble.stage
    while not trouble.over.is_set():
        moving = [name for name in stage.worker_names if stage.tree.supervisor.pid(name) not in stage.frozen]
        if len(moving) > 1 and all(map(stage.works, moving)):
            return moving
        trouble.over.wait(0.1)
    return []


def _another_works(trouble: Trouble, name: str) -> bool:
    """Waits until somebody is there who can take over; False when the time of faults is over first."""
    others = [other for other in trouble.stage.worker_names if other != name]
    while not any(trouble.stage.works(other) for other in others):
        if trouble.over.wait(0.1):
            return False
    return True


def _at_work(trouble: Trouble) -> str | None:
    """A worker that holds something now; None: there is none, or the database cannot say."""
    with contextlib.suppress(psycopg.Error):
        busy = {pid for (pid,) in trouble.stage.rows(_BUSY)}
        names = [name for name in trouble.stage.worker_names if trouble.stage.tree.supervisor.pid(name) in busy]
        return trouble.draw.choice(names) if names else None
    return None


def _signal(stage: Stage, name: str, number: signal.Signals) -> int:
    """The process that was signalled; 0 when it is just being started again."""
    pid = stage.tree.supervisor.pid(name) or 0
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, number)
            return pid
    return 0


def flush(trouble: Trouble) -> None:
    with _redis(trouble) as client:
        client.flushall()
        trouble.diary.note("flush")


def redis_old_copy(trouble: Trouble) -> None:
    """What Redis holds is thrown away, and what was rung long ago stands there instead."""
    old = trouble.stage.rows("SELECT lane, id FROM deliveries ORDER BY id LIMIT 400")
    with _redis(trouble) as client:
        client.flushall()
        for lane, delivery in old:
            client.rpush(f"{QUEUE}{lane}", delivery)
        client.rpush(f"{QUEUE}flow", "not a number", 10**15)
        trouble.diary.note("redis-old-copy")


@contextmanager
def _redis(trouble: Trouble) -> Iterator[Any]:
    """Redis, when it answers."""
    url = trouble.stage.tree.valkey.url
    with (
        contextlib.suppress(redis.RedisError),
        redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None) as client,
    ):
        yield client


def expire_tokens(trouble: Trouble) -> None:
    for vendor in trouble.stage.ledgers():
        trouble.stage.control("POST", f"{vendor}/expire_tokens")
    trouble.diary.note("expired-tokens")


def redis_stopped(trouble: Trouble) -> None:
    with trouble.diary.lasting("redis-stopped"), trouble.stage.tree.supervisor.halted("valkey"):
        trouble.over.wait(trouble.away)


def redis_hung(trouble: Trouble) -> None:
    with trouble.diary.lasting("redis-hung"):
        _signal(trouble.stage, "valkey", signal.SIGSTOP)
        trouble.over.wait(trouble.away)
        _signal(trouble.stage, "valkey", signal.SIGCONT)


def postgres_restart(trouble: Trouble) -> None:
    with trouble.diary.lasting("postgres-restart"), trouble.stage.tree.supervisor.halted("postgres"):
        trouble.over.wait(trouble.draw.uniform(0, 3))


def rolling_restart(trouble: Trouble) -> None:
    """Every web process and worker is asked to leave, one after the other, as a deployment does it.

    The next one has to wait until this one's successor is there, and a web process until both serve.
    """
    with trouble.diary.lasting("rolling-restart"):
        for name in trouble.stage.web_names:
            with trouble.stage.taking_a_web_away:
                if _all_webs_serve(trouble):
                    _replace(trouble, name)
                    _all_webs_serve(trouble)
        for name in trouble.stage.worker_names:
            if _another_works(trouble, name):
                _replace(trouble, name)


def _replace(trouble: Trouble, name: str) -> None:
    """Ask it to leave, and wait until it has gone."""
    before = _signal(trouble.stage, name, signal.SIGTERM)
    while before and trouble.stage.tree.supervisor.pid(name) == before and not trouble.over.wait(0.1):
        pass


def restore(trouble: Trouble) -> None:
    """The database is lost, and a copy takes its place that is older than the last payments."""
    with trouble.diary.state(RESTORE):
        Operator(trouble.stage).lose_the_book(trouble.over.wait, trouble.takeovers.forget)
    trouble.diary.add({RESTORE: 1})


def config_swapped(trouble: Trouble) -> None:
    with trouble.diary.lasting("config-swapped"):
        _write_config(trouble, lambda text: f"{text}\n# changed at {time.monotonic()}\n")


def config_broken(trouble: Trouble) -> None:
    with trouble.diary.lasting("config-broken"):
        _write_config(trouble, lambda text: text.replace("[providers]", '[providers]\nhosting = "nobody"', 1))


def config_half_written(trouble: Trouble) -> None:
    with trouble.diary.lasting("config-half-written"):
        _write_config(trouble, lambda text: text[: len(text) // 2])


def _write_config(trouble: Trouble, changed: Callable[[str], str]) -> None:
    """Not in one step, as an editor that is slow about it; after a while the old text is back."""
    with trouble.stage.changing:
        text = trouble.stage.config.read_text(encoding="utf-8")
        trouble.stage.config.write_text(changed(text), encoding="utf-8")
        trouble.over.wait(4.0)
        trouble.stage.config.write_text(text, encoding="utf-8")


Orders = list[dict[str, Any]]
_ENDLESS: dict[str, Any] = {"times": None, "match": _API}

WEATHER: Mapping[str, Orders] = {
    "vendor-errors": [
        {"name": "vendor-error-before", "effect": "before", "share": 0.10},
        {"name": "vendor-error-after", "effect": "after", "share": 0.11},
    ],
    "late-booking": [{"name": "late-booking", "effect": "late", "answer": "cut", "seconds": 3, "share": 0.01}],
    "rate-limit": [{"name": "rate-limit", "status": 429, "retry_after": 2, "share": 0.01}],
    "slow-bodies": [{"name": "slow-bodies", "effect": "after", "answer": "drip", "share": 0.01}],
    "cut-answers": [{"name": "cut-answers", "effect": "after", "answer": "cut", "share": 0.01}],
    "malformed": [{"name": "malformed", "effect": "after", "answer": "malformed", "share": 0.01}],
}
KILLS = frozenset({"kill-worker", "kill-web"})
"""Together they kill one process every two seconds."""
LATE_SEARCH, LATE_SECONDS = "late-search", 4.0

BLOWS: Mapping[str, Blow] = {
    "kill-worker": Blow(kill_worker, 2.0),
    "kill-web": Blow(kill_web, 2.0),
    "freeze-worker": Blow(freeze_worker, 12.0),
    "flush": Blow(flush, 7.0),
    "redis-old-copy": Blow(redis_old_copy, 11.0),
    "expired-tokens": Blow(expire_tokens, 5.0),
    "config-swapped": Blow(config_swapped, 10.0),
}
OUTAGES: Mapping[str, Fault] = {
    "redis-stopped": redis_stopped,
    "redis-hung": redis_hung,
    "postgres-restart": postgres_restart,
    "config-broken": config_broken,
    "config-half-written": config_half_written,
    "rolling-restart": rolling_restart,
    RESTORE: restore,
}
NAMES = sorted([*WEATHER, LATE_SEARCH, *BLOWS, *OUTAGES, *PLUGIN_FAULTS])


def parts_of(name: str) -> list[str]:
    """The names under which a fault is counted: its own, or those of its parts."""
    return [str(order["name"]) for order in WEATHER.get(name, ())] or [name]


def begin_weather(stage: Stage, names: list[str], seed: int) -> None:
    """Order what all vendors suffer from all the time, each fault drawn apart from all others.

    Were they drawn from one seed, a number small enough for one fault would hit with each of them, one request after
    the other: a vendor that fails ten times in a row, which no weather is.
    """
    for vendor in stage.ledgers():
        for name in names:
            for order in WEATHER.get(name, ()):
                drawn = random.Random(f"{seed}/{vendor}/{order['name']}").getrandbits(32)
                stage.control("POST", f"{vendor}/faults", seed=drawn, **_ENDLESS, **order)
        if LATE_SEARCH in names:
            stage.control("POST", f"{vendor}/show_late", seconds=LATE_SECONDS)


def end_weather(stage: Stage) -> Counter[str]:
    """Take all orders back; how often each one hit."""
    hits: Counter[str] = Counter()
    for vendor in stage.ledgers():
        hits.update(stage.control("DELETE", f"{vendor}/faults")["hits"])
        stage.control("POST", f"{vendor}/show_late", seconds=0.0)
    return hits


TRANSIENT = (httpx2.HTTPError, OSError)
"""What a blow may run into because of another one."""
