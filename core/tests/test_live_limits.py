"""How `arumaldo check --live` reads what addresses say about waiting: nobody may be held up by a cut for long."""

from __future__ import annotations

import pytest

from arumaldo.bus.bell import open_redis
from arumaldo.live_check.bell import patience
from arumaldo.live_check.limits import addressed, held
from arumaldo.live_check.standbys import Host, attached
from arumaldo.live_check.standbys import told as together

from .findings import found

HOSTS = "postgresql://app@db1.example.com,db2.example.com/hub"
SENTINELS = "sentinel://s1.example.com,s2.example.com,s3.example.com/hub"
SOUND = {
    "lock_timeout": 10.0, "idle_in_transaction_session_timeout": 5.0, "client_connection_check_interval": 2.0,
    "tcp_user_timeout": 5.0, "tcp_keepalives_idle": 3.0, "tcp_keepalives_interval": 1.0, "tcp_keepalives_count": 3.0,
}  # fmt: skip


def test_what_the_hub_adds_to_an_address_by_itself_is_in_order() -> None:
    assert found(addressed(HOSTS)) == {}
    assert found(held(SOUND, local=False)) == {}
    for address in ("redis://redis.example.com/0", SENTINELS):
        assert found(patience(open_redis(address))) == {}


@pytest.mark.parametrize(
    "said",
    ["keepalives=0", "keepalives_idle=0", "keepalives_idle=7200", "keepalives_interval=5", "keepalives_count=20"],
)
def test_keepalives_that_notice_a_cut_too_late_are_named(said: str) -> None:
    assert found(addressed(f"{HOSTS}?{said}")) == {"database.keepalives": "warning"}


@pytest.mark.parametrize("name", [name for name in SOUND if not name.startswith("tcp_keepalives")])
def test_a_limit_of_the_server_that_is_off_or_long_is_named_by_its_name(name: str) -> None:
    for seconds in (0.0, 3600.0):
        [line] = held({**SOUND, name: seconds}, local=False)
        assert (line.name, line.state) == ("database.options", "warning")
        assert name in line.said


def test_a_server_on_this_host_has_no_network_that_could_be_cut() -> None:
    no_network = {name: 0.0 if name.startswith("tcp_") else seconds for name, seconds in SOUND.items()}
    assert found(held(no_network, local=True)) == {}
    assert found(held(no_network, local=False)) == {"database.options": "warning"}


@pytest.mark.parametrize(
    "key", ["socket_timeout", "socket_connect_timeout", "sentinel_socket_timeout", "sentinel_socket_connect_timeout"]
)
def test_patience_with_sentinels_and_their_master_is_named(key: str) -> None:
    assert found(patience(open_redis(f"{SENTINELS}?{key}=3600"))) == {f"redis.{key}": "warning"}


def test_two_servers_that_both_take_writes_are_named_and_nobody_may_serve_with_them() -> None:
    primary, standby = Host("db1:5432", writes=True, started="monday"), Host("db2:5432")
    assert found(together([primary, standby])) == {}
    [line] = together([primary, Host("db2:5432", writes=True, started="tuesday")])
    assert (line.name, line.state) == ("database.hosts", "wrong")
    assert "db1:5432 and db2:5432" in line.said


@pytest.mark.parametrize(
    ("names", "needed"),
    [("*", 1), ("db2, db3", 1), ("ANY 1 (db2, db3)", 1), ("FIRST 2 (db2, db3)", 2), ("2 (a, b)", 2)],
)
def test_so_many_standbys_as_commits_wait_for_and_one_more_are_in_order(names: str, needed: int) -> None:
    assert found(attached(names, needed - 1)) == {"database.synchronous_standby_names": "wrong"}
    assert found(attached(names, needed)) == {"database.standbys": "warning"}
    assert found(attached(names, needed + 1)) == {}
