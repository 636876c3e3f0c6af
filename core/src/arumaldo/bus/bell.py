"""The bell: tells workers, over Redis, that a delivery is due. Losing it costs a moment, never work."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Mapping

import redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection

from arumaldo.config.addresses import REDIS_DEFAULTS, Sentinels, check_redis, is_sentinel, sentinels
from arumaldo.errors import ConfigError

QUEUE = "arumaldo:lane:"
_MOST_WAITING = 10_000
_ONCE = Retry(NoBackoff(), 0)  # None is not enough everywhere: clients of redis-py send ten times by default
_SURE_SECONDS = 1.0
_ASKING = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}


def open_redis(url: str, *, timeout: float = REDIS_DEFAULTS["socket_timeout"]) -> redis.Redis:
    """A client that gives up quickly and never sends a command twice; with sentinels, one of their present master.

    The only door to Redis. `timeout` is that of an answer, where the address says no other. ConfigError: the address
    is wrong.
    """
    told = {**REDIS_DEFAULTS, "socket_timeout": timeout}
    try:
        check_redis(url)
        if is_sentinel(url):
            return _master(sentinels(url), told)
        return redis.Redis.from_url(url, **told, retry=_ONCE, health_check_interval=0)
    except ValueError as error:
        raise ConfigError(f"The address of Redis {error}.") from None


def _master(address: Sentinels, told: Mapping[str, float]) -> redis.Redis:
    asking = {**_ASKING, **address.sentinel, "retry": _ONCE}
    asked = Sentinel(list(address.hosts), sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    options = {**told, **address.redis, "retry": _ONCE}
    kind = _SecureMaster if options.pop("ssl", False) else _Master
    pool = SentinelConnectionPool(address.service, asked, connection_class=kind, **options)  # type: ignore[no-untyped-call]
    client = _Follower(connection_pool=pool)
    client.auto_close_connection_pool = True
    client.sentinels = asked
    return client


class _Follower(redis.Redis):
    """A client of whoever is the master."""

    sentinels: Sentinel

    def close(self) -> None:
        """Let go of the sentinels, too."""
        super().close()
        self.sentinels.close()


class _Master(SentinelManagedConnection):
    """A connection that is given up when the sentinels name another master.

    A master that hung or was cut off keeps its connections; when it comes back, it takes what it is sent and then
    throws it away, because another one is in charge.
    """

    _sure_until = 0.0

    def connect(self) -> None:
        """Called whenever the connection is taken out of its pool."""
        if self.is_connected and time.monotonic() > self._sure_until:
            if self.connection_pool.get_master_address() != (self.host, self.port):
                self.disconnect()  # type: ignore[no-untyped-call]
            self._sure_until = time.monotonic() + _SURE_SECONDS
        super().connect()  # type: ignore[no-untyped-call]

    def connect_to(self, address: tuple[str, int]) -> None:
        super().connect_to(address)  # type: ignore[no-untyped-call]
        self._sure_until = time.monotonic() + _SURE_SECONDS


class _SecureMaster(_Master, SSLConnection):
    """The same over TLS."""


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
