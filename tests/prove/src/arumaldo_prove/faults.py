"""What can go wrong, by name. Three sorts: weather (all the time), blows (again and again), outages (once each)."""

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
from dataclasses import dataclass, field
from typing import Any

import httpx2
import redis

from arumaldo.bus.bell import QUEUE
from arumaldo_prove.stage import Stage
from arumaldo_prove.takeover import Takeovers

FROZEN_SECONDS = 11.0
"""Beyond the six seconds without a heartbeat after which a worker's deliveries are free."""
_API = r"\A\S+ /(?!_test)"
"""What we ask of a vendor; what the customer's browser asks of it is left alone."""


@dataclass
class Trouble:
    """What a fault works with."""

    stage: Stage
    takeovers: Takeovers
    draw: random.Random
    over: threading.Event
    counts: Counter[str]
    away: float
    """Seconds that an outage of the bell lasts."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """When the bell was away: begin and end, monotonic."""
    happened: list[tuple[float, str]] = field(default_factory=list)
    """(monotonic time, what), for whoever wants to know why a page failed."""

    def note(self, what: str) -> None:
        """It happens now, once more."""
        self.counts[what] += 1
        self.happened.append((time.monotonic(), what))


Fault = Callable[[Trouble], None]


@dataclass(frozen=True)
class Blow:
    """Strikes about every `every` seconds."""

    strike: Fault
    every: float


def kill_worker(trouble: Trouble) -> None:
    _kill(trouble, trouble.stage.worker_names, "kill-worker")


def kill_web(trouble: Trouble) -> None:
    _kill(trouble, trouble.stage.web_names, "kill-web")


def _kill(trouble: Trouble, names: list[str], fault: str) -> None:
    pid = _signal(trouble.stage, trouble.draw.choice(names), signal.SIGKILL)
    if pid:
        trouble.note(fault)
        trouble.takeovers.died(pid)


def freeze_worker(trouble: Trouble) -> None:
    """Hang one for so long that others take its work, then let it go on in the belief that it is still its."""
    name = trouble.draw.choice(trouble.stage.worker_names)
    pid = _signal(trouble.stage, name, signal.SIGSTOP)
    if not pid:
        return
    trouble.note("freeze-worker")
    trouble.takeovers.died(pid)
    trouble.over.wait(FROZEN_SECONDS)
    if trouble.stage.tree.supervisor.pid(name) == pid:  # nobody has killed it meanwhile
        _signal(trouble.stage, name, signal.SIGCONT)


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
        trouble.note("flush")


def redis_old_copy(trouble: Trouble) -> None:
    """What Redis holds is thrown away, and what was rung long ago stands there instead."""
    old = trouble.stage.rows("SELECT lane, id FROM deliveries ORDER BY id LIMIT 400")
    with _redis(trouble) as client:
        client.flushall()
        for lane, delivery in old:
            client.rpush(f"{QUEUE}{lane}", delivery)
        client.rpush(f"{QUEUE}flow", "not a number", 10**15)
        trouble.note("redis-old-copy")


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
    trouble.note("expired-tokens")


def redis_stopped(trouble: Trouble) -> None:
    began = time.monotonic()
    with trouble.stage.tree.supervisor.halted("valkey"):
        trouble.note("redis-stopped")
        trouble.over.wait(trouble.away)
    trouble.outages.append((began, time.monotonic()))


def redis_hung(trouble: Trouble) -> None:
    began = time.monotonic()
    _signal(trouble.stage, "valkey", signal.SIGSTOP)
    trouble.note("redis-hung")
    trouble.over.wait(trouble.away)
    _signal(trouble.stage, "valkey", signal.SIGCONT)
    trouble.outages.append((began, time.monotonic()))


def postgres_restart(trouble: Trouble) -> None:
    with trouble.stage.tree.supervisor.halted("postgres"):
        trouble.note("postgres-restart")
        trouble.over.wait(trouble.draw.uniform(0, 3))


def rolling_restart(trouble: Trouble) -> None:
    """Every web process and worker is asked to leave, one after the other, as a deployment does it."""
    for name in (*trouble.stage.web_names, *trouble.stage.worker_names):
        before = _signal(trouble.stage, name, signal.SIGTERM)
        while before and trouble.stage.tree.supervisor.pid(name) == before and not trouble.over.wait(0.2):
            pass
        trouble.over.wait(1.0)
    trouble.note("rolling-restart")


def config_swapped(trouble: Trouble) -> None:
    _write_config(trouble, lambda text: f"{text}\n# changed at {time.monotonic()}\n")
    trouble.note("config-swapped")


def config_broken(trouble: Trouble) -> None:
    _write_config(trouble, lambda text: text.replace("[providers]", '[providers]\nhosting = "nobody"', 1))
    trouble.note("config-broken")


def config_half_written(trouble: Trouble) -> None:
    _write_config(trouble, lambda text: text[: len(text) // 2])
    trouble.note("config-half-written")


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
    "late-booking": [{"name": "late-booking", "effect": "late", "answer": "cut", "seconds": 3, "share": 0.03}],
    "rate-limit": [{"name": "rate-limit", "status": 429, "retry_after": 2, "share": 0.03}],
    "slow-bodies": [{"name": "slow-bodies", "effect": "after", "answer": "drip", "share": 0.01}],
    "cut-answers": [{"name": "cut-answers", "effect": "after", "answer": "cut", "share": 0.03}],
    "malformed": [{"name": "malformed", "effect": "after", "answer": "malformed", "share": 0.03}],
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
}
NAMES = sorted([*WEATHER, LATE_SEARCH, *BLOWS, *OUTAGES])


def begin_weather(stage: Stage, names: list[str], seed: int) -> None:
    """Order what all vendors suffer from all the time."""
    for vendor in stage.ledgers():
        for name in names:
            for order in WEATHER.get(name, ()):
                stage.control("POST", f"{vendor}/faults", seed=seed, **_ENDLESS, **order)
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
