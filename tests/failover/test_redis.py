"""Redis by sentinels: the bell follows the master, and nobody else is rung."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from arumaldo.bus.bell import QUEUE, Bell, open_redis
from arumaldo.bus.broker import LaneBroker
from tests.platform import eventually

from .servers import PASSWORD, Bells, bells

pytestmark = pytest.mark.slow

LANE = "hosting"


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Bells]:
    """New for each test: sentinels take ten seconds to demote a master that comes back."""
    with bells(tmp_path) as made:
        yield made


@pytest.fixture
def both(group: Bells) -> tuple[int, int]:
    """The ports of the master and of its replica."""
    master = group.master()
    assert master
    return master, next(port for port in group.servers if port != master)


class Worker:
    """The part of a worker that listens to the bell."""

    def __init__(self, url: str) -> None:
        self.broker = LaneBroker(LANE, url, threads=1)
        self._consumer = self.broker.consume(LANE, timeout=200)

    def hears(self) -> int | None:
        message = next(self._consumer)
        if message is None:
            return None
        self._consumer.ack(message)
        return int(message.args[0])

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def bell(group: Bells) -> Iterator[Bell]:
    made = Bell(group.url)
    yield made
    made.close()


@pytest.fixture
def worker(group: Bells) -> Iterator[Worker]:
    made = Worker(group.url)
    yield made
    made.close()


def rung(bell: Bell, worker: Worker, delivery: int) -> bool:
    """Ring once more, and say whether the worker heard it: what was rung into a server that died is lost."""
    bell.ring([(LANE, delivery)])
    return worker.hears() == delivery


@contextmanager
def losing_answers(port: int) -> Iterator[int]:
    """A port that leads to this server, and loses the connection when the answer to RPUSH comes back."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = listening.accept()[0]
                    with client, socket.create_connection(("127.0.0.1", port)) as server:
                        while said := client.recv(4096):
                            server.sendall(said)
                            answer = server.recv(4096)
                            if b"RPUSH" in said:
                                break
                            client.sendall(answer)

        pool.submit(serve)
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_what_redis_took_and_did_not_acknowledge_is_not_sent_again(group: Bells, both: tuple[int, int]) -> None:
    master, _ = both
    secret = PASSWORD.replace(" ", "%20")
    address = f"redis://:{secret}@127.0.0.1"
    with (
        losing_answers(master) as port,
        open_redis(f"{address}:{port}/0") as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.rpush(f"{QUEUE}lost", 1)
    assert group.ask(master, "LRANGE", f"{QUEUE}lost", "0", "-1") == ["1"]


def test_a_master_that_hung_and_was_demoted_is_not_written_to_by_connections_that_it_still_has(
    group: Bells, both: tuple[int, int]
) -> None:
    master, replica = both
    client = open_redis(group.url)
    client.rpush(f"{QUEUE}before", 1)
    connected = client.connection_pool._available_connections[0]
    with group.frozen(master):
        eventually(lambda: group.master() == replica)
        assert connected.is_connected, "the old connection is there still"
        assert (connected.host, connected.port) == ("127.0.0.1", master)
    client.rpush(f"{QUEUE}after", 1)
    assert group.ask(replica, "LLEN", f"{QUEUE}after") == 1
    assert connected.port == replica
    client.close()


def test_a_killed_master_is_followed_by_its_replica_and_is_not_rung_when_it_comes_back(
    group: Bells, both: tuple[int, int], bell: Bell, worker: Worker
) -> None:
    master, replica = both
    eventually(lambda: rung(bell, worker, 1))
    group.kill(master)
    eventually(lambda: rung(bell, worker, 2))
    assert group.role(replica) == "master"
    group.revive(master)
    eventually(lambda: group.role(master) == "master")  # for some seconds it believes that it is still in charge
    with open_redis(group.url) as newcomer:
        newcomer.rpush(f"{QUEUE}after-the-kill", 1)
    bell.ring([("after-the-kill", 2)])
    eventually(lambda: group.ask(replica, "LLEN", f"{QUEUE}after-the-kill") == 2)
    assert group.ask(master, "LLEN", f"{QUEUE}after-the-kill") == 0


def test_without_any_sentinel_redis_counts_as_away_and_nobody_waits_for_it() -> None:
    lost = Worker("sentinel://127.0.0.1:1,127.0.0.1:2/hub")
    lost.broker.local.put(7)
    assert eventually(lost.hears) == 7
    lost.broker.local.put(8)
    assert eventually(lost.hears) == 8
    lost.close()
