"""What `arumaldo check --live` finds at Redis and at its sentinels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from arumaldo.config.addresses import sentinels
from arumaldo.demo.child import Child, Command
from arumaldo.demo.embedded import Valkey
from arumaldo.demo.programs import find_valkey
from arumaldo.live_check.bell import bell, rings
from arumaldo.live_check.sentinels import Seen, successors
from arumaldo.live_check.sentinels import told as judged

from .findings import at, closed_port, eventually, found, hub


def test_servers_that_only_the_demo_brings_are_named() -> None:
    assert at("embedded") == {"database": "wrong"}
    assert found(bell(hub())) == {"redis": "wrong"}


def test_a_sound_redis_gets_one_line_without_its_password(valkey: Valkey) -> None:
    [line] = bell(hub(redis_address=valkey.url))
    assert line.state == "well"
    assert f"127.0.0.1:{urlsplit(valkey.url).port}" in line.said
    assert str(urlsplit(valkey.url).password) not in line.said


def test_a_redis_that_throws_away_what_was_rung_for_is_named(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert found(bell(hub(redis_address=valkey.url))) == {"redis.maxmemory-policy": "warning"}
        finally:
            client.config_set("maxmemory-policy", "noeviction")


def test_a_replica_in_place_of_the_master_is_named(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.replicaof("127.0.0.1", closed_port())
        try:
            assert found(bell(hub(redis_address=valkey.url))) == {"redis.role": "wrong"}
        finally:
            client.replicaof("NO", "ONE")


def test_a_redis_that_is_too_old_is_named() -> None:
    assert found(rings({"redis_version": "6.2.14", "role": "master"}, 0.0, "here")) == {"redis.version": "wrong"}


def test_a_redis_that_cannot_be_reached_or_does_not_accept_us_is_named(valkey: Valkey) -> None:
    parts = urlsplit(valkey.url)
    for address, remedy in (
        (f"redis://127.0.0.1:{closed_port()}/0", "may be reached from here"),
        (valkey.url.replace(f":{parts.password}@", ":wrong@"), "the password in [hub] redis"),
    ):
        [line] = bell(hub(redis_address=address))
        assert (line.name, line.state) == ("redis", "wrong")
        assert remedy in line.do


@contextmanager
def sentinel(valkey: Valkey, folder: Path) -> Iterator[int]:
    """One sentinel that watches this server as "hub"."""
    port, parts = closed_port(), urlsplit(valkey.url)
    said = [f"port {port}", "bind 127.0.0.1", f'dir "{folder}"', f"sentinel monitor hub 127.0.0.1 {parts.port} 1"]
    file = folder / "sentinel.conf"
    file.write_text("\n".join([*said, f"sentinel auth-pass hub {parts.password}"]) + "\n", encoding="ascii")
    child = Child(Command("sentinel", [str(find_valkey()), str(file), "--sentinel"]), folder / "log")
    child.start()
    try:
        yield port
    finally:
        child.stop()


def test_the_master_is_found_by_its_sentinels_and_what_one_of_them_cannot_do_is_named(
    valkey: Valkey, tmp_path: Path
) -> None:
    alone = {
        "redis.sentinels": "warning", "redis.quorum": "warning", "redis.down-after-milliseconds": "warning",
        "redis.replicas": "warning",
    }  # fmt: skip
    with sentinel(valkey, tmp_path) as port:
        address = f"sentinel://:{urlsplit(valkey.url).password}@127.0.0.1:{port}/hub"
        eventually(lambda: found(bell(hub(redis_address=address))) == alone)
        [line] = [line for line in bell(hub(redis_address=address)) if line.state == "well"]
        assert "sentinels' master" in line.said
        lines = list(bell(hub(redis_address=f"{address}x")))
        assert any("does not know hubx" in line.said for line in lines)
        assert found(iter(lines)) == {"redis.sentinels": "warning", "redis": "wrong"}
        one_is_away = address.replace("/hub", f",127.0.0.1:{closed_port()}/hub")
        assert any("does not answer" in line.said for line in bell(hub(redis_address=one_is_away)))
    assert found(bell(hub(redis_address=address))) == {"redis.sentinels": "warning", "redis": "wrong"}


def three(**differs: object) -> list[Seen]:
    """Three sentinels in order, of which the last says something else."""
    sound = Seen("s1:1", "db:6379", sentinels=3, quorum=2, down_after=2.0, replicas=(("b", 6379),))
    return [sound, replace(sound, sentinel="s2:1"), replace(sound, sentinel="s3:1", **differs)]  # type: ignore[arg-type]


def test_three_sentinels_who_agree_are_in_order() -> None:
    assert found(judged(three())) == {}


@pytest.mark.parametrize(
    ("differs", "name"),
    [
        ({"sentinels": 2}, "redis.sentinels"),
        ({"quorum": 1}, "redis.quorum"),
        ({"problem": "NOQUORUM"}, "redis.quorum"),
        ({"master": "other:6379"}, "redis.sentinels.master"),
        ({"down_after": 30.0}, "redis.down-after-milliseconds"),
        ({"replicas": ()}, "redis.replicas"),
    ],
)
def test_a_sentinel_under_whom_a_fail_over_would_not_come_or_come_late_is_named(
    differs: dict[str, object], name: str
) -> None:
    [line] = judged(three(**differs))
    assert (line.name, line.state) == (name, "warning")
    assert "s3:1" in line.said


def test_a_replica_that_would_not_answer_us_once_it_is_promoted_is_named(valkey: Valkey) -> None:
    parts = urlsplit(valkey.url)
    ours = sentinels(f"sentinel://:{parts.password}@s1,s2,s3/hub")
    [seen, *_] = three(replicas=())
    assert parts.port
    for port, address, expected in (
        (parts.port, ours, {}),
        (closed_port(), ours, {"redis.replicas": "warning"}),
        (parts.port, replace(ours, redis={"password": "another"}), {"redis.replicas": "warning"}),
    ):
        promoted = replace(seen, replicas=(("127.0.0.1", port),))
        assert found(successors(address, [promoted])) == expected


def test_a_redis_that_refuses_writes_without_its_replicas_is_named(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("min-replicas-to-write", "1")
        try:
            assert found(bell(hub(redis_address=valkey.url))) == {"redis.min-replicas-to-write": "warning"}
        finally:
            client.config_set("min-replicas-to-write", "0")


@pytest.mark.parametrize("key", ["socket_timeout", "socket_connect_timeout"])
def test_patience_with_a_redis_that_was_cut_off_is_named(valkey: Valkey, key: str) -> None:
    [line, *_] = bell(hub(redis_address=f"{valkey.url}?{key}=3600"))
    assert (line.name, line.state) == (f"redis.{key}", "warning")
    assert found(bell(hub(redis_address=f"{valkey.url}?{key}=4"))) == {}


def test_an_option_that_the_client_does_not_know_is_named(valkey: Valkey) -> None:
    for option in ("retry=3", "sokcet_timeout=1"):
        assert found(bell(hub(redis_address=f"{valkey.url}?{option}"))) == {"redis": "wrong"}
