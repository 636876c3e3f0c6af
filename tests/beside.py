"""One more process of the hub beside those of a platform: started, told to leave, and looked at."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from arumaldo.demo.browser import Browser
from arumaldo.demo.businesses import COUNT, business
from arumaldo.demo.child import Child, Command
from arumaldo.demo.ports import Ports
from arumaldo.demo.tree import environment
from arumaldo.demo.walker import Customer

from .platform import Platform, eventually

_HERE = "localhost,.localhost,127.0.0.1"


def environment_beside(platform: Platform) -> dict[str, str]:
    """The variables of the platform's own processes."""
    return {**environment(platform.tree), "NO_PROXY": _HERE, "PYTHONUNBUFFERED": "1"}


@contextmanager
def process(platform: Platform, name: str, *words: str, source: Path | None = None) -> Iterator[Child]:
    """`arumaldo <words>` on the platform's configuration, by the code in `source` where that is not our own."""
    env = {**os.environ, **environment_beside(platform)}
    if source is not None:
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(source), env.get("PYTHONPATH")]))
    argv = [sys.executable, "-m", "arumaldo", *words, "--config", str(platform.config)]
    child = Child(Command(name, argv, env=env), platform.tree.supervisor.state / "log")
    child.start()
    try:
        yield child
    finally:
        child.stop()


@contextmanager
def worker(platform: Platform, name: str, source: Path | None = None) -> Iterator[Child]:
    """A worker that has begun to work."""
    with process(platform, name, "worker", source=source) as child:
        eventually(lambda: not child.running or platform.rows("SELECT 1 FROM workers WHERE pid = %s", child.pid))
        assert child.running, child.said()
        yield child


@contextmanager
def web(platform: Platform, name: str, source: Path | None = None) -> Iterator[tuple[Child, Platform]]:
    """A web process that serves, and the platform as its customers see it."""
    port = Ports(platform.tree.supervisor.state / "ports.json").claim(name)
    here = Platform(replace(platform.tree, base_url=f"http://localhost:{port}"), platform.config)
    with (
        here.people,
        process(here, name, "web", "--port", str(port), source=source) as child,
    ):
        eventually(lambda: not child.running or here.version)
        assert child.running, child.said()
        yield child, here


def person(platform: Platform) -> Customer:
    """A new customer, signed up."""
    made = Customer(platform.url, platform.tree.sandbox_url, business(secrets.randbelow(COUNT)), threading.Event())
    platform.people.enter_context(made.browser)
    made.begin()
    made.sign_up()
    return made


class Asking:
    """One request that is under way, in a thread of its own."""

    def __init__(self, browser: Browser, path: str) -> None:
        self.lines: list[str] = []
        self.status: int | None = None
        self.retry_after: str | None = None
        self.whole = False
        self._client, self._url = browser._client, f"{browser.base_url}{path}"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with self._client.stream("GET", self._url) as answer:
                self.status = answer.status_code
                self.retry_after = answer.headers.get("retry-after")
                for line in answer.iter_lines():
                    self.lines.append(line)
            self.whole = True
        except httpx2.TransportError as error:
            self.lines.append(f"{type(error).__name__}: {error}")

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()


def held(platform: Platform, worker: Child) -> list[Any]:
    """(id, handler) of what this worker holds."""
    query = "SELECT d.id, d.handler FROM deliveries d JOIN workers w ON w.id = d.holder WHERE w.pid = %s"
    return platform.rows(query, worker.pid)
