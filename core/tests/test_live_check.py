"""What `arumaldo check --live` finds at the database: every finding by its name, against a real server."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import psycopg
import pytest

from arumaldo.demo.embedded import Postgres
from arumaldo.live_check.database import clock
from arumaldo.live_check.database import database as look
from arumaldo.store.scope import connect
from arumaldo.store.seal import Keyring
from arumaldo.testing.fixtures import Database

from .findings import SECRET, at, closed_port, config, eventually, found, hub, owner_says, told
from .pooler import Pooler


def name_of(database: Database) -> str:
    return urlsplit(database.app_url).path[1:]


def test_a_sound_database_gets_one_line_that_says_where_it_is(database: Database) -> None:
    [line] = look(config(hub(database.app_url)))
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
    assert at(several_hosts(database))["database.synchronous_standby_names"] == "warning"


def test_commits_that_wait_for_standbys_of_whom_none_is_there_are_named(postgres: Postgres, database: Database) -> None:
    with told(postgres, "synchronous_standby_names = 'somewhere'"):
        eventually(lambda: at(database.app_url) == {"database.synchronous_standby_names": "wrong"})


def test_a_host_of_the_address_that_cannot_be_reached_is_named(database: Database) -> None:
    away = [line for line in look(config(hub(several_hosts(database)))) if line.name == "database.hosts"]
    assert [line.state for line in away] == ["warning"]
    assert "127.0.0.1:" in away[0].said
    assert "cannot be used" in away[0].said


def test_two_names_of_one_server_are_not_two_servers(database: Database) -> None:
    port = urlsplit(database.app_url).port
    twice = database.app_url.replace(f"127.0.0.1:{port}/", f"127.0.0.1:{port},localhost:{port}/")
    assert "database.hosts" not in at(twice)


@pytest.mark.parametrize(
    "said",
    [
        "connect_timeout=0",
        "connect_timeout=-1",
        "connect_timeout=600",
        "tcp_user_timeout=0",
        "tcp_user_timeout=3600000",
    ],
)
def test_a_time_limit_that_a_cut_of_the_network_outlasts_is_named(database: Database, said: str) -> None:
    assert at(f"{database.app_url}?{said}") == {f"database.{said.partition('=')[0]}": "warning"}


def test_limits_of_the_server_that_options_take_away_are_named(database: Database) -> None:
    for name in ("lock_timeout", "idle_in_transaction_session_timeout", "client_connection_check_interval"):
        assert at(f"{database.app_url}?options=-c%20{name}%3D0") == {"database.options": "warning"}
        assert at(f"{database.app_url}?options=-c%20{name}%3D4000") == {}
    assert at(f"{database.app_url}?options=-c%20tcp_user_timeout%3D0") == {"database.options": "warning"}


def test_too_few_connections_for_one_web_process_and_one_worker_are_named(database: Database) -> None:
    owner_says(database, f'ALTER DATABASE "{name_of(database)}" CONNECTION LIMIT 63')
    assert at(database.app_url) == {"database.max_connections": "warning"}
    owner_says(database, f'ALTER DATABASE "{name_of(database)}" CONNECTION LIMIT 64')
    assert at(database.app_url) == {}


def test_too_few_connections_for_the_workers_that_live_are_named(database: Database) -> None:
    owner_says(database, "INSERT INTO workers (host, pid) SELECT 'host' || n % 2, n FROM generate_series(1, 4) n")
    assert at(database.app_url) == {"database.max_connections": "warning"}
    owner_says(database, "UPDATE workers SET seen_at = hub_now() - interval '1 minute' WHERE pid > 2")
    assert at(database.app_url) == {}


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


def uses(database: Database, secret: str, digest: str) -> None:
    """The installation takes up a version of its file."""
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "INSERT INTO config_versions (digest, body) VALUES (%s, %s)", (digest, Keyring([secret]).seal("text"))
        )


def test_a_secret_that_is_not_the_one_of_this_installation_is_named(database: Database) -> None:
    for secret, expected in ((SECRET, {}), ("another-secret-" * 3, {"hub.secret": "wrong"})):
        uses(database, secret, digest="here")
        assert found(look(config(hub(database.app_url), digest="here"))) == expected


def test_a_file_on_this_host_that_is_not_the_one_in_use_is_named(database: Database) -> None:
    uses(database, SECRET, digest="there")
    assert found(look(config(hub(database.app_url), digest="here"))) == {"hub.config": "warning"}
    assert found(look(config(hub(database.app_url), digest="there"))) == {}


def test_a_role_that_sees_all_rows_is_named(postgres: Postgres, database: Database) -> None:
    assert at(postgres.url("postgres", name_of(database))) == {"database.role": "wrong"}


def test_a_database_that_takes_no_writes_is_named_with_the_way_to_the_primary(database: Database) -> None:
    owner_says(database, f'ALTER DATABASE "{name_of(database)}" SET default_transaction_read_only = on')
    [line] = look(config(hub(database.app_url)))
    assert (line.name, line.state) == ("database", "wrong")
    assert "Name the primary too" in line.do


def test_a_database_that_cannot_be_reached_or_does_not_accept_us_is_named(database: Database) -> None:
    parts = urlsplit(database.app_url)
    for address, remedy in (
        (database.app_url.replace(f":{parts.port}/", f":{closed_port()}/"), "that the server runs"),
        (database.app_url.replace(f":{parts.password}@", ":wrong@"), "the password in [hub] database"),
    ):
        [line] = look(config(hub(address)))
        assert (line.name, line.state) == ("database", "wrong")
        assert remedy in line.do
        assert str(parts.password) not in str(line)
