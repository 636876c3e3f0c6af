"""A command finds the servers of the demo that runs beside it, and never in place of an operator's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from arumaldo.demo.beside import beside, written_down

DEMO = {"ARUMALDO_DATABASE": "postgresql://demo/hub", "ARUMALDO_SECRET": "d" * 40}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hubconfig.toml"
    file.write_text('[hub]\nsandbox = true\ndatabase = "embedded"\n', encoding="utf-8")
    return file


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    return {"ARUMALDO_STATE": str(tmp_path)}


def test_beside_a_running_demo_a_command_finds_its_servers(config: Path, here: dict[str, str], tmp_path: Path) -> None:
    with written_down(tmp_path, config, DEMO):
        found = beside(config, here)
        assert DEMO.items() <= found.items()
        assert "localhost" in found["NO_PROXY"]
    assert beside(config, here) == here


def test_only_its_owner_may_read_where_the_demo_is(config: Path, tmp_path: Path) -> None:
    with written_down(tmp_path, config, DEMO):
        assert (tmp_path / "beside.json").stat().st_mode & 0o077 == 0


OWN = ('database = "postgresql://own/hub"', 'database = "env:DATABASE_URL"')


@pytest.mark.parametrize(
    "text", [*(f"[hub]\n{line}\n" for line in OWN), "[hub]\ndatabase = [", 'hub = "x"', "[[hub]]\n"]
)
def test_a_database_of_ones_own_or_a_file_that_is_wrong_never_leads_to_the_demo(
    config: Path, here: dict[str, str], tmp_path: Path, text: str
) -> None:
    config.write_text(text, encoding="utf-8")
    with written_down(tmp_path, config, DEMO):
        assert beside(config, here) == here


def test_another_configuration_than_the_demos_never_reaches_it(
    config: Path, here: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
    with written_down(tmp_path, config, DEMO):
        assert beside(other, here) == here


def test_what_a_killed_demo_left_behind_leads_nowhere(config: Path, here: dict[str, str], tmp_path: Path) -> None:
    with written_down(tmp_path, config, DEMO):
        file = tmp_path / "beside.json"
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        file.write_text(json.dumps({**json.loads(file.read_text()), "process": ended.pid}), encoding="utf-8")
        assert beside(config, here) == here


def test_the_demos_own_secret_comes_before_that_of_the_shell(
    config: Path, here: dict[str, str], tmp_path: Path
) -> None:
    with written_down(tmp_path, config, DEMO):
        assert beside(config, here | {"ARUMALDO_SECRET": "s" * 40})["ARUMALDO_SECRET"] == DEMO["ARUMALDO_SECRET"]


def test_a_database_that_the_environment_names_comes_before_the_demo(
    config: Path, here: dict[str, str], tmp_path: Path
) -> None:
    own = here | {"ARUMALDO_DATABASE": "postgresql://own/hub"}
    with written_down(tmp_path, config, DEMO):
        assert beside(config, own) == own
