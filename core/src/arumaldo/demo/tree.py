"""The whole platform as one tree of processes: two servers, the sandboxes, web, workers."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from arumaldo.demo.beside import close_to_home, written_down
from arumaldo.demo.child import Child, Command
from arumaldo.demo.embedded import Postgres, Valkey
from arumaldo.demo.files import secret_in
from arumaldo.demo.ports import Ports
from arumaldo.demo.supervisor import Stopped, Supervisor
from arumaldo.http import new_client

WEB_PORT = 8080
SANDBOX_PORT = 8090
_PATIENCE = 120.0
"""Seconds until every part must answer."""


@dataclass(frozen=True)
class Tree:
    """What runs, and where it answers."""

    supervisor: Supervisor
    postgres: Postgres
    valkey: Valkey
    base_url: str
    """The portal, "http://localhost:8080"."""
    sandbox_url: str
    """The sandboxes, "http://localhost:8090": `/<plugin>/…`, `/_control/…`, and the sites by their host names."""

    @property
    def web_port(self) -> int:
        return int(self.base_url.rpartition(":")[2])

    def wait(self, until: Callable[[], bool] | None = None) -> int | None:
        """Keep all of it running: 0 after Ctrl-C or SIGTERM, None when `until()` became true."""
        return self.supervisor.wait(until)


@contextmanager
def start(
    state: Path,
    config: Path,
    port: int | None = None,
    workers: int = 2,
    say: Callable[[str], None] | None = None,
    *,
    webs: int = 1,
    worker: Sequence[str] = ("-m", "arumaldo", "worker"),
    longest_pause: float = 30.0,
    child: Callable[[Command, Path], Child] = Child,
) -> Iterator[Tree]:
    """The tree on this state folder, for as long as the `with` lasts; a second start goes on with what it finds.

    Several `webs` share one listening socket. `worker` is what Python runs as a worker, and `longest_pause` the most
    seconds until a process that keeps dying is started again, and `child` how each is started: for drills.

    It is entered when every part answers, and nothing runs any more when it is left. ConfigError: a wrong
    configuration, a port in use, or another tree on this folder. Stopped: Ctrl-C before everything was up.
    Call it from the main thread.
    """
    state, config = state.absolute(), config.absolute()
    with ExitStack() as sockets, Supervisor(state, say, longest_pause, child) as supervisor:
        postgres, valkey = Postgres(state), Valkey(state)
        try:
            tree = _servers(supervisor, postgres, valkey, port)
            _hub(tree, config, worker, workers, _web(tree, webs, sockets))
            with written_down(state, config, environment(tree)):
                yield tree
        finally:
            supervisor.stop()
            postgres.free()


def environment(tree: Tree) -> Mapping[str, str]:
    """The variables that tell a command of ours where this tree's parts are, for a process beside it."""
    return {
        "ARUMALDO_STATE": str(tree.supervisor.state),
        "ARUMALDO_SECRET": secret_in(tree.supervisor.state / "secret"),
        "ARUMALDO_DATABASE": tree.postgres.app_url,
        "ARUMALDO_DATABASE_OWNER": tree.postgres.owner_url,
        "ARUMALDO_REDIS": tree.valkey.url,
        "ARUMALDO_BASE_URL": tree.base_url,
        "ARUMALDO_SANDBOX_URL": tree.sandbox_url,
        "ARUMALDO_PREVIEW_HOST": f"preview.{tree.base_url.removeprefix('http://')}",
    }


def _servers(supervisor: Supervisor, postgres: Postgres, valkey: Valkey, port: int | None) -> Tree:
    ports = Ports(supervisor.state / "ports.json")
    web = ports.claim("web", asked=port, first=WEB_PORT)
    sandbox = ports.claim("sandbox", first=SANDBOX_PORT)
    for server in (postgres, valkey):
        supervisor.start(server.command())
    _wait(supervisor, postgres.settle, "PostgreSQL")
    _wait(supervisor, valkey.settle, "Valkey")
    return Tree(supervisor, postgres, valkey, f"http://localhost:{web}", f"http://localhost:{sandbox}")


def _web(tree: Tree, webs: int, open_files: ExitStack) -> Mapping[str, tuple[int, ...]]:
    """Name → the sockets it inherits; none: it listens by itself."""
    if webs == 1:
        return {"web": ()}
    listening = open_files.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", tree.web_port))
    listening.listen(2048)
    return {f"web-{number}": (listening.fileno(),) for number in range(1, webs + 1)}


def _hub(tree: Tree, config: Path, worker: Sequence[str], workers: int, webs: Mapping[str, tuple[int, ...]]) -> None:
    env = {**os.environ, **close_to_home(), **environment(tree), "PYTHONUNBUFFERED": "1"}

    def command(name: str, *words: str, sockets: tuple[int, ...] = ()) -> Command:
        return Command(name, [sys.executable, *words], env=env, sockets=sockets)

    ours, file = ("-m", "arumaldo"), ("--config", str(config))
    tree.supervisor.run(command("migrate", *ours, "migrate"))
    tree.supervisor.start(command("sandbox", *ours, "sandbox", *file))
    for name, sockets in webs.items():
        place = ("--fd", str(sockets[0])) if sockets else ("--port", str(tree.web_port))
        tree.supervisor.start(command(name, *ours, "web", *file, *place, sockets=sockets))
    for number in range(1, workers + 1):
        tree.supervisor.start(command(f"worker-{number}", *worker, *file))
    with new_client(trust_env=False, timeout=2) as client:
        for address in (f"{tree.sandbox_url}/_control/health", f"{tree.base_url}/readyz"):
            _wait_for(tree.supervisor, client, address)


def _wait_for(supervisor: Supervisor, client: httpx2.Client, address: str) -> None:
    def answers() -> bool:
        try:
            return client.get(address).status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    _wait(supervisor, answers, address)


def _wait(supervisor: Supervisor, until: Callable[[], bool], what: str) -> None:
    if supervisor.wait(until, _PATIENCE, what) is not None:
        raise Stopped("stopped before everything was up")
