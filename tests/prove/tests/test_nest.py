"""What is started as a fork is a process as any other: its log, its sockets, its end, and the end of who started it."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from arumaldo_prove.nest import Hatchling, child_of

from arumaldo.demo.child import Child, Command

PROGRAM = """
import os, signal, socket, sys
print("I am", os.getpid(), "of", os.getsid(0), "with", os.environ.get("KNOWN"), os.environ.get("HOME"), flush=True)
match sys.argv[1]:
    case "ends":
        raise SystemExit(7)
    case "exits":
        os._exit(86)
    case "serves":
        made = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
        made.accept()[0].sendall(b"served")
    case "stays":
        print("at work", flush=True)
        signal.pause()
"""
BESIDE = """
import os, sys
from pathlib import Path
from arumaldo.demo.child import Command
from arumaldo_prove.nest import child_of
child = child_of(Command("one", [sys.executable, "-m", "hatched", "stays"]), Path(sys.argv[1]))
child.start()
while "at work" not in child.said():
    pass
print(child.pid, flush=True)
sys.stdin.read()
"""
ENDED, CUT = 7, 86

Starts = Callable[..., Child]


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starts]:
    """Starts the program with these words, and ends it in the end."""
    (tmp_path / "hatched.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    begun: list[Child] = []

    def start(*words: str, sockets: tuple[int, ...] = ()) -> Child:
        env = {"KNOWN": "what it was told", "PATH": os.environ["PATH"]}
        command = Command("one", [sys.executable, "-m", "hatched", *words], env=env, sockets=sockets)
        begun.append(child_of(command, tmp_path))
        begun[-1].start()
        return begun[-1]

    yield start
    for child in begun:
        child.stop()


def ended(child: Child) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        assert child._process
        child._process.wait(60)
    return child.exit_code


def until_it_says(child: Child, words: str) -> None:
    while words not in child.said():
        assert child.running, child.said()


@pytest.mark.parametrize(("how", "code"), [("ends", ENDED), ("exits", CUT)])
def test_how_it_ended_is_told_as_of_any_process(starts: Starts, how: str, code: int) -> None:
    assert ended(starts(how)) == code


def test_it_is_a_process_of_its_own_with_the_environment_it_was_given_and_no_other(starts: Starts) -> None:
    child = starts("ends")
    ended(child)
    assert isinstance(child, Hatchling)
    assert child.said() == f"I am {child.pid} of {child.pid} with what it was told None"


def test_it_can_be_killed_and_started_again(starts: Starts) -> None:
    child = starts("stays")
    first = child.pid
    until_it_says(child, "at work")
    os.kill(first or 0, signal.SIGKILL)
    assert ended(child) == 128 + signal.SIGKILL
    child.start()
    until_it_says(child, "at work")
    assert child.pid != first


def test_it_serves_the_socket_that_it_was_handed(starts: Starts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        child = starts("serves", "--fd", str(listening.fileno()), sockets=(listening.fileno(),))
        with socket.create_connection(listening.getsockname()) as caller:
            caller.settimeout(60)
            assert caller.recv(100) == b"served", child.said()


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is Linux's")
def test_it_ends_when_whoever_started_it_is_killed(starts: Starts, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BESIDE, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ) as proof:  # fmt: skip
        assert proof.stdout
        child = int(proof.stdout.readline())
        ending = os.pidfd_open(child)
        proof.kill()
    assert select.select([ending], [], [], 60)[0]
    os.close(ending)
