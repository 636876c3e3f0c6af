"""`arumaldo check --live`: every finding by its name, against real servers."""

from __future__ import annotations

import json
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from pydantic import SecretStr

from arumaldo import Denied, Plugin, PluginSettings, Unavailable
from arumaldo.config.model import Brand, Config, HubSettings, PluginChoice, ResellerConfig
from arumaldo.demo.child import Child, Command
from arumaldo.demo.embedded import Postgres, Valkey
from arumaldo.demo.programs import find_valkey
from arumaldo.live_check import Finding, bell, clock, plugins, report, rings
from arumaldo.live_check import database as look
from arumaldo.store.scope import connect
from arumaldo.store.seal import Keyring
from arumaldo.testing.fixtures import Database

from .pooler import Pooler

SECRET = "a-secret-of-more-than-thirty-two-characters"


def hub(address: str = "embedded", redis_address: str = "embedded") -> HubSettings:
    return HubSettings(secret=SecretStr(SECRET), database=SecretStr(address), redis=SecretStr(redis_address))


def found(findings: Iterator[Finding]) -> dict[str, str]:
    """Name → state, of all that is not well."""
    return {finding.name: finding.state for finding in findings if finding.state != "well"}


def at(address: str) -> dict[str, str]:
    return found(look(hub(address)))


@contextmanager
def told(postgres: Postgres, *settings: str) -> Iterator[None]:
    """The server is told something else for a while; whoever tells it waits for no standby."""
    address = f"{postgres.url('postgres', 'postgres')}?options=-c%20synchronous_commit%3Dlocal"
    with psycopg.connect(address, autocommit=True) as server:
        try:
            for setting in settings:
                server.execute(f"ALTER SYSTEM SET {setting}".encode())
            server.execute("SELECT pg_reload_conf()")
            yield
        finally:
            server.execute("ALTER SYSTEM RESET ALL")
            server.execute("SELECT pg_reload_conf()")


def owner_says(database: Database, *statements: str) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def name_of(database: Database) -> str:
    return urlsplit(database.app_url).path[1:]


def eventually(condition: Callable[[], bool], patience: float = 30) -> None:
    ends_at = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends_at, "it did not become true in time"
        time.sleep(0.05)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_sound_database_gets_one_line_that_says_where_it_is(database: Database) -> None:
    [line] = look(hub(database.app_url))
    assert line.state == "well"
    assert f"{urlsplit(database.app_url).port} as app" in line.said
    assert str(line).startswith("✓ database: PostgreSQL 1")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_its_data_in_a_crash_is_named(postgres: Postgres, database: Database, name: str) -> None:
    with told(postgres, f"{name} = off"):
        eventually(lambda: at(database.app_url) == {f"database.{name}": "warning"})
    eventually(lambda: at(database.app_url) == {})


def test_commits_that_are_confirmed_before_they_are_kept_are_named(database: Database) -> None:
    owner_says(database, f'ALTER DATABASE "{name_of(database)}" SET synchronous_commit = off')
    assert at(database.app_url) == {"database.synchronous_commit": "warning"}


def test_commits_that_do_not_wait_for_the_standby_are_named(postgres: Postgres, database: Database) -> None:
    owner_says(database, f'ALTER DATABASE "{name_of(database)}" SET synchronous_commit = local')
    assert at(database.app_url) == {}
    with told(postgres, "synchronous_standby_names = 'somewhere'"):
        eventually(lambda: at(database.app_url) == {"database.synchronous_commit": "warning"})


def several_hosts(database: Database) -> str:
    parts = urlsplit(database.app_url)
    return database.app_url.replace(f":{parts.port}/", f":{closed_port()},127.0.0.1:{parts.port}/")


def test_several_hosts_of_which_any_will_do_are_named(database: Database) -> None:
    assert at(f"{several_hosts(database)}?target_session_attrs=any")["database.target_session_attrs"] == "warning"
    assert "database.target_session_attrs" not in at(several_hosts(database))


def test_a_standby_that_commits_do_not_wait_for_is_named(postgres: Postgres, database: Database) -> None:
    assert at(several_hosts(database)) == {"database.synchronous_standby_names": "warning"}
    with told(postgres, "synchronous_standby_names = 'somewhere'"):
        eventually(lambda: at(several_hosts(database)) == {})


@pytest.mark.parametrize("key", ["connect_timeout", "tcp_user_timeout"])
def test_a_time_limit_that_is_switched_off_is_named(database: Database, key: str) -> None:
    assert at(f"{database.app_url}?{key}=0") == {f"database.{key}": "warning"}
    assert at(f"{database.app_url}?{key}=4000") == {}


def test_a_pooler_in_transaction_mode_is_named(database: Database) -> None:
    port = urlsplit(database.app_url).port
    assert port is not None
    with Pooler(port) as pooler:
        assert at(database.app_url.replace(f":{port}/", f":{pooler.port}/")) == {"database.pooler": "warning"}


def test_clocks_that_differ_are_named(database: Database) -> None:
    engine = connect(database.app_url, pool_size=1)
    with engine.connect() as connection:
        assert found(clock(connection)) == {}
        for wrong in (1.5, -1.5):
            assert found(clock(connection, lambda off=wrong: time.time() + off)) == {"database.clock": "warning"}  # type: ignore[misc]
        assert found(clock(connection, lambda: time.time() + 0.8)) == {}
    engine.dispose()


def test_an_empty_database_is_named(postgres: Postgres) -> None:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER owner'.encode())
        try:
            assert at(postgres.url("app", name)) == {"database.schema": "wrong"}
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def test_a_schema_behind_this_release_is_named(database: Database) -> None:
    owner_says(database, "UPDATE alembic_version SET version_num = '0001'")
    assert at(database.app_url) == {"database.schema": "wrong"}


def test_a_schema_ahead_of_this_release_is_named_and_is_wrong_only_where_it_does_not_serve(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        [(head,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    owner_says(
        database, "UPDATE alembic_version SET version_num = '9999'",
        f"COMMENT ON TABLE alembic_version IS 'serves 9999 {head}'",
    )  # fmt: skip
    assert at(database.app_url) == {"database.schema": "warning"}
    owner_says(database, "COMMENT ON TABLE alembic_version IS 'serves 9999'")
    assert at(database.app_url) == {"database.schema": "wrong"}


def test_a_secret_that_is_not_the_one_of_this_installation_is_named(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        for secret, expected in ((SECRET, {}), ("another-secret-" * 3, {"hub.secret": "wrong"})):
            connection.execute(
                "INSERT INTO config_versions (digest, body) VALUES (%s, %s)", (secret, Keyring([secret]).seal("text"))
            )
            connection.commit()
            assert at(database.app_url) == expected


def test_a_role_that_sees_all_rows_is_named(postgres: Postgres, database: Database) -> None:
    assert at(postgres.url("postgres", name_of(database))) == {"database.role": "wrong"}


def test_a_database_that_takes_no_writes_is_named_with_the_way_to_the_primary(database: Database) -> None:
    owner_says(database, f'ALTER DATABASE "{name_of(database)}" SET default_transaction_read_only = on')
    [line] = look(hub(database.app_url))
    assert (line.name, line.state) == ("database", "wrong")
    assert "Name the primary too" in line.do


def test_a_database_that_cannot_be_reached_or_does_not_accept_us_is_named(database: Database) -> None:
    parts = urlsplit(database.app_url)
    for address, remedy in (
        (database.app_url.replace(f":{parts.port}/", f":{closed_port()}/"), "that the server runs"),
        (database.app_url.replace(f":{parts.password}@", ":wrong@"), "the password in [hub] database"),
    ):
        [line] = look(hub(address))
        assert (line.name, line.state) == ("database", "wrong")
        assert remedy in line.do
        assert str(parts.password) not in str(line)


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


def test_the_master_is_found_by_its_sentinels(valkey: Valkey, tmp_path: Path) -> None:
    with sentinel(valkey, tmp_path) as port:
        address = f"sentinel://:{urlsplit(valkey.url).password}@127.0.0.1:{port}/hub"
        eventually(lambda: found(bell(hub(redis_address=address))) == {})
        [line] = bell(hub(redis_address=address))
        assert "sentinels' master" in line.said
        assert found(bell(hub(redis_address=f"{address}x"))) == {"redis": "wrong"}
        one_is_away = address.replace("/hub", f",127.0.0.1:{closed_port()}/hub")
        assert found(bell(hub(redis_address=one_is_away))) == {"redis.sentinels": "warning"}
    assert found(bell(hub(redis_address=address))) == {"redis.sentinels": "warning", "redis": "wrong"}


class Settings(PluginSettings):
    key: str = "good"


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of a plugin whose vendor knows one key."""

    def check(settings: Settings) -> str:
        match settings.key:
            case "good":
                return "the key is accepted"
            case "away":
                raise Unavailable("acme", "cannot be reached")
            case "broken":
                raise RuntimeError("oh")
        raise Denied("acme", "does not know the key; make a new one")

    module = ModuleType("acme_checks")
    module.check = check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return f"{module.__name__}:check"


def configured(check: str | None, *keys: str, sandbox: bool = False) -> Config:
    """One reseller for each key."""
    resellers = {
        slug: ResellerConfig(
            slug=slug,
            hostnames=(),
            brand=Brand(name="Acme", support_email="help@acme.example"),
            providers={},
            plans={},
            plugins={
                "acme": PluginChoice(
                    name="acme", plugin=Plugin(Settings, check=check), settings=Settings(key=key), sandbox=sandbox
                )
            },
        )
        for slug, key in zip(("main", "bakers", "florists"), keys, strict=False)
    }
    return Config(text="", digest="", hub=hub(), resellers=resellers)


def test_a_vendor_who_lets_us_in_gets_a_line_with_what_it_said(acme: str) -> None:
    [line] = plugins(configured(acme, "good"))
    assert str(line) == "✓ plugins.acme: the key is accepted"


@pytest.mark.parametrize(("key", "said"), [("bad", "does not know the key"), ("away", "reached"), ("broken", "oh")])
def test_a_vendor_who_does_not_let_us_in_is_named(acme: str, key: str, said: str) -> None:
    [line] = plugins(configured(acme, key))
    assert (line.name, line.state) == ("plugins.acme", "wrong")
    assert said in line.said


def test_a_sandbox_that_does_not_answer_is_to_be_started(acme: str) -> None:
    [line] = plugins(configured(acme, "away", sandbox=True))
    assert line.said == "sandbox: cannot be reached"
    assert "arumaldo sandbox" in line.do


def test_a_check_that_is_not_there_is_named(acme: str) -> None:
    assert found(plugins(configured(f"{acme}s", "good"))) == {"plugins.acme": "wrong"}


def test_a_plugin_without_a_check_says_so(acme: str) -> None:
    [line] = plugins(configured(None, "good"))
    assert (line.state, line.said) == ("well", "has nothing to ask")


def test_each_reseller_with_an_account_of_its_own_is_asked_for_once(acme: str) -> None:
    assert [line.name for line in plugins(configured(acme, "good", "good", "bad"))] == [
        "plugins.acme", "plugins.acme of florists",
    ]  # fmt: skip


def test_the_exit_code_tells_a_script_what_is_wrong_but_not_what_is_only_unwise(
    database: Database, valkey: Valkey, acme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    unwise = hub(f"{database.app_url}?connect_timeout=0", valkey.url)
    for key, code in (("good", 0), ("bad", 1)):
        config = configured(acme, key).model_copy(update={"hub": unwise})
        assert report(config, "hubconfig.toml", as_json=False) == code
        lines = capsys.readouterr().out
        assert report(config, "hubconfig.toml", as_json=True) == code
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert all(f" {finding['name']}: {finding['said'][:10]}" in lines for finding in findings)
        assert {"name", "state", "said", "do"} == set(findings[0])
        unwise_ones = [finding["name"] for finding in findings if finding["state"] == "warning"]
        assert unwise_ones == ["database.connect_timeout"]
