"""The saboteur goes wrong where it is told to, says so first, and is put into a configuration and out of harm's way."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from arumaldo_prove.sabotage import Sabotage, poison_in, share_for
from arumaldo_prove.saboteur import Settings
from arumaldo_prove.saboteur.deeds import Deeds, read_notes
from arumaldo_prove.stage import Stage

CONFIG = '[providers]\nai = "openai"\nbilling = "acme"\n\n[plugins.openai]\n'


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    config = tmp_path / "hubconfig.toml"
    config.write_text(CONFIG)
    return Stage(cast(Any, SimpleNamespace(sandbox_url="http://localhost:1")), config, 1, lambda sentence: None)


def test_it_goes_wrong_at_its_share_of_all_things_and_always_at_the_same(tmp_path: Path) -> None:
    deeds = Deeds(Settings(notes=tmp_path, raises=0.1, hangs=0.1, exits=0.1))
    due = [deeds.due_at(f"event {number}") for number in range(2000)]
    for deed in ("raises", "hangs", "exits"):
        assert 100 < due.count(deed) < 300
    again = Deeds(Settings(notes=tmp_path, raises=0.1, hangs=0.1, exits=0.1))
    assert due == [again.due_at(f"event {number}") for number in range(2000)]


def test_it_does_its_work_when_all_shares_are_zero(tmp_path: Path) -> None:
    Deeds(Settings(notes=tmp_path)).at("anything")
    assert read_notes(tmp_path) == []


def test_what_happens_once_happens_at_the_first_asking_only(tmp_path: Path) -> None:
    deeds = Deeds(Settings(notes=tmp_path, raises=1.0))
    with pytest.raises(RuntimeError):
        deeds.at("a price", once=True)
    deeds.at("a price", once=True)
    assert [note["what"] for note in read_notes(tmp_path)] == ["a price"]


def test_each_deed_has_one_thing_kept_for_it_also_when_chance_would_give_it_none(tmp_path: Path) -> None:
    rare = Settings(notes=tmp_path, raises=1e-12, hangs=0.0, exits=0.0)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            Deeds(rare).at("event 1")
    Deeds(rare).at("event 2")
    with pytest.raises(RuntimeError):
        Deeds(rare).at("price at 97205", once=True)
    for postal_code in ("97205", "97206"):
        Deeds(rare).at(f"price at {postal_code}", once=True)
    assert [note["what"] for note in read_notes(tmp_path)] == ["event 1", "event 1", "price at 97205"]


def test_it_ends_its_whole_process_and_has_said_so_before(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from threading import Thread;"
        "from arumaldo_prove.saboteur import Settings; from arumaldo_prove.saboteur.deeds import Deeds;"
        "deeds = Deeds(Settings(notes=Path(sys.argv[1]), exits=1.0));"
        "worker = Thread(target=deeds.at, args=('event 1',)); worker.start(); worker.join(); sys.exit(0)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 3
    assert read_notes(tmp_path) == [{"deed": "exits", "what": "event 1", "alone": False}]


def test_switched_on_it_serves_new_customers_and_hears_everything(stage: Stage) -> None:
    Sabotage(stage, ["plugin-exits", "flush"], 30).begin()
    found = tomllib.loads(stage.config.read_text())
    assert found["providers"] == {"ai": "openai", "billing": "saboteur"}
    assert set(found["plugins"]["saboteur"]) == {"notes", "books", "exits"}


def test_switched_off_it_stays_for_those_who_are_bound_to_it_and_does_no_harm(stage: Stage) -> None:
    sabotage = Sabotage(stage, ["plugin-raises"], 30)
    sabotage.begin()
    sabotage.end()
    sabotage.end()
    found = tomllib.loads(stage.config.read_text())
    assert found["providers"]["billing"] == "acme"
    assert set(found["plugins"]["saboteur"]) == {"notes", "books"}


def test_where_no_plugin_is_to_go_wrong_the_configuration_stays_as_it_is(stage: Stage) -> None:
    sabotage = Sabotage(stage, ["flush"], 30)
    sabotage.begin()
    sabotage.end()
    assert stage.config.read_text() == CONFIG
    assert sabotage.counts() == {}


@pytest.mark.parametrize("customers", [1, 30, 200])
def test_each_deed_is_done_about_as_often_in_a_small_proof_as_in_a_large_one(customers: int) -> None:
    assert share_for(customers) * customers * 32 <= 6.01
    assert customers == 1 or share_for(customers) * customers * 32 >= 5.99


def test_poison_is_counted_by_the_workers_that_one_message_ended() -> None:
    ended = {"deed": "exits", "what": "event 1", "alone": False}
    notes: list[dict[str, object]] = [
        ended, ended, ended, {**ended, "alone": True}, {**ended, "what": "event 2", "deed": "hangs"},
        {**ended, "what": "event 3", "deed": "raises"}, {**ended, "what": "price at 1"},
    ]  # fmt: skip
    found = poison_in(notes)
    assert (found.messages, found.most_workers, found.alone, found.isolated) == (2, 3, 1, True)
    assert not poison_in([*notes, ended]).isolated
