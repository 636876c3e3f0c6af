"""Servers in pairs: a PostgreSQL with its standby, a Valkey with its replica and three sentinels. All of it real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from arumaldo.demo import cluster, database
from arumaldo.demo.accounts import server_account
from arumaldo.demo.child import Child, Command
from arumaldo.demo.files import make_folder
from arumaldo.demo.places import home_of, programs_for, remove_home
from arumaldo.demo.ports import Ports
from arumaldo.demo.programs import find_postgres, find_valkey
from tests.platform import eventually

PASSWORD = "a password of the servers"  # with spaces, so that the address has to be quoted
_NETWORK = "10.0.0.0/8"


class Database:
    """One PostgreSQL server: first a copy of another, or made anew."""

    def __init__(self, state: Path, *, like: Database | None = None, listen: Sequence[str] = ("127.0.0.1",)) -> None:
        self.state = make_folder(state)
        self.port = Ports(self.state / "ports.json").claim("postgres")
        self.host = listen[-1]
        self._listen = listen
        self._account = server_account()
        self._programs = programs_for(find_postgres(), self._account)
        if like is not None:
            self._copy(like)
        self._child = Child(self._command(), self.state / "log")
        self.data = home_of(self.state, self._account) / "data"

    def _copy(self, other: Database) -> None:
        """pg_basebackup: the other one's data, set up to follow it."""
        for secret in other.state.glob("database-*.secret"):
            shutil.copy(secret, self.state)
        data = home_of(self.state, self._account) / "data"
        from_where = database.url(other.state, other.port, "postgres", "postgres")
        words = ["-D", str(data), "-d", from_where, "--write-recovery-conf", "--checkpoint=fast", "-X", "stream"]
        self._run("pg_basebackup", *words)

    def _run(self, program: str, *words: str) -> None:
        who = self._account.identity() if self._account else {}
        subprocess.run([self._programs.bin / program, *words], check=True, capture_output=True, cwd="/", **who)

    def _command(self) -> Command:
        command = cluster.command(self.state, self.port, self._programs)
        where = ("-c", f"listen_addresses={','.join(self._listen)}", "-c", "fsync=off")
        return replace(command, argv=[*command.argv, *where])

    def start(self, *settings: str) -> Database:
        """Start it, with settings like "synchronous_standby_names=*", and return when it answers."""
        command = self._command()
        options = [word for setting in settings for word in ("-c", setting)]
        self._child = Child(replace(command, argv=[*command.argv, *options]), self.state / "log")
        self._child.start()
        eventually(lambda: self._answers() or not self._child.running)
        assert self._child.running, self._child.said()
        return self

    def _answers(self) -> bool:
        try:
            return self.ask("SELECT 1", patience=2) == 1
        except psycopg.OperationalError:
            return False

    def prepare(self) -> Database:
        """Make the database and its roles, and let them in from the networks of the tests."""
        assert database.prepare(self.state, self.port)
        with (self.data / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write(f"host all all {_NETWORK} scram-sha-256\n")
        self.ask("SELECT pg_reload_conf()")
        return self

    def ask(self, query: str, *, patience: int = 5) -> object:
        """One value, as superuser."""
        where = database.url(self.state, self.port, "postgres", database.DATABASE if patience == 5 else "postgres")
        with psycopg.connect(where, autocommit=True, connect_timeout=patience) as connection:
            answer = connection.execute(query.encode())
            row = answer.fetchone() if answer.description else None
            return row and row[0]

    def password(self, role: str) -> str:
        return str(psycopg.conninfo.conninfo_to_dict(database.url(self.state, self.port, role))["password"])

    def follow(self, other: Database) -> None:
        """Come back as a standby of the other, as a manager of fail-overs would bring it back."""
        shutil.rmtree(self.data)
        self._copy(other)

    def kill(self) -> None:
        """SIGKILL for the server and all its processes."""
        self._child.end_group()
        eventually(lambda: not self._child.running)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It neither answers nor ends."""
        assert self._child.pid
        os.killpg(self._child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._child.pid, signal.SIGCONT)

    def promote(self) -> None:
        """From a standby to a primary."""
        self._run("pg_ctl", "promote", "-D", str(self.data))

    def remove(self) -> None:
        self._child.stop()
        remove_home(self.state)


def address(role: str, *servers: Database, more: str = "") -> str:
    """One address for the role on all these servers."""
    hosts = ",".join(f"{server.host}:{server.port}" for server in servers)
    query = f"?target_session_attrs=read-write{more}"
    return f"postgresql://{role}:{servers[0].password(role)}@{hosts}/{database.DATABASE}{query}"


@contextmanager
def pair(state: Path, *, listen: Sequence[str] = ("127.0.0.1",)) -> Iterator[tuple[Database, Database]]:
    """A primary that acknowledges nothing before its standby has it, and that standby."""
    with ExitStack() as stack:
        primary = Database(state / "one", listen=listen)
        stack.callback(primary.remove)
        primary.start("synchronous_standby_names=*", "synchronous_commit=local").prepare()
        standby = Database(state / "two", like=primary, listen=listen)
        stack.callback(standby.remove)
        standby.start()
        eventually(lambda: primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1)
        primary.ask("ALTER DATABASE arumaldo SET synchronous_commit = 'on'")
        yield primary, standby


class Bells:
    """A Valkey with a replica, and three sentinels who know them as "hub"."""

    def __init__(self, state: Path, host: str) -> None:
        self.state = make_folder(state)
        self.host = host
        self._ports = Ports(state / "ports.json")
        self.servers = [self._ports.claim(name) for name in ("one", "two")]
        self.sentinels = [self._ports.claim(name) for name in ("first", "second", "third")]
        self.children: dict[int, Child] = {}

    def start(self) -> Bells:
        one, two = self.servers
        self._server(one)
        self._server(two, f"replicaof {self.host} {one}")
        for port in self.sentinels:
            self._sentinel(port, one)
        eventually(lambda: all(self._sees_all(port) for port in self.sentinels))
        return self

    def _server(self, port: int, *more: str) -> None:
        file = self.state / f"{port}.conf"
        said = [f"port {port}", f"bind {self.host}", 'save ""', f'dir "{self.state}"', "repl-diskless-sync-delay 0"]
        said += [f'requirepass "{PASSWORD}"', f'masterauth "{PASSWORD}"', *more]
        file.write_text("\n".join(said) + "\n", encoding="ascii")
        self._child(port, str(file))

    def _sentinel(self, port: int, master: int) -> None:
        file = self.state / f"{port}.conf"
        said = [
            f"port {port}",
            f"bind {self.host}",
            f'dir "{self.state}"',
            f"sentinel monitor hub {self.host} {master} 2",
        ]
        said += [f'sentinel auth-pass hub "{PASSWORD}"', "sentinel down-after-milliseconds hub 1000"]
        said += ["sentinel failover-timeout hub 6000", f'requirepass "{PASSWORD}"']
        file.write_text("\n".join(said) + "\n", encoding="ascii")
        self._child(port, str(file), "--sentinel")

    def _child(self, port: int, *words: str) -> None:
        child = Child(Command(f"valkey-{port}", [str(find_valkey()), *words]), self.state / "log")
        self.children[port] = child
        child.start()
        eventually(lambda: self.ask(port, "PING") or not child.running)
        assert child.running, child.said()

    def ask(self, port: int, *words: str) -> object:
        """What this server answers; None when it does not."""
        once = Retry(NoBackoff(), 0)
        try:
            with redis.Redis(
                self.host, port, password=PASSWORD, socket_timeout=1, retry=once, decode_responses=True
            ) as client:
                return client.execute_command(*words)
        except redis.RedisError:
            return None

    def _sees_all(self, port: int) -> bool:
        seen = self.ask(port, "SENTINEL", "MASTER", "hub")
        return isinstance(seen, dict) and [int(seen[key]) for key in ("num-slaves", "num-other-sentinels")] == [1, 2]

    def master(self) -> int | None:
        """Whom all sentinels take for the master; None while they differ."""
        said = {str(self.ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "hub")) for port in self.sentinels}
        return next((port for port in self.servers if said == {str([self.host, str(port)])}), None)

    def role(self, port: int) -> object:
        said = self.ask(port, "ROLE")
        return said[0] if isinstance(said, list) else None

    def revive(self, port: int) -> None:
        """Start the server again as it was."""
        self.children[port].start()

    def kill(self, port: int) -> None:
        self.children[port].end_group()
        eventually(lambda: not self.children[port].running)

    @contextmanager
    def frozen(self, port: int) -> Iterator[None]:
        """The server hangs: its connections stay, and it neither answers nor ends."""
        number = self.children[port].pid
        assert number
        os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)

    @property
    def url(self) -> str:
        secret = PASSWORD.replace(" ", "%20")
        hosts = ",".join(f"{self.host}:{port}" for port in self.sentinels)
        return f"sentinel://:{secret}@{hosts}/hub?db=0&sentinel_password={secret}"

    def stop(self) -> None:
        for child in self.children.values():
            child.stop()


@contextmanager
def bells(state: Path, host: str = "127.0.0.1") -> Iterator[Bells]:
    """The two servers and their three sentinels."""
    made = Bells(state, host)
    try:
        yield made.start()
    finally:
        made.stop()
