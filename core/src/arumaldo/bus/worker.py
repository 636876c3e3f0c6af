"""A worker process: a heartbeat, a sweeper, and for each lane its own threads."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence

import dramatiq
import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from arumaldo.bus import deliveries, dropped, neighbours
from arumaldo.bus.bell import QUEUE, open_redis
from arumaldo.bus.broker import LaneBroker, Line
from arumaldo.bus.handlers import LANES
from arumaldo.bus.run import Runner
from arumaldo.store.scope import Store

log = logging.getLogger(__name__)

HEARTBEAT = 2.0
SWEEP = 1.0
LOOKED_THROUGH = 1000
"""So many waiting numbers of a lane are compared with what is due; a lane with more has enough to do."""
PARTING = 3.0
"""Seconds that a leaving worker waits for the database to take back what it holds."""
# Nobody died and nothing was tried: neither is counted. The token rises, so that a thread that is still at it commits
# nothing. A row that such a thread has locked is about to be committed, and is left.
_HAND_BACK = text("""
UPDATE deliveries SET holder = NULL, held_until = NULL, token = token + 1, attempt = attempt - 1,
                      waits_for = 'its worker was told to leave before it was done'
WHERE id IN (SELECT id FROM deliveries WHERE holder = :worker AND state = 'waiting' FOR UPDATE SKIP LOCKED)
RETURNING lane, id
""")


def enrol(store: Store) -> int:
    """Write this process into the book, and answer its number there."""
    with store.hub() as session:
        number: int = session.execute(
            text("INSERT INTO workers (host, pid) VALUES (:host, :pid) RETURNING id"),
            {"host": neighbours.here(), "pid": os.getpid()},
        ).scalar_one()
        session.execute(text("DELETE FROM workers WHERE seen_at < hub_now() - interval '1 day'"))
    return number


class WorkerProcess:
    """Runs deliveries until `stop`. `on_overstay` is called once when a thread holds on beyond its deadline."""

    def __init__(
        self,
        runner: Runner,
        redis_url: str,
        threads: int,
        on_overstay: Callable[[], None],
        lanes: tuple[str, ...] = LANES,
    ) -> None:
        self._runner = runner
        self._on_overstay = on_overstay
        self._threads_per_lane = threads
        self._gate = threading.Lock()
        self._leaving = False
        self._inside: set[int] = set()  # threads that may claim, or hold something
        self._redis = open_redis(redis_url, timeout=0.5)
        self._line = Line()
        self._brokers = [LaneBroker(lane, redis_url, threads, self._line) for lane in lanes]
        self._workers = [self._worker(broker) for broker in self._brokers]
        self._over = threading.Event()
        self._overstayed = False
        self._threads = [
            threading.Thread(target=self._every, args=(pause, job), name=job.__name__, daemon=True)
            for pause, job in ((HEARTBEAT, self._beat), (SWEEP, self._sweep), (1.0, self._watch))
        ]

    def _worker(self, broker: LaneBroker) -> dramatiq.Worker:
        def take(delivery: int) -> None:
            self._take(broker.lane, delivery)

        dramatiq.actor(broker=broker, actor_name=broker.lane, queue_name=broker.lane)(take)
        return dramatiq.Worker(broker, queues={broker.lane}, worker_timeout=500, worker_threads=broker.threads)

    def start(self) -> None:
        """Begin to claim."""
        for thread in self._threads:
            thread.start()
        for worker in self._workers:
            worker.start()

    def stop(self, patience: float = 20.0) -> bool:
        """Claim nothing more, finish what is held within `patience` seconds, and hand the rest back at once.

        False: threads of this process are still at what others may hold by now, so the process has to end.
        """
        self._claim_no_more()
        ends_at = time.monotonic() + patience
        while (self._claiming() or self._in_time()) and time.monotonic() < ends_at:
            time.sleep(0.05)
        finished = not self._inside
        self._over.set()
        ends_at = time.monotonic() + PARTING
        for thread in self._threads:  # a heartbeat under way would write us down again after we have left
            thread.join(max(0.0, ends_at - time.monotonic()))
        if finished:
            stopping = [threading.Thread(target=worker.stop, args=(3000,)) for worker in self._workers]
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()
        return self._part() and finished

    def _take(self, lane: str, delivery: int) -> None:
        """One attempt; once this process is leaving, the number is rung for another one instead."""
        me = threading.get_ident()
        with self._gate:
            if not self._leaving:
                self._inside.add(me)
        if me not in self._inside:
            self._ring(lane, delivery)
            return
        try:
            self._runner.run(delivery)
        finally:
            self._inside.discard(me)

    def _claim_no_more(self) -> None:
        """Who is inside may still claim what it was handed; nobody comes in any more."""
        for broker in self._brokers:
            broker.claiming = False
        with self._gate:
            self._leaving = True

    def _claiming(self) -> bool:
        return bool(self._inside - set(self._runner.busy))

    def _part(self) -> bool:
        """Hand back and go from the book. False: the database hangs, and so would whoever waits for it."""
        parting = threading.Thread(target=self._leave, name="parting", daemon=True)
        parting.start()
        parting.join(PARTING)
        return not parting.is_alive()

    def _leave(self) -> None:
        """Others need not wait for our heartbeat to grow old, unless the database is away."""
        with contextlib.suppress(SQLAlchemyError):
            with self._runner.store.hub() as session:
                free = session.execute(_HAND_BACK, {"worker": self._runner.worker}).all()
                session.execute(text("DELETE FROM workers WHERE id = :id"), {"id": self._runner.worker})
            for lane, delivery in free:
                self._ring(lane, delivery)

    def _every(self, pause: float, job: Callable[[], None]) -> None:
        """At once, and again after each pause: whoever has just started may be the only one there is."""
        while not self._over.is_set():
            try:
                job()
            except DBAPIError:
                log.warning("the database cannot be reached")
            except Exception:
                log.exception("%s failed", job.__name__)
            self._over.wait(pause * random.uniform(0.8, 1.0))  # noqa: S311 - so that workers do not march in step

    def _beat(self) -> None:
        with self._runner.store.hub() as session:
            session.execute(
                text("""
                INSERT INTO workers (id, host, pid, config_version) VALUES (:id, :host, :pid, :config)
                ON CONFLICT (id) DO UPDATE SET seen_at = hub_now(), config_version = :config
                """),
                {"id": self._runner.worker, "host": neighbours.here(), "pid": os.getpid(),
                 "config": self._runner.configured.version},
            )  # fmt: skip

    def _sweep(self) -> None:
        """Ring for what is due or abandoned, the abandoned first; where Redis is away, offer it to our own threads."""
        if not self._leaving:  # else it is handed back in the end, and does not count
            dropped.let_go(self._runner.store, self._runner.worker, lambda: list(self._runner.at.values()))
        abandoned = deliveries.release_abandoned(self._runner.store, neighbours.gone(self._runner.store))
        waiting = self._ask_redis()  # before the book is asked: what waits there and is not due then is done with
        found = deliveries.due(self._runner.store, [broker.lane for broker in self._brokers])
        for broker in self._brokers:
            first = [delivery for lane, delivery in abandoned if lane == broker.lane]
            mine = [delivery for lane, delivery in found if lane == broker.lane and delivery not in first]
            rung = self._put_right(broker.lane, waiting.get(broker.lane, ()), first, mine)
            if not rung and (first or mine):
                _offer(broker, [*first, *mine])
            if rung and broker.local.empty():  # Redis may lose it, or hand it to a worker that stands still
                for delivery in first:
                    broker.local.put(delivery)

    def _ask_redis(self) -> dict[str, list[bytes]]:
        """Lane → the numbers that wait there. Once for all: a Redis that hangs takes half a second to say nothing."""
        lanes = [broker.lane for broker in self._brokers]
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for lane in lanes:
                    pipe.lrange(QUEUE + lane, 0, LOOKED_THROUGH - 1)
                waiting = dict(zip(lanes, pipe.execute(), strict=True))
            self._line.answered()
        except redis.RedisError:
            self._line.failed()
            return {}
        return waiting

    def _put_right(self, lane: str, waiting: Sequence[bytes], first: Sequence[int], mine: Sequence[int]) -> bool:
        """Whether Redis took it. What is due and does not wait there is rung; what waits there and is not due goes.

        An old copy of Redis that was put back is full of what was done long ago, and each number costs a look.
        """
        if self._line.is_away:
            return False
        there, due = set(waiting), {str(number).encode() for number in (*first, *mine)}
        has_more = len(waiting) == LOOKED_THROUGH
        missing = [] if has_more else [number for number in mine if str(number).encode() not in there]
        stale = set() if has_more or len(mine) >= deliveries.MOST_DUE else there - due
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for number in (*stale, *first):  # the first come to the front again
                    pipe.lrem(QUEUE + lane, 0, number)  # type: ignore[arg-type] # bytes, as they came
                if first:
                    pipe.lpush(QUEUE + lane, *first)
                if missing:
                    pipe.rpush(QUEUE + lane, *missing)
                pipe.execute()
        except redis.RedisError:
            self._line.failed()
            return False
        return True

    def _ring(self, lane: str, delivery: int) -> None:
        """For another worker; where Redis is away, that one's sweeper finds them."""
        if not self._line.is_away:
            try:
                self._redis.rpush(QUEUE + lane, delivery)
            except redis.RedisError:
                self._line.failed()

    def _in_time(self) -> bool:
        """Whether a step is at work that has not overstayed; what a listener did not finish is told it again."""
        now = time.monotonic()
        return any(lane != "events" and ends_at > now for lane, ends_at in list(self._runner.busy.values()))

    def _watch(self) -> None:
        """Leave when a step holds its thread for good, or when listeners hold all theirs."""
        late_since = time.monotonic() - 2.0
        late = [lane for lane, ends_at in list(self._runner.busy.values()) if ends_at < late_since]
        if self._overstayed or not late or (set(late) == {"events"} and len(late) < self._threads_per_lane):
            return
        self._overstayed = True
        log.error("a step holds its thread beyond its deadline; this worker finishes the rest and leaves")
        self._claim_no_more()
        self._on_overstay()


def _offer(broker: LaneBroker, mine: Sequence[int]) -> None:
    while not broker.local.empty():
        broker.local.get()
    for delivery in mine[: broker.threads * 4]:
        broker.local.put(delivery)
