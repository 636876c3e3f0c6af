"""Who is struck, and when: one at a time, so that somebody is there to go on."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from arumaldo_prove.faults import NAMES, WEATHER, Trouble, begin_weather, kill_web, kill_worker, parts_of
from arumaldo_prove.happenings import Diary
from arumaldo_prove.sabotage import PLUGIN_FAULTS
from arumaldo_prove.stage import Stage

SERVERS = ("web-1", "web-2", "worker-1", "worker-2")


class Scene(Stage):
    """Four real processes, of which `up` are at work."""

    up: set[str]

    def serves(self, web: str) -> bool:
        return web in self.up

    def works(self, worker: str) -> bool:
        return worker in self.up

    def rows(self, query: str, *values: Any) -> list[Any]:
        return []


@pytest.fixture
def victims() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    made = {
        name: subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for name in SERVERS
    }
    yield made
    for process in made.values():
        process.kill()
        process.communicate()


@pytest.fixture
def scene(victims: dict[str, subprocess.Popen[bytes]]) -> Scene:
    tree = SimpleNamespace(supervisor=SimpleNamespace(pid=lambda name: victims[name].pid))
    made = Scene(cast(Any, tree), Path(), 2, lambda sentence: None)
    made.up = set(SERVERS)
    return made


@pytest.fixture
def trouble(scene: Scene) -> Trouble:
    takeovers = SimpleNamespace(died=lambda pid: None)
    return Trouble(scene, cast(Any, takeovers), random.Random(1), threading.Event(), Diary(), 1.0)


def dead(victims: dict[str, subprocess.Popen[bytes]], kind: str) -> list[str]:
    """Those of this kind that end now."""
    found = []
    for name, process in victims.items():
        try:
            if name.startswith(kind) and process.wait(1) is not None:
                found.append(name)
        except subprocess.TimeoutExpired:
            continue
    return found


def test_one_of_two_web_processes_is_killed_when_both_serve(
    trouble: Trouble, victims: dict[str, subprocess.Popen[bytes]]
) -> None:
    kill_web(trouble)
    assert len(dead(victims, "web")) == 1
    assert trouble.diary.counts == {"kill-web": 1}


def test_the_last_web_process_that_serves_is_left_until_the_other_one_is_back(
    trouble: Trouble, scene: Scene, victims: dict[str, subprocess.Popen[bytes]]
) -> None:
    scene.up.discard("web-1")
    striking = threading.Thread(target=kill_web, args=(trouble,))
    striking.start()
    assert dead(victims, "web") == []
    scene.up.add("web-1")
    striking.join()
    assert len(dead(victims, "web")) == 1


def test_a_worker_is_not_killed_while_nobody_could_take_over(
    trouble: Trouble, scene: Scene, victims: dict[str, subprocess.Popen[bytes]]
) -> None:
    scene.up -= {"worker-1", "worker-2"}
    trouble.over.set()
    kill_worker(trouble)
    assert dead(victims, "worker") == []
    assert trouble.diary.counts == {}


def test_a_worker_is_killed_while_another_one_works(
    trouble: Trouble, victims: dict[str, subprocess.Popen[bytes]]
) -> None:
    kill_worker(trouble)
    assert len(dead(victims, "worker")) == 1


def test_each_fault_is_counted_under_its_own_name_or_those_of_its_parts() -> None:
    assert set(PLUGIN_FAULTS) < set(NAMES)
    assert parts_of("flush") == ["flush"]
    assert parts_of("vendor-errors") == ["vendor-error-before", "vendor-error-after"]


def test_no_two_faults_of_the_weather_are_drawn_alike() -> None:
    drawn: list[int] = []
    stage = SimpleNamespace(
        ledgers=lambda: {"bank": {}, "host": {}}, control=lambda *_, **order: drawn.append(order["seed"])
    )
    begin_weather(cast(Any, stage), list(WEATHER), seed=1)
    assert len(drawn) == 2 * sum(map(len, WEATHER.values()))
    assert len(set(drawn)) == len(drawn)
