"""The embedded servers: the real ones, started, killed and started again."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from arumaldo.demo.accounts import server_account
from arumaldo.demo.embedded import Postgres, Valkey
from arumaldo.demo.places import programs_for
from arumaldo.demo.ports import Ports
from arumaldo.demo.programs import find_postgres, find_valkey
from arumaldo.errors import ConfigError

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def state(server_states: Path) -> Iterator[Path]:
    folder = server_states / secrets.token_hex(4)
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def postgres(state: Path) -> Iterator[Postgres]:
    server = Postgres(state)
    yield server
    server.remove()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not come true in time"
        time.sleep(0.02)


def processes() -> dict[int, tuple[int, str]]:
    """Every process of this machine: its parent and its state."""
    said = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    lines = (line.split() for line in said.stdout.splitlines())
    return {int(pid): (int(parent), state) for pid, parent, state in lines}


def gone(pid: int) -> bool:
    """Whether the process has ended; who waits to be collected has."""
    return processes().get(pid, (0, "Z"))[1].startswith("Z")


def children_of(pid: int) -> list[int]:
    return [child for child, (parent, _) in processes().items() if parent == pid]


def keep_a_row(postgres: Postgres) -> None:
    with psycopg.connect(postgres.owner_url) as database:
        database.execute("CREATE TABLE kept AS SELECT 'bread' AS what")


def kept_rows(postgres: Postgres) -> list[tuple[str]]:
    with psycopg.connect(postgres.owner_url) as database:
        return database.execute("SELECT what FROM kept").fetchall()


@pytest.mark.slow
def test_a_second_start_goes_on_with_the_data_at_the_same_address(state: Path, postgres: Postgres) -> None:
    postgres.start()
    keep_a_row(postgres)
    first = postgres.app_url
    postgres.stop()
    with Postgres(state) as again:
        assert kept_rows(again) == [("bread",)]
        assert again.app_url == first


@pytest.mark.slow
def test_what_was_committed_is_there_after_every_process_was_killed(postgres: Postgres) -> None:
    postgres.start()
    keep_a_row(postgres)
    assert postgres.pid
    family = [postgres.pid, *children_of(postgres.pid)]
    assert len(family) > 3
    for pid in family:
        with contextlib.suppress(ProcessLookupError):  # they leave by themselves when the first one is gone
            os.kill(pid, signal.SIGKILL)
    until(lambda: all(gone(pid) for pid in family))
    postgres.start()
    assert kept_rows(postgres) == [("bread",)]


@pytest.mark.slow
def test_it_starts_again_after_only_its_first_process_was_killed(postgres: Postgres) -> None:
    postgres.start()
    keep_a_row(postgres)
    assert postgres.pid
    first = postgres.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: gone(first))
    postgres.start()
    assert kept_rows(postgres) == [("bread",)]


@pytest.mark.slow
def test_a_pid_file_from_before_a_restart_of_the_machine_does_not_keep_it_from_starting(
    state: Path, postgres: Postgres
) -> None:
    postgres.start()
    postgres.stop()
    left_over = (state / "postgres" / "data" / "postmaster.pid").resolve()
    left_over.write_text(f"{os.getpid()}\n{left_over.parent}\n")
    postgres.start()
    assert postgres.settle()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_no_server_outlives_the_process_that_started_it(state: Path, postgres: Postgres) -> None:
    script = (
        "import sys, time; from pathlib import Path; from arumaldo.demo.embedded import Postgres, Valkey\n"
        "state = Path(sys.argv[1]); postgres, valkey = Postgres(state), Valkey(state)\n"
        "postgres.start(); valkey.start(); print(postgres.pid, valkey.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, str(state)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    with starter.stdout as said:
        servers = [int(word) for word in said.readline().split()]
    assert len(servers) == 2
    starter.kill()
    starter.wait()
    until(lambda: all(gone(pid) for pid in servers))
    postgres.start()


@pytest.mark.slow
def test_nothing_runs_any_more_after_a_stop(postgres: Postgres) -> None:
    postgres.start()
    assert postgres.pid
    family = [postgres.pid, *children_of(postgres.pid)]
    with psycopg.connect(postgres.app_url):
        postgres.stop()
    assert all(gone(pid) for pid in family)


@pytest.mark.slow
def test_neither_role_is_superuser_and_the_serving_one_makes_no_tables(postgres: Postgres) -> None:
    postgres.start()
    with psycopg.connect(postgres.app_url) as database:
        roles = database.execute(
            "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles"
            " WHERE rolname IN ('owner', 'app') ORDER BY 1"
        ).fetchall()
        assert roles == [("app", False), ("owner", False)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute("CREATE TABLE mine (id int)")


@pytest.mark.slow
def test_the_database_is_durable_and_speaks_utf8(postgres: Postgres) -> None:
    postgres.start()
    with psycopg.connect(postgres.app_url) as database:
        for name, value in (("fsync", "on"), ("synchronous_commit", "on"), ("server_encoding", "UTF8")):
            assert database.execute("SELECT current_setting(%s)", [name]).fetchone() == (value,)
        assert database.execute("SELECT upper('bäckerei')").fetchone() == ("BÄCKEREI",)


@pytest.mark.slow
def test_no_one_comes_in_without_the_password(postgres: Postgres) -> None:
    postgres.start()
    before, _, after = postgres.url("postgres", "postgres").partition("@")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"{before.rpartition(':')[0]}:guess@{after}")


@pytest.mark.slow
def test_secrets_are_readable_by_their_owner_only(state: Path, postgres: Postgres) -> None:
    with Valkey(state):
        postgres.start()
    files = list(state.glob("*.secret"))
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.slow
def test_a_second_server_on_the_same_state_says_who_has_it(state: Path, postgres: Postgres) -> None:
    postgres.start()
    with pytest.raises(ConfigError, match=f"in use by process {os.getpid()}"):
        Postgres(state).start()


@pytest.mark.slow
def test_data_of_another_version_are_left_alone_with_a_sentence(state: Path, postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (state / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigError, match=r"made by PostgreSQL 9.*start afresh"):
        postgres.start()


@pytest.mark.slow
def test_an_address_taken_by_another_program_is_given_up(state: Path, postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    port = json.loads((state / "ports.json").read_text())["postgres"]
    with socket.create_server(("127.0.0.1", port)):
        postgres.start()
        assert f":{port}/" not in postgres.app_url
        assert postgres.settle()


@pytest.mark.slow
@pytest.mark.skipif(not AS_ROOT, reason="only root must find another user for the server")
def test_started_by_root_it_serves_from_a_folder_that_only_root_may_enter_and_opens_none(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(closed / "state")
    try:
        postgres.start()
        keep_a_row(postgres)
        postgres.stop()
        postgres.start()
        assert kept_rows(postgres) == [("bread",)]
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        outside = (closed / "state" / "postgres").resolve()
        assert not outside.is_relative_to(closed)
    finally:
        postgres.remove()
    assert not outside.parent.exists()


@pytest.mark.slow
@pytest.mark.skipif(not AS_ROOT, reason="only root must find another user for the server")
def test_a_state_that_was_thrown_away_does_not_come_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    postgres = Postgres(state)
    try:
        postgres.start()
        keep_a_row(postgres)
        postgres.stop()
        for file in (*state.glob("*.secret"), state / "postgres"):
            file.unlink()
        postgres.start()
        with pytest.raises(psycopg.errors.UndefinedTable):
            kept_rows(postgres)
    finally:
        postgres.remove()


@pytest.mark.slow
@pytest.mark.skipif(not AS_ROOT, reason="only root must find another user for the server")
def test_started_by_root_it_runs_programs_that_only_root_may_reach(tmp_path: Path, state: Path) -> None:
    found = find_postgres()
    if found.wheel is None:
        pytest.skip("the servers of this machine are open to all")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in (found.wheel, *found.wheel.parent.glob(f"{found.wheel.name}.libs")):
        (closed / part.name).symlink_to(part)
    inside = closed / found.bin.relative_to(found.wheel.parent)
    unreachable = type(found)(inside, found.major, closed / found.wheel.name)
    postgres = Postgres(state, unreachable)
    try:
        postgres.start()
        keep_a_row(postgres)
        assert kept_rows(postgres) == [("bread",)]
        assert not programs_for(unreachable, server_account()).bin.is_relative_to(tmp_path)
    finally:
        postgres.remove()


@pytest.mark.slow
def test_servers_of_the_machine_serve_where_no_wheel_fits(state: Path) -> None:
    try:
        found = find_postgres(wheels=False)
    except ConfigError:
        pytest.skip("this machine has no PostgreSQL of its own")
    postgres = Postgres(state, found)
    try:
        postgres.start()
        keep_a_row(postgres)
        assert kept_rows(postgres) == [("bread",)]
    finally:
        postgres.remove()


def test_a_machine_without_servers_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no PostgreSQL 15 or newer.*apt-get install postgresql"):
        find_postgres(wheels=False, path=str(tmp_path))
    with pytest.raises(ConfigError, match=r"no Valkey.*apt-get install valkey-server"):
        find_valkey(wheels=False, path=str(tmp_path))


def test_servers_are_found_on_the_path(tmp_path: Path) -> None:
    found = find_postgres()
    for name in ("initdb", "postgres"):
        (tmp_path / name).symlink_to(found.bin / name)
    (tmp_path / "redis-server").symlink_to(find_valkey())
    assert find_postgres(wheels=False, path=str(tmp_path)).major == found.major
    assert find_valkey(wheels=False, path=str(tmp_path)) == find_valkey().resolve()


@pytest.mark.slow
def test_valkey_answers_those_who_know_the_password_and_keeps_nothing(state: Path) -> None:
    with Valkey(state) as valkey:
        address, pid = valkey.url, valkey.pid
        with redis.Redis.from_url(address) as client:
            client.set("kept", "no")
            assert client.config_get("save", "appendonly") == {"save": "", "appendonly": "no"}
        port = int(address.rpartition(":")[2].split("/")[0])
        with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert pid
    assert gone(pid)
    with Valkey(state) as again, redis.Redis.from_url(again.url) as client:
        assert again.url == address
        assert client.get("kept") is None


def test_a_chosen_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} is in use by another program.*--port"):
            Ports(tmp_path / "ports.json").claim("web", asked=port)


def test_ports_are_remembered_and_never_given_to_two(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    web = ports.claim("web", first=21_000)
    assert ports.claim("sandbox", first=web) != web
    assert Ports(tmp_path / "ports.json").claim("web", first=25_000) == web
