"""Whoever runs the platform: loses the book and puts it back from a copy, and works off the list afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress

import psycopg

from arumaldo.demo.tree import environment
from arumaldo.errors import HubError
from arumaldo_prove.stage import Stage

RESTORE = "restore"
LOST_SECONDS = 15.0
"""So old is the copy when the book is lost: what happens meanwhile is in nobody's book."""
_DATABASE, _NEW = "arumaldo", "arumaldo_restored"
_LONGEST = 180.0
_TRIES = 10


class Operator:
    """Uses the commands that every operator has, and those of PostgreSQL."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def lose_the_book(self, wait: Callable[[float], bool], lost: Callable[[], None]) -> None:
        """Copy the book, go on for a while, lose it, and put the copy in its place; ends when work goes on.

        Workers are ended meanwhile, as for any such move; the portal stays, and says 503 where it has to.
        """
        copy = self._stage.tree.supervisor.state / "book.copy"
        copy.unlink(missing_ok=True)
        self._command("backup", str(copy))
        wait(LOST_SECONDS)
        with ExitStack() as halted:
            for name in self._stage.worker_names:
                self._kill(name)
                halted.enter_context(self._stage.tree.supervisor.halted(name))
            self._put_back(str(copy))
            lost()
        while self._is_paused() and not wait(0.5):
            pass

    def work_off_the_list(self) -> int:
        """Compare once more, and give back or take away all that has no order; how much that was."""
        self._command("reconcile", "--config", str(self._stage.config))
        return sum(self._settled(finding) for finding in self._surplus())

    def _surplus(self) -> list[str]:
        listed = json.loads(self._command("today", "--json", "--config", str(self._stage.config)))
        return [matter["subject"] for matter in listed if matter["kind"] == "surplus"]

    def _settled(self, finding: str) -> bool:
        """Whether it was us. The workers compare as well, and may be at it, or have closed it since it was listed."""
        refusal = ""
        for _ in range(_TRIES):
            try:
                self._command("settle", finding, "--undo", "--config", str(self._stage.config))
            except HubError as error:
                refusal = str(error)
                if finding not in self._surplus():
                    return False
            else:
                return True
        raise HubError(refusal)

    def _put_back(self, copy: str) -> None:
        postgres = self._stage.tree.postgres
        with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {_NEW}")
            server.execute(f"CREATE DATABASE {_NEW} OWNER owner")
            self._command("restore", copy, ARUMALDO_DATABASE_OWNER=postgres.url("owner", _NEW))
            server.execute(f"ALTER DATABASE {_DATABASE} ALLOW_CONNECTIONS false")
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [_DATABASE])
            server.execute(f"DROP DATABASE {_DATABASE} WITH (FORCE)")
            server.execute(f"ALTER DATABASE {_NEW} RENAME TO {_DATABASE}")

    def _kill(self, name: str) -> None:
        pid = self._stage.tree.supervisor.pid(name)
        with suppress(ProcessLookupError):
            if pid:
                os.kill(pid, signal.SIGKILL)

    def _is_paused(self) -> bool:
        try:
            return bool(self._stage.rows("SELECT 1 FROM pauses"))
        except psycopg.Error:
            return True

    def _command(self, *words: str, **more: str) -> str:
        env = {**os.environ, **environment(self._stage.tree), **more}
        ended = subprocess.run(
            [sys.executable, "-m", "arumaldo", *words], env=env, capture_output=True, text=True, timeout=_LONGEST,
            check=False,
        )  # fmt: skip
        if ended.returncode:
            raise HubError(f"arumaldo {words[0]} could not do it: {ended.stderr.strip()[-500:]}")
        return ended.stdout
