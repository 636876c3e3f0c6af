"""The whole platform for a test: the demo's own tree of processes, and a hand on its sandboxes."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psycopg

from arumaldo.demo.files import make_folder
from arumaldo.demo.ports import Ports
from arumaldo.demo.report import Report
from arumaldo.demo.tree import Tree, start
from arumaldo.demo.walker import walk
from arumaldo.sandbox import Entry

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
HUBCONFIG = ROOT / "hubconfig.toml"
PATIENCE = 150.0


@dataclass
class Platform:
    """What runs, and what a test may do to it."""

    tree: Tree
    config: Path
    people: ExitStack = field(default_factory=ExitStack)
    """Closes the browsers of the customers of one test."""

    @property
    def url(self) -> str:
        return self.tree.base_url

    def during(self, job: Callable[[], T]) -> T:
        """Run the job in a thread of its own, while this one keeps the processes running."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(job)
            self.tree.wait(until=running.done)
            return running.result()

    def walk(self, customers: int, meanwhile: Callable[[], None] = lambda: None) -> Report:
        """Walk so many customers through, while something happens to the platform."""
        trouble = threading.Thread(target=meanwhile)

        def job() -> Report:
            trouble.start()
            report = walk(self.url, self.tree.sandbox_url, customers)
            trouble.join()
            return report

        return self.during(job)

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Order something of the sandboxes, or ask them."""
        answer = httpx2.request(method, f"{self.tree.sandbox_url}/_control/{path}", json=body or None, trust_env=False)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def ledger(self, plugin: str, kind: str) -> list[Entry]:
        return [Entry.model_validate(entry) for entry in self.control("GET", f"{plugin}/ledger")[kind]]

    def live(self, plugin: str, kind: str) -> int:
        return sum(entry.state == "live" for entry in self.ledger(plugin, kind))

    def pid(self, name: str) -> int:
        return int(json.loads((self.tree.supervisor.state / "processes.json").read_text())[name])

    def kill(self, name: str) -> None:
        """SIGKILL this one process; the supervisor starts another."""
        os.kill(self.pid(name), signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """The process hangs: it neither answers nor ends."""
        number = self.pid(name)
        os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)

    @contextmanager
    def fault(self, plugin: str, **fault: Any) -> Iterator[None]:
        """The sandbox goes wrong in this way."""
        self.control("POST", f"{plugin}/faults", **fault)
        try:
            yield
        finally:
            self.control("DELETE", f"{plugin}/faults")

    @property
    def version(self) -> int:
        """The number of the configuration that the portal serves with; 0 while it does not answer."""
        try:
            answer = httpx2.get(f"{self.url}/readyz", trust_env=False, timeout=10)
            return int(answer.raise_for_status().json()["config_version"])
        except httpx2.HTTPError:
            return 0

    @contextmanager
    def changed(self, line: str, into: str) -> Iterator[None]:
        """One line of the running platform's configuration is another, and all processes have taken that up."""
        text = self.config.read_text(encoding="utf-8")
        assert text.splitlines().count(line) == 1, f"the configuration has no line {line!r}, or several"
        self.configure(text.replace(f"{line}\n", f"{into}\n"))
        self.all_follow()
        try:
            yield
        finally:
            self.configure(text)

    def configure(self, text: str) -> None:
        """Write another configuration, and wait until the portal serves with it."""
        before = self.version
        self.config.write_text(text, encoding="utf-8")
        eventually(lambda: self.version > before)

    def all_follow(self) -> None:
        """Wait until the workers have the configuration that the portal has."""
        late = "SELECT 1 FROM workers WHERE seen_at > hub_now() - interval '6 s' AND config_version IS DISTINCT FROM %s"
        eventually(lambda: not self.rows(late, self.version))

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the database holds, of all accounts."""
        with psycopg.connect(self.tree.postgres.app_url) as connection:
            connection.execute("SELECT set_config('arumaldo.hub', 'on', true)")
            return connection.execute(query.encode(), values).fetchall()

    def log(self, process: str) -> str:
        """What a process has written since its first start."""
        return (self.tree.supervisor.state / "log" / f"{process}.log").read_text(encoding="utf-8")

    @contextmanager
    def switch(self, plugin: str, key: str, value: str) -> Iterator[None]:
        """The vendor is told something of its own."""
        self.control("PUT", f"{plugin}/switches/{key}", value=value)
        try:
            yield
        finally:
            self.control("DELETE", f"{plugin}/switches/{key}")


@contextmanager
def running(state: Path, config: Path = HUBCONFIG, workers: int = 2) -> Iterator[Platform]:
    """The platform on this state folder, on ports that are free."""
    ports = Ports(make_folder(state) / "ports.json")
    for server in ("web", "sandbox"):
        ports.claim(server)
    with start(state, config, workers=workers, say=lambda sentence: None) as tree:
        yield Platform(tree, config)
    tree.postgres.remove()


def eventually(condition: Callable[[], T], patience: float = PATIENCE) -> T:
    """Wait until the condition holds, and answer it; AssertionError when it does not within `patience` seconds."""
    ends_at = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > ends_at:
            raise AssertionError(f"it did not become true within {patience:g} seconds")
        time.sleep(0.1)
    return found
