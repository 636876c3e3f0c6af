"""The hub on two hosts: a web process and a worker on each, what they need behind one network, a proxy before them.

Nobody starts a process again here: what ends, stays ended.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from arumaldo.demo.child import Child, Command
from arumaldo.demo.files import make_folder
from arumaldo.demo.ports import Ports
from arumaldo.demo.report import Report, read_ledgers
from arumaldo.demo.walker import walk
from tests.platform import HUBCONFIG, eventually

from .network import Host, Network
from .servers import Bells, Database, address, bells, pair

RELAY = Path(__file__).with_name("relay.py")
_HERE = "localhost,.localhost,127.0.0.1"


@dataclass
class Hub:
    """What runs, and where it answers."""

    net: Network
    databases: tuple[Database, Database]
    bells: Bells
    base_url: str
    """The portal behind its proxy."""
    sandbox_url: str
    webs: dict[str, str] = field(default_factory=dict)
    """Address of a host → where its own web process answers."""
    children: dict[str, Child] = field(default_factory=dict)

    def walk(self, customers: int, meanwhile: Callable[[], None]) -> Report:
        """Walk so many customers through, while something happens."""
        failures: list[BaseException] = []

        def trouble() -> None:
            try:
                meanwhile()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=trouble)
        thread.start()
        report = walk(self.base_url, self.sandbox_url, customers)
        thread.join()
        if failures:
            raise failures[0]
        return report

    def control(self, method: str, path: str, **body: Any) -> None:
        """Order something of the sandboxes."""
        url = f"{self.sandbox_url}/_control/{path}"
        httpx2.request(method, url, json=body or None, trust_env=False).raise_for_status()

    def charged(self) -> int:
        kinds = read_ledgers(self.sandbox_url)["authorizenet"]
        return sum(entry.state == "live" for entry in kinds["charges"])

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the database that takes writes holds, of all accounts."""
        with psycopg.connect(address("app", *self.databases)) as connection:
            connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
            return connection.execute(query.encode(), values).fetchall()

    def answers(self, host: Host) -> bool:
        """Whether this host's own web process can serve."""
        try:
            return httpx2.get(f"{self.webs[host.address]}/readyz", trust_env=False, timeout=5).is_success
        except httpx2.HTTPError:
            return False

    def all_still_run(self) -> list[str]:
        """The names of processes that have ended."""
        return [name for name, child in self.children.items() if not child.running]


@contextmanager
def hub(state: Path, net: Network) -> Iterator[Hub]:
    """The hub on the network's first two hosts, with everything that it needs on this one."""
    with ExitStack() as stack:
        databases = stack.enter_context(pair(make_folder(state / "databases"), listen=("127.0.0.1", net.servers)))
        rung = stack.enter_context(bells(state / "bells", net.servers))
        ports = Ports(state / "ports.json")
        web, vendors, own = (ports.claim(name) for name in ("web", "sandbox", "own"))
        made = Hub(net, databases, rung, f"http://localhost:{web}", f"http://localhost:{vendors}")
        env = {**os.environ, **_environment(state, made), "NO_PROXY": _HERE, "PYTHONUNBUFFERED": "1"}
        starter = _Starter(stack, state / "log", env, made.children)
        starter.migrate()
        starter.hub("sandbox", None, "sandbox", "--config", str(HUBCONFIG))
        starter.relay("vendors", None, f"{net.address}:{vendors}", f"127.0.0.1:{vendors}")
        for number, host in enumerate(net.hosts, start=1):
            starter.relay(f"vendors-{number}", host, f"127.0.0.1:{vendors}", f"{net.address}:{vendors}")
            place = ("--host", host.address, "--port", str(own), "--config", str(HUBCONFIG))
            starter.hub(f"web-{number}", host, "web", *place)
            starter.hub(f"worker-{number}", host, "worker", "--config", str(HUBCONFIG))
            made.webs[host.address] = f"http://{host.address}:{own}"
        starter.relay("proxy", None, f"127.0.0.1:{web}", *(f"{host.address}:{own}" for host in net.hosts))
        eventually(lambda: made.all_still_run() or all(made.answers(host) for host in net.hosts))
        assert not made.all_still_run(), [made.children[name].said() for name in made.all_still_run()]
        eventually(lambda: len(made.rows("SELECT 1 FROM workers")) == len(net.hosts))
        yield made


class _Starter:
    """Starts processes here and on the hosts, and ends them at the end."""

    def __init__(self, stack: ExitStack, logs: Path, env: Mapping[str, str], children: dict[str, Child]) -> None:
        self._stack, self._logs, self._env, self._children = stack, logs, env, children

    def _start(self, name: str, host: Host | None, argv: list[str]) -> Child:
        child = Child(Command(name, host.runs(argv) if host else argv, env=self._env), self._logs)
        child.start()
        self._stack.callback(child.stop)
        return child

    def hub(self, name: str, host: Host | None, *words: str) -> None:
        """`arumaldo <words>`."""
        self._children[name] = self._start(name, host, [sys.executable, "-m", "arumaldo", *words])

    def migrate(self) -> None:
        child = self._start("migrate", None, [sys.executable, "-m", "arumaldo", "migrate"])
        eventually(lambda: not child.running)
        assert child.exit_code == 0, child.said()

    def relay(self, name: str, host: Host | None, listen: str, *targets: str) -> None:
        self._start(name, host, [sys.executable, "-I", str(RELAY), listen, *targets])


def _environment(state: Path, made: Hub) -> dict[str, str]:
    return {
        "ARUMALDO_STATE": str(state),
        "ARUMALDO_SECRET": secrets.token_urlsafe(48),
        "ARUMALDO_DATABASE": address("app", *made.databases),
        "ARUMALDO_DATABASE_OWNER": address("owner", *made.databases),
        "ARUMALDO_REDIS": made.bells.url,
        "ARUMALDO_BASE_URL": made.base_url,
        "ARUMALDO_SANDBOX_URL": made.sandbox_url,
        "ARUMALDO_PREVIEW_HOST": f"preview.{made.base_url.removeprefix('http://')}",
    }
