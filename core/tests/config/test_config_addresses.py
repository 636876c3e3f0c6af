"""What may stand in [hub] database and [hub] redis, and what is added to it."""

from __future__ import annotations

import pytest

from arumaldo.bus.bell import open_redis
from arumaldo.config.addresses import check_redis, database_settings, has_password, sentinels
from arumaldo.errors import ConfigError
from arumaldo.store.scope import connect

HUSH = "hush"


def test_an_address_of_several_database_hosts_asks_for_the_one_that_takes_writes() -> None:
    told = database_settings("postgresql://app:p%40ss@one:5432,two:5433/hub")
    assert (told["host"], told["port"], told["password"]) == ("one,two", "5432,5433", "p@ss")
    assert told["target_session_attrs"] == "read-write"
    assert [told[key] for key in ("connect_timeout", "tcp_user_timeout", "keepalives_idle")] == ["3", "5000", "3"]


def test_what_a_database_address_says_itself_goes_before_our_settings() -> None:
    told = database_settings("postgresql://db/hub?tcp_user_timeout=9000&options=-c%20lock_timeout%3D3s")
    assert told["tcp_user_timeout"] == "9000"
    assert told["options"].startswith("-c lock_timeout=10s ")
    assert told["options"].endswith(" -c lock_timeout=3s"), "the server believes the last one"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://app:hush@db/hub", 'must be an address like "postgresql://'),
        ("postgresql://app:hush@db/hub?target_session_attr=read-write", "libpq understands"),
        ("postgresql://app:hush%zz@db/hub", "libpq understands"),
        ("postgresql://app:hu/hush@db/hub", "not a number from 1 to 65535"),
        ("postgresql://app:hush@one,two:5433,three:5434/hub?port=1,2", "3 hosts and 2 ports"),
        ("postgresql://app:hush@one:5432,:5433/hub", "empty host"),
        ("postgresql://app:hush@one:54x/hub", "not a number from 1 to 65535"),
        ("postgresql://app:hush@one:0/hub", "not a number from 1 to 65535"),
        ("postgresql://app:hush@one,two/hub?target_session_attrs=standby", "takes no writes"),
    ],
)
def test_a_malformed_database_address_is_told_without_its_password(address: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        connect(address)
    assert said in str(told.value)
    assert HUSH not in str(told.value)


def test_an_address_of_sentinels_names_them_their_service_and_both_passwords() -> None:
    address = sentinels("sentinel://me:p%40ss@one:1,two,[::1]:3/hub?db=2&sentinel_password=their%20own&ssl=true")
    assert address.hosts == (("one", 1), ("two", 26379), ("::1", 3))
    assert address.service == "hub"
    assert address.redis == {"username": "me", "password": "p@ss", "db": 2, "ssl": True}
    assert address.sentinel == {"password": "their own", "ssl": True}


def test_a_password_may_also_stand_behind_the_question_mark() -> None:
    assert sentinels("sentinel://one/hub?password=hush").redis == {"password": "hush"}
    assert has_password("sentinel://one/hub?sentinel_password=hush")
    assert has_password("postgresql://one,two/hub?user=app&password=hush")
    assert has_password("postgresql://app:hu?sh@one:1,two:2/hub")
    assert not has_password("sentinel://one:1,two:2/hub?db=1")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://:hush@one", 'must be an address like "redis://'),
        ("sentinel://:hush@one:1,two:2", "must end with the name that the sentinels have"),
        ("sentinel://:hush@one:1/hub/0", "must end with the name that the sentinels have"),
        ("sentinel://:hush@one:1,/hub", "a sentinel without a host"),
        ("sentinel://:hush@one:port/hub", "a sentinel with a port that is not"),
        ("sentinel://:hush@one:1/hub?dbb=1", "an option that is not known; there are db,"),
        ("sentinel://:hush@one:1/hub?db=first", "has db with a value"),
        ("sentinel://:hush@[one:1/hub", "cannot be read"),
        ("redis://:hush@one:1,two:2/0", "names several servers"),
        ("redis://:hush@one:70000/0", "a server with a port that is not"),
        ("redis://:hush@one/first", "has a database that is not a number"),
        ("redis://:hush@one/0?socket_timeout=soon", "has socket_timeout with a value"),
        ("redis://:hush@one/0?socket_timeout=0", "has socket_timeout with a value"),
        ("redis://:hush@one/0?socket_connect_timeout=inf", "has socket_connect_timeout with a value"),
        ("sentinel://:hush@one:1/hub?sentinel_socket_timeout=-1", "has sentinel_socket_timeout with a value"),
    ],
)
def test_a_malformed_redis_address_is_told_without_its_password(address: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        open_redis(address)
    assert said in str(told.value)
    assert HUSH not in str(told.value)


@pytest.mark.parametrize(
    "address", ["redis://one", "rediss://:hush@one:6379/1?ssl_cert_reqs=none", "unix:///run/x?db=1"]
)
def test_addresses_of_one_redis_are_as_ever(address: str) -> None:
    check_redis(address)
    open_redis(address).close()


def test_redis_is_asked_once_and_not_for_long_unless_its_address_says_otherwise() -> None:
    for address, seconds in (("redis://one", 0.5), ("redis://one?socket_timeout=7", 7.0)):
        with open_redis(address, timeout=0.5) as client:
            told = client.connection_pool.connection_kwargs
            assert (told["socket_timeout"], told["socket_connect_timeout"]) == (seconds, 1.0)
            assert told["retry"].get_retries() == 0
    with open_redis("sentinel://one/hub?socket_connect_timeout=7") as client:
        asking = client.connection_pool.sentinel_manager.sentinel_kwargs
        assert client.connection_pool.connection_kwargs["socket_connect_timeout"] == 7.0
        assert (asking["socket_timeout"], asking["retry"].get_retries()) == (0.5, 0)
