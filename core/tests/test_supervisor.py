"""The supervisor: what it keeps running, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from arumaldo.demo.child import Command
from arumaldo.demo.supervisor import EXIT_CONFIG, Stopped, Supervisor
from arumaldo.errors import ConfigError, HubError

pytestmark = pytest.mark.slow

SLEEPER = "import time; time.sleep(600)"
WITH_OFFSPRING = (
    "import subprocess, sys, time, pathlib\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "pathlib.Path(sys.argv[1]).write_text(str(child.pid)); time.sleep(600)"
)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
TREE = """
import signal
import sys
from pathlib import Path
from arumaldo.demo.child import Command
from arumaldo.demo.supervisor import Supervisor
state = Path(sys.argv[1])
with Supervisor(state) as supervisor:
    for name, script in zip(sys.argv[2::2], sys.argv[3::2]):
        words = [sys.executable, "-c", script, str(state / "offspring")]
        supervisor.start(Command(name, words, stop_signals=((signal.SIGTERM, 3600),)))
    print("up", flush=True)
    sys.exit(supervisor.wait())
"""


def python(name: str, script: str, *arguments: str) -> Command:
    return Command(name, [sys.executable, "-c", script, *arguments])


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not come true in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether the process has ended; who waits to be collected has."""
    said = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return not said.stdout.strip() or said.stdout.startswith("Z")


def processes(state: Path) -> dict[str, int]:
    found = json.loads((state / "processes.json").read_text())
    assert isinstance(found, dict)
    return found


@contextmanager
def tree(state: Path, scripts: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, up, with these scripts."""
    words = [word for pair in scripts.items() for word in pair]
    started = subprocess.Popen(
        [sys.executable, "-c", TREE, str(state), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with started:
        assert started.stdout
        assert started.stdout.readline() == "up\n"
        try:
            yield started
        finally:
            started.kill()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(tmp_path, said.append) as supervisor:
        yield supervisor


def test_a_process_that_is_killed_is_started_again(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(python("web", SLEEPER))
    supervisor.start(python("worker-1", SLEEPER))
    first, other = supervisor.pid("worker-1"), supervisor.pid("web")
    assert first
    os.kill(first, signal.SIGKILL)
    supervisor.wait(until=lambda: supervisor.pid("worker-1") != first, seconds=60)
    second = supervisor.pid("worker-1")
    assert second
    assert not gone(second)
    assert processes(supervisor.state) == {"supervisor": os.getpid(), "web": other, "worker-1": second}
    assert "worker-1 ended (signal 9)" in said[0]


def test_who_is_halted_stays_away_until_it_is_let_go(supervisor: Supervisor, said: list[str]) -> None:
    child = supervisor.start(python("valkey", SLEEPER))
    other = supervisor.start(python("web", SLEEPER))
    assert other.pid
    with supervisor.halted("valkey"):
        os.kill(other.pid, signal.SIGKILL)
        supervisor.wait(until=lambda: said != [] and other.running, seconds=60)
        assert not child.running
    supervisor.wait(until=lambda: child.running, seconds=60)
    assert len(said) == 1


def test_what_a_killed_process_had_started_goes_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "offspring"
    supervisor.start(python("worker-1", WITH_OFFSPRING, str(note)))
    supervisor.wait(until=lambda: note.exists() and note.read_text() != "", seconds=60)
    first, offspring = supervisor.pid("worker-1"), int(note.read_text())
    assert first
    os.kill(first, signal.SIGKILL)
    supervisor.wait(until=lambda: supervisor.pid("worker-1") != first, seconds=60)
    until(lambda: gone(offspring))


def test_who_keeps_dying_is_started_with_growing_pauses(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(python("worker-1", "raise SystemExit(3)"))
    supervisor.wait(until=lambda: len(said) == 4, seconds=60)
    pauses = [float(match[1]) for sentence in said if (match := re.search(r"in ([\d.]+) seconds", sentence))]
    assert pauses == [0.2, 0.4, 0.8, 1.6]
    assert all("exit code 3" in sentence for sentence in said)


def test_a_wrong_configuration_ends_the_tree_with_its_words(supervisor: Supervisor) -> None:
    supervisor.start(python("web", SLEEPER))
    mistake = "hubconfig.toml:3: [hub] secret must be at least 32 characters"
    supervisor.start(python("worker-1", f"import sys; sys.stderr.write({mistake!r}); sys.exit({EXIT_CONFIG})"))
    with pytest.raises(ConfigError) as raised:
        supervisor.wait(seconds=60)
    assert str(raised.value) == mistake


def test_waiting_in_vain_repeats_what_the_dying_said(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(python("web", "raise SystemExit('the roof is on fire')"))
    supervisor.wait(until=lambda: said != [], seconds=60)
    with pytest.raises(HubError, match=r"the portal does not answer.*(?s:.)*the roof is on fire"):
        supervisor.wait(lambda: False, seconds=0, what="the portal")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_leaves_no_process(tmp_path: Path, kind: signal.Signals) -> None:
    with tree(tmp_path, {"web": SLEEPER, "worker-1": WITH_OFFSPRING}) as started:
        until(lambda: (tmp_path / "offspring").exists() and (tmp_path / "offspring").read_text() != "")
        everyone = [*processes(tmp_path).values(), int((tmp_path / "offspring").read_text())]
        started.send_signal(kind)
        assert started.wait(60) == 0
        assert len(everyone) == 4
        assert all(gone(pid) for pid in everyone)
        assert not (tmp_path / "processes.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    with tree(tmp_path, {"web": SLEEPER, "worker-1": STUBBORN}) as started:
        everyone = processes(tmp_path).values()
        started.kill()
        started.wait(60)
        until(lambda: all(gone(pid) for pid in everyone))


def test_after_a_killed_supervisor_another_one_starts(tmp_path: Path) -> None:
    with tree(tmp_path, {"web": SLEEPER}) as started:
        started.kill()
        started.wait(60)
        with tree(tmp_path, {"web": SLEEPER}) as another:
            assert another.poll() is None


def test_a_second_start_says_who_runs_already(tmp_path: Path) -> None:
    with (
        tree(tmp_path, {"web": SLEEPER}) as started,
        pytest.raises(ConfigError, match=f"Process {started.pid} already runs"),
        Supervisor(tmp_path),
    ):
        pass


def test_who_does_not_listen_is_ended_all_the_same(supervisor: Supervisor, tmp_path: Path) -> None:
    command = Command("worker-1", [sys.executable, "-c", STUBBORN], stop_signals=((signal.SIGTERM, 0.2),))
    child = supervisor.start(command)
    supervisor.wait(until=lambda: child.said() == "deaf", seconds=60)
    supervisor.stop()
    assert child.exit_code == 128 + signal.SIGKILL


def test_who_stands_still_is_woken_up_to_end(supervisor: Supervisor) -> None:
    kindly = ((signal.SIGTERM, 3600.0),)
    child = supervisor.start(Command("still", [sys.executable, "-c", SLEEPER], stop_signals=kindly))
    os.kill(child.pid or 0, signal.SIGSTOP)
    supervisor.stop()
    assert child.exit_code == 128 + signal.SIGTERM


def test_whoever_asks_for_a_process_while_all_are_being_ended_is_told_so(supervisor: Supervisor) -> None:
    supervisor.start(python("sleeper", SLEEPER))
    assert supervisor.pid("sleeper")
    supervisor.stop()
    with pytest.raises(Stopped):
        supervisor.pid("sleeper")


def test_a_second_ctrl_c_does_not_wait_for_anyone(tmp_path: Path) -> None:
    with tree(tmp_path, {"worker-1": STUBBORN}) as started:
        until(lambda: "deaf" in (tmp_path / "log" / "worker-1.log").read_text())
        worker = processes(tmp_path)["worker-1"]
        while started.poll() is None:
            started.send_signal(signal.SIGINT)
            time.sleep(0.05)
        assert gone(worker)


def test_the_last_started_ends_first(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)"
    )
    names = ("sandbox", "web", "worker-1")
    children = [supervisor.start(python(name, script, str(order), name)) for name in names]
    supervisor.wait(until=lambda: all(child.said() == "ready" for child in children), seconds=60)
    supervisor.stop()
    assert order.read_text().split() == ["worker-1", "web", "sandbox"]


def test_logs_of_the_start_before_are_kept_beside_the_new_ones(tmp_path: Path) -> None:
    for words in ("first", "second"):
        with Supervisor(tmp_path) as supervisor:
            child = supervisor.start(python("web", f"print({words!r}, flush=True); {SLEEPER}"))
            supervisor.wait(until=lambda words=words, child=child: child.said() == words, seconds=60)  # type: ignore[misc]
    assert (tmp_path / "log" / "web.log").read_text() == "second\n"
    assert (tmp_path / "log" / "web.log.1").read_text() == "first\n"


def test_a_command_that_fails_is_told_with_its_words(supervisor: Supervisor) -> None:
    supervisor.run(python("migrate", "pass"))
    with pytest.raises(HubError, match=r"migrate failed \(exit code 1\)(?s:.)*no such table"):
        supervisor.run(python("migrate", "raise SystemExit('no such table')"))
    with pytest.raises(ConfigError, match="no address"):
        supervisor.run(python("check", f"print('no address'); raise SystemExit({EXIT_CONFIG})"))


def test_a_secret_reaches_the_process_without_standing_in_its_argument_list(supervisor: Supervisor) -> None:
    script = "import sys; print(sys.stdin.read(), sys.argv, flush=True); import time; time.sleep(600)"
    child = supervisor.start(Command("valkey", [sys.executable, "-c", script], stdin="hidden"))
    supervisor.wait(until=lambda: child.said() == "hidden ['-c']", seconds=60)
