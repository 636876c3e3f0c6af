"""A step in a process of its own ends as it likes: whoever began it is told, and goes on."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arumaldo.alone import Alone, Nursery

EXITS, RAISES, STAYS = 1, 2, 3
EXIT_CODE, NOTHING = 86, 0
PATIENCE = 60.0
PROGRAM = """
import os, signal
from arumaldo.alone import Nursery

def run(delivery, token):
    print(os.getpid(), flush=True)
    signal.pause()

nursery = Nursery(run)
step = nursery.begin(1, 1)
signal.pause()
"""


def run(delivery: int, token: int) -> int:
    match delivery:
        case _ if delivery == EXITS:
            os._exit(EXIT_CODE)
        case _ if delivery == RAISES:
            raise SystemExit(EXIT_CODE)
        case _ if delivery == STAYS:
            signal.pause()
    return token


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with closing(Nursery(run)) as made:
        yield made


def code(step: Alone) -> int | None:
    with closing(step):
        return step.wait(PATIENCE)


def test_what_it_answers_is_how_it_ended(nursery: Nursery) -> None:
    assert [code(nursery.begin(0, token)) for token in (NOTHING, 75)] == [NOTHING, 75]


def test_a_step_that_ends_its_process_ends_nothing_else(nursery: Nursery) -> None:
    assert code(nursery.begin(EXITS, 0)) == EXIT_CODE
    assert code(nursery.begin(0, NOTHING)) == NOTHING


def test_a_step_that_raises_has_failed(nursery: Nursery) -> None:
    assert code(nursery.begin(RAISES, 0)) == 1


def test_a_step_that_hangs_can_be_ended_while_another_runs(nursery: Nursery) -> None:
    with closing(nursery.begin(STAYS, 0)) as hangs:
        assert code(nursery.begin(0, NOTHING)) == NOTHING
        assert hangs.wait(0.0) is None
        hangs.end()
        with pytest.raises(OSError, match="gone"):  # its end has been told already
            hangs.wait(PATIENCE)


def test_a_signal_that_ended_it_is_told(nursery: Nursery) -> None:
    with closing(nursery.begin(STAYS, 0)) as stays:
        os.kill(stays._pid, signal.SIGTERM)
        assert stays.wait(PATIENCE) == -signal.SIGTERM


def test_nothing_is_begun_once_it_is_closed() -> None:
    made = Nursery(run)
    made.close()
    with pytest.raises(OSError, match="file descriptor"):
        made.begin(0, 0)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks the system in Linux's own way")
def test_a_step_ends_with_its_worker() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout
        ending = os.pidfd_open(int(worker.stdout.readline()))
        worker.kill()
    assert select.select([ending], [], [], PATIENCE)[0]
    os.close(ending)
