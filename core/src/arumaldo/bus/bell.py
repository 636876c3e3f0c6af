"""The bell: tells workers, over Redis, that a delivery is due. Losing it costs a moment, never work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable

import redis

QUEUE = "arumaldo:lane:"
_MOST_WAITING = 10_000


def open_redis(url: str, *, timeout: float = 2.0) -> redis.Redis:
    """A client that gives up quickly and never sends a command twice."""
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=1.0, retry=None, health_check_interval=0
    )


class Bell:
    """A thread that pushes ids. `ring` never waits: what does not fit is dropped, and the sweeper finds it."""

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url, timeout=0.5)
        self._wake = threading.Condition()
        self._rings: list[tuple[str, int]] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def ring(self, rings: Iterable[tuple[str, int]]) -> None:
        """Ask for (lane, delivery id) to be rung; answers at once, also when Redis is away or hangs."""
        with self._wake:
            room = _MOST_WAITING - len(self._rings)
            self._rings.extend(list(rings)[: max(0, room)])
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._rings or self._closing)
                if self._closing:
                    return
                rings, self._rings = self._rings, []
            with contextlib.suppress(redis.RedisError):
                self._push(rings)

    def _push(self, rings: list[tuple[str, int]]) -> None:
        by_lane: dict[str, list[int]] = {}
        for lane, delivery in dict.fromkeys(rings):
            by_lane.setdefault(lane, []).append(delivery)
        with self._redis.pipeline(transaction=False) as pipe:
            for lane, deliveries in by_lane.items():
                pipe.rpush(QUEUE + lane, *deliveries)
            pipe.execute()

    def close(self) -> None:
        """Stop the thread; what was not rung is the sweeper's."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout=2)
        self._redis.close()
