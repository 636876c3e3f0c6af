"""The platform that is put to the proof: its own folder, its own servers, all vendors played."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from arumaldo.config.parse import parse_file
from arumaldo.demo.places import remove_home
from arumaldo.demo.report import Ledgers, read_ledgers
from arumaldo.demo.supervisor import Stopped
from arumaldo.demo.tree import Tree, start
from arumaldo.errors import ConfigError
from arumaldo.http import new_client
from arumaldo_prove.accepting import accepts
from arumaldo_prove.book import Book
from arumaldo_prove.nest import READS, UNREACHED, child_of

T = TypeVar("T")
WORKER = ("-m", "arumaldo", "worker")
WEBS = 2
OURS = """\
reconcile_every = 20
trusted_proxies = ["127.0.0.1"]
"""
"""The book is compared often, so that this meets every fault; and every customer has an address of their own."""
_LIVE = "SELECT pid FROM workers WHERE seen_at > hub_now() - interval '4 seconds'"


@dataclass
class Stage:
    """What runs, and a hand on it. Safe for several threads, except `during`."""

    tree: Tree
    config: Path
    """A copy of the configuration, which drills may change."""
    workers: int
    say: Callable[[str], None]
    changing: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever changes the configuration's file."""
    taking_a_web_away: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever ends a web process, or has it ended: never both at once."""
    frozen: set[int] = field(default_factory=set)
    """Processes that stand still."""

    def __post_init__(self) -> None:
        self._book = Book(lambda: self.tree.postgres.app_url)

    @property
    def worker_names(self) -> list[str]:
        return [f"worker-{number}" for number in range(1, self.workers + 1)]

    @property
    def web_names(self) -> list[str]:
        return [f"web-{number}" for number in range(1, WEBS + 1)]

    def serves(self, web: str) -> bool:
        """Whether this web process can take a request now."""
        return accepts(self.tree.supervisor.pid(web) or 0, self.tree.web_port)

    def running(self, name: str) -> int | None:
        """The number of this process, as long as it has not ended."""
        pid = self.tree.supervisor.pid(name)
        return pid if pid and _runs(pid) else None

    def works(self, worker: str) -> bool:
        """Whether this worker process has said lately that it works; False also when the database cannot say."""
        with suppress(psycopg.Error):
            return self.at_work()[worker]
        return False

    def at_work(self) -> dict[str, bool]:
        """The same for each of them. psycopg.Error: the database cannot say."""
        living = {pid for (pid,) in self.rows(_LIVE)} - self.frozen
        return {name: self.tree.supervisor.pid(name) in living for name in self.worker_names}

    def during(self, job: Callable[[], T]) -> T:
        """Run the job in a thread of its own, while this one keeps the processes running.

        Stopped: Ctrl-C, and nobody waits for the job any more.
        """
        result: Future[T] = Future()
        threading.Thread(target=_carry_out, args=(job, result), daemon=True).start()
        if self.tree.wait(until=result.done) is not None:
            raise Stopped("stopped before the proof was done")
        return result.result()

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Order something of the sandboxes, or ask them."""
        with new_client(trust_env=False, timeout=30) as client:
            answer = client.request(method, f"{self.tree.sandbox_url}/_control/{path}", json=body or None)
        return answer.raise_for_status().json()

    def close(self) -> None:
        """Let go of the database; whoever asks afterwards opens it anew."""
        self._book.close()

    def ledgers(self) -> Ledgers:
        return read_ledgers(self.tree.sandbox_url)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the database holds, of all accounts. psycopg.Error: it cannot be asked now."""
        return self._book.rows(query, values)


@contextmanager
def staged(
    config: Path,
    say: Callable[[str], None],
    *,
    workers: int = 3,
    worker: Sequence[str] = WORKER,
    changes: Callable[[str], str] = lambda text: text,
) -> Iterator[Stage]:
    """The platform with the configuration of this file, in a temporary folder that goes with it.

    `worker` is what Python runs as a worker; `changes` is applied to the configuration's text. ConfigError: the
    configuration is wrong, or leads to a vendor that is not played.
    """
    state = Path(tempfile.mkdtemp(prefix="arumaldo-prove-"))
    os.environ[READS] = str(config)
    try:
        copy = state / "hubconfig.toml"
        text = config.read_text(encoding="utf-8").replace("[hub]\n", f"[hub]\n{OURS}", 1)
        copy.write_text(changes(text), encoding="utf-8")
        _only_sandboxes(copy)
        with start(
            state / "state", copy, None, workers, lambda sentence: None, webs=WEBS, worker=worker, longest_pause=0.5,
            child=child_of,
        ) as tree:  # fmt: skip
            stage = Stage(tree, copy, workers, say)
            try:
                yield stage
            finally:
                stage.close()
    finally:
        _throw_away(state)


def _runs(pid: int) -> bool:
    """Not one that has ended and waits to be noticed by its parent."""
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    return not Path("/proc/self/stat").exists()


def _carry_out(job: Callable[[], T], result: Future[T]) -> None:
    try:
        result.set_result(job())
    except BaseException as error:  # it belongs to whoever waits for the result
        result.set_exception(error)


def _throw_away(folder: Path) -> None:
    with suppress(OSError):
        remove_home(folder / "state")
    shutil.rmtree(folder, ignore_errors=True)


def _only_sandboxes(config: Path) -> None:
    """Nothing here may ever reach a real vendor."""
    parsed = parse_file(config, environ=UNREACHED)
    choices = [choice for reseller in parsed.resellers.values() for choice in reseller.plugins.values()]
    real = sorted({choice.name for choice in choices if choice.plugin.sandbox is not None and not choice.sandbox})
    if real:
        raise ConfigError(f"{', '.join(real)} would be asked for real: the proof needs sandbox = true in [hub].")
