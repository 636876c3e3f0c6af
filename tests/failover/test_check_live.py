"""`arumaldo check --live` on servers in pairs: every setting that breaks a fail-over has its line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from arumaldo.config.model import Config, HubSettings
from arumaldo.live_check.bell import bell
from arumaldo.live_check.database import database
from arumaldo.live_check.finding import Finding
from arumaldo.store.migrate import migrate
from tests.platform import eventually

from .servers import Bells, Database, address, bells, pair

pytestmark = pytest.mark.slow

ONE_STANDBY = {"database.standbys": "warning"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Database]]:
    with pair(tmp_path_factory.mktemp("servers")) as made:
        migrate(address("owner", *made))
        yield made


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bells]:
    with bells(tmp_path_factory.mktemp("bells")) as made:
        yield made


def found(findings: Iterator[Finding]) -> dict[str, str]:
    """Name → state, of all that is not well."""
    return {finding.name: finding.state for finding in findings if finding.state != "well"}


def told(url: str, redis: str = "embedded") -> Config:
    hub = HubSettings(secret=SecretStr("s" * 40), database=SecretStr(url), redis=SecretStr(redis))
    return Config(text="", digest="", hub=hub, resellers={})


def at_the_servers(both: tuple[Database, Database]) -> dict[str, str]:
    """Without the one thing that makes servers of tests quick."""
    named = found(database(told(address("app", *both))))
    assert named.pop("database.fsync", "warning") == "warning"
    return named


def at_the_bells(group: Bells) -> dict[str, str]:
    return found(bell(told("embedded", group.url).hub))


def say_to_all(group: Bells, *words: str) -> None:
    """Tell every sentinel something about the servers."""
    for port in group.sentinels:
        group.ask(port, "SENTINEL", "SET", "hub", *words)


def test_two_servers_and_three_sentinels_are_in_order(group: Bells) -> None:
    eventually(lambda: at_the_bells(group) == {})


@pytest.mark.parametrize(
    ("option", "breaks", "works", "name"),
    [
        ("quorum", "1", "2", "redis.quorum"),
        ("quorum", "4", "2", "redis.quorum"),
        ("down-after-milliseconds", "30000", "1000", "redis.down-after-milliseconds"),
    ],
)
def test_what_the_sentinels_are_told_wrongly_is_named(
    group: Bells, option: str, breaks: str, works: str, name: str
) -> None:
    say_to_all(group, option, breaks)
    try:
        assert at_the_bells(group) == {name: "warning"}
    finally:
        say_to_all(group, option, works)
    assert at_the_bells(group) == {}


def test_a_replica_that_would_refuse_writes_once_it_is_promoted_is_named(group: Bells) -> None:
    master = group.master()
    [replica] = [port for port in group.servers if port != master]
    group.ask(replica, "CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        assert at_the_bells(group) == {"redis.min-replicas-to-write": "warning"}
    finally:
        group.ask(replica, "CONFIG", "SET", "min-replicas-to-write", "0")


def test_a_replica_that_is_gone_is_named(group: Bells) -> None:
    master = group.master()
    [replica] = [port for port in group.servers if port != master]
    group.kill(replica)
    eventually(lambda: at_the_bells(group) == {"redis.replicas": "warning"})
    group.revive(replica)
    eventually(lambda: at_the_bells(group) == {})


def test_sentinels_that_are_too_few_to_promote_anybody_are_named(group: Bells) -> None:
    for port in group.sentinels[1:]:
        group.kill(port)
    eventually(lambda: at_the_bells(group) == {"redis.sentinels": "warning", "redis.quorum": "warning"})


def test_a_single_standby_whose_loss_stops_all_commits_is_named(both: tuple[Database, Database]) -> None:
    assert at_the_servers(both) == ONE_STANDBY


def test_a_standby_that_is_gone_is_named_and_so_are_commits_that_wait_for_it(both: tuple[Database, Database]) -> None:
    _, standby = both
    standby.kill()
    eventually(
        lambda: at_the_servers(both) == {"database.hosts": "warning", "database.synchronous_standby_names": "wrong"}
    )
    standby.start()
    eventually(lambda: at_the_servers(both) == ONE_STANDBY)


def test_a_standby_that_was_promoted_beside_its_primary_is_named(both: tuple[Database, Database]) -> None:
    primary, standby = both
    primary.ask("ALTER SYSTEM SET default_transaction_read_only = on")
    standby.promote()
    eventually(lambda: standby.ask("SELECT NOT pg_is_in_recovery()"))
    primary.ask("SELECT pg_reload_conf()")
    eventually(lambda: primary.ask("SHOW default_transaction_read_only") == "on")
    assert "database.hosts" not in at_the_servers(both)
    primary.ask("ALTER SYSTEM RESET default_transaction_read_only")
    primary.ask("SELECT pg_reload_conf()")
    eventually(lambda: at_the_servers(both).get("database.hosts") == "wrong")
