"""A worker that is cut is followed by the next one, and whoever ends the first process ends the one at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HUBCONFIG = Path(__file__).parents[3] / "hubconfig.toml"
ENVIRON = {
    "ARUMALDO_SECRET": "x" * 32,
    "ARUMALDO_DATABASE": "postgresql://app@127.0.0.1/none",
    "ARUMALDO_REDIS": "redis://127.0.0.1/0",
}
ENDED = 7
PROGRAM = """
import os, signal, sys
from pathlib import Path
from arumaldo_prove.again import again_while

lives = Path(sys.argv[2])

def work():
    with lives.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    if len(lives.read_text().splitlines()) < 3:
        os._exit(86)
    if sys.argv[3] == "stays":
        signal.signal(signal.SIGTERM, lambda *_: None)
        print("at work", flush=True)
        signal.pause()
    return 7

raise SystemExit(again_while(86, Path(sys.argv[1]), work))
"""


def begun(lives: Path, how: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", PROGRAM, str(HUBCONFIG), str(lives), how]
    return subprocess.Popen(words, env={**os.environ, **ENVIRON}, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def staying(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with begun(tmp_path / "lives", "stays") as process:
        assert process.stdout
        assert process.stdout.readline() == "at work\n"
        yield process
        process.kill()


def test_whoever_is_cut_is_followed_by_another_process_until_one_ends_by_itself(tmp_path: Path) -> None:
    with begun(tmp_path / "lives", "ends") as process:
        assert process.wait(60) == ENDED
    assert len(set((tmp_path / "lives").read_text().split())) == 3


def test_a_signal_to_the_first_process_ends_the_one_at_work(staying: subprocess.Popen[str], tmp_path: Path) -> None:
    staying.send_signal(signal.SIGTERM)
    assert staying.wait(60) == ENDED
