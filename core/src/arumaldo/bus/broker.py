"""Dramatiq's transport: ids of due deliveries, from Redis while it answers, else from this process's own sweeper."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import dramatiq
import redis
from dramatiq.broker import Broker, Consumer, MessageProxy

from arumaldo.bus.bell import QUEUE, open_redis

_AWAY_SECONDS = 3.0
"""Longer than from one sweep to the next: while Redis hangs, the sweeper asks it, and no lane waits for it."""


class Line:
    """Whether Redis answers, as this process last saw it; shared by all of its lanes and its sweeper."""

    def __init__(self) -> None:
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def failed(self) -> None:
        """It did not answer: nobody asks it for a while, unless it is found to answer sooner."""
        self._away_until = time.monotonic() + _AWAY_SECONDS

    def answered(self) -> None:
        self._away_until = 0.0


class LaneBroker(Broker):
    """A broker for one lane. Nothing in it is worth keeping: every id can be had again from the database."""

    def __init__(self, lane: str, redis_url: str, threads: int, line: Line | None = None) -> None:
        super().__init__(middleware=[])
        self.lane = lane
        self.threads = threads
        self.line = line or Line()
        self.local: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.redis_url = redis_url
        self.claiming = True

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1000) -> Consumer:
        return _LaneConsumer(self, timeout / 1000)

    def declare_queue(self, queue_name: str) -> None:
        if queue_name not in self.queues:
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Offer an id within this process; delays live in the database."""
        self.local.put(message.args[0])
        return message


class _LaneConsumer(Consumer):
    """Hands out no more ids than the lane has threads free, so that other processes get the rest."""

    def __init__(self, broker: LaneBroker, timeout: float) -> None:
        self._broker = broker
        self._timeout = timeout
        self._redis = open_redis(broker.redis_url)
        self._free = threading.Semaphore(broker.threads)

    def __next__(self) -> MessageProxy | None:
        if not self._broker.claiming:
            time.sleep(min(self._timeout, 0.2))
            return None
        if not self._free.acquire(timeout=self._timeout):
            return None
        delivery = self._next()
        if delivery is None:
            self._free.release()
            return None
        return MessageProxy(
            dramatiq.Message(
                queue_name=self._broker.lane, actor_name=self._broker.lane, args=(delivery,), kwargs={}, options={}
            )
        )

    def _next(self) -> int | None:
        try:
            return self._broker.local.get_nowait()
        except queue.Empty:
            pass
        if self._broker.line.is_away:
            return self._wait_locally()
        try:
            rung = self._redis.blmpop(self._timeout, 1, QUEUE + self._broker.lane, direction="LEFT")
        except redis.RedisError:
            self._broker.line.failed()
            return None
        return _delivery_id(rung)

    def _wait_locally(self) -> int | None:
        try:
            return self._broker.local.get(timeout=self._timeout)
        except queue.Empty:
            return None

    def ack(self, message: MessageProxy) -> None:
        self._free.release()

    def nack(self, message: MessageProxy) -> None:
        self._free.release()

    def close(self) -> None:
        self._redis.close()


def _delivery_id(rung: Any) -> int | None:
    """The id in Redis's answer; whatever else somebody pushed there is nobody's delivery."""
    try:
        return int(rung[1][0])
    except (TypeError, ValueError, IndexError):
        return None
