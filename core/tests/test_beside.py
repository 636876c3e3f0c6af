"""A command finds the servers of the demo that runs beside it, and never in place of an operator's own."""

from __future__ import annotations

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
    with written_down(tmp_path, DEMO):
        assert beside(config, here) == DEMO | here
    assert beside(config, here) == here


def test_only_its_owner_may_read_where_the_demo_is(tmp_path: Path) -> None:
    with written_down(tmp_path, DEMO):
        [file] = tmp_path.iterdir()
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("hub", ['database = "postgresql://own/hub"', 'database = "env:DATABASE_URL"', "database = ["])
def test_a_database_of_ones_own_or_a_file_that_is_wrong_never_leads_to_the_demo(
    config: Path, here: dict[str, str], tmp_path: Path, hub: str
) -> None:
    config.write_text(f"[hub]\n{hub}\n", encoding="utf-8")
    with written_down(tmp_path, DEMO):
        assert beside(config, here) == here


def test_what_the_environment_says_comes_before_the_demo(config: Path, here: dict[str, str], tmp_path: Path) -> None:
    own = here | {"ARUMALDO_DATABASE": "postgresql://own/hub"}
    with written_down(tmp_path, DEMO):
        assert beside(config, own) == own
