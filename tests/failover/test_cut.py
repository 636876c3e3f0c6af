"""A network that is cut without a word: nobody waits for more than seconds. The libraries' own settings wait for 80."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future

import pytest
import redis
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from arumaldo.bus.bell import open_redis
from arumaldo.store.scope import connect
from tests.platform import eventually

from .hosts import Hub
from .network import Host
from .servers import address

pytestmark = pytest.mark.slow

SOON = 30.0
"""Seconds: far above what our settings take, far below what the libraries' own would."""


@pytest.fixture
def host(two_hosts: Hub) -> Host:
    return two_hosts.net.hosts[0]


@pytest.fixture
def there(host: Host) -> Iterator[Executor]:
    """What runs in it runs on that host."""
    with host.thread() as pool:
        yield pool


@pytest.fixture
def engine(two_hosts: Hub) -> Iterator[Engine]:
    made = connect(address("app", *two_hosts.databases), pool_size=2)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine, there: Executor) -> Connection:
    """From that host to the database, within a transaction."""
    opened = there.submit(engine.connect).result()
    there.submit(ask, opened, "SELECT pg_advisory_xact_lock(7)").result()
    return opened


def ask(connection: Connection, query: str) -> object:
    return connection.execute(text(query)).scalar()


def fails(asked: Future[object]) -> bool:
    """It ends with the words that the database is away, and soon."""
    return isinstance(asked.exception(timeout=SOON), OperationalError)


def test_neither_a_question_asked_into_a_cut_nor_an_answer_that_is_waited_for_holds_anybody_up(
    two_hosts: Hub, host: Host, there: Executor, engine: Engine, connection: Connection
) -> None:
    with host.thread() as too:
        waits = too.submit(engine.connect).result()
        asked_before = too.submit(ask, waits, "SELECT pg_sleep(200)")
        eventually(lambda: two_hosts.rows("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(200)'"))
        with two_hosts.net.cut(host):
            asked_after = there.submit(ask, connection, "SELECT 1")
            assert fails(asked_before)
            assert fails(asked_after)


def test_the_server_frees_what_a_host_had_locked_that_was_cut_off(
    two_hosts: Hub, host: Host, engine: Engine, connection: Connection
) -> None:
    with two_hosts.net.cut(host), engine.connect() as other:
        assert not ask(other, "SELECT pg_try_advisory_xact_lock(7)")
        eventually(lambda: ask(other, "SELECT pg_try_advisory_xact_lock(7)"), patience=10)


def test_a_database_host_that_is_cut_off_is_passed_over_for_the_next_one(two_hosts: Hub, there: Executor) -> None:
    gone = two_hosts.net.hosts[1]
    working = address("app", *two_hosts.databases)
    engine = connect(working.replace("@", f"@{gone.address}:5432,", 1), pool_size=1)
    with two_hosts.net.cut(gone):
        connection = there.submit(engine.connect).result(timeout=SOON)
    assert ask(connection, "SELECT 1") == 1
    connection.close()
    engine.dispose()


def test_redis_is_given_up_when_the_network_is_cut_whether_it_is_connected_or_not(
    two_hosts: Hub, host: Host, there: Executor
) -> None:
    with open_redis(two_hosts.bells.url) as connected, open_redis(two_hosts.bells.url) as fresh:
        there.submit(connected.ping).result()
        with two_hosts.net.cut(host):
            for client in (connected, fresh):
                assert isinstance(there.submit(client.ping).exception(timeout=SOON), redis.RedisError)
