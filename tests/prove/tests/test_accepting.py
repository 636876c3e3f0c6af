"""A process that waits for connections is told from one that does not."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from arumaldo_prove.accepting import accepts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the system in Linux's own way")
WAIT = """
import selectors, socket, sys
waiting = selectors.EpollSelector()
if sys.argv[1] == "accept":
    waiting.register(socket.socket(fileno=int(sys.argv[2])), selectors.EVENT_READ)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.mark.parametrize(("what", "expected"), [("accept", True), ("start", False)])
def test_only_who_waits_on_the_socket_it_was_handed_serves(
    listening: socket.socket, what: str, *, expected: bool
) -> None:
    port = listening.getsockname()[1]
    command = [sys.executable, "-c", WAIT, what, str(listening.fileno())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[listening.fileno()], text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert accepts(process.pid, port) is expected
        process.communicate("")
    assert not accepts(process.pid, port)
