"""scripts/house.py: what it finds, with file and line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "scripts" / "house.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["/usr/bin/env", "git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "core" / "src").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def breaches(checkout: Path) -> list[str]:
    done = subprocess.run([sys.executable, HOUSE, checkout], capture_output=True, text=True, check=False)
    assert done.returncode == (1 if done.stdout else 0), done.stderr
    return done.stdout.splitlines()


def test_a_clean_checkout_is_clean(checkout: Path) -> None:
    (checkout / "core" / "src" / "hub.py").write_text('"""The hub."""\n')
    assert breaches(checkout) == []


@pytest.mark.parametrize("name", ["page.html", "page.css", "page.js", "hub.py"])
@pytest.mark.parametrize("words", ["Ask Pressable for a site", "url(/authorize.net.png)", "openai_key = 1"])
def test_a_vendor_in_the_core_is_told_with_file_and_line(checkout: Path, name: str, words: str) -> None:
    (checkout / "core" / "src" / name).write_text(f"\n\n{words}\n")
    (found,) = breaches(checkout)
    assert found.startswith(f"core/src/{name}:3: names the vendor")


def test_a_word_that_contains_a_vendor_is_none(checkout: Path) -> None:
    (checkout / "core" / "src" / "hub.py").write_text("depressable = True\n")
    assert breaches(checkout) == []


def test_a_vendor_may_be_named_in_its_plugin(checkout: Path) -> None:
    (checkout / "README.md").write_text("Sites are hosted by Pressable.\n")
    assert breaches(checkout) == []


def test_a_folder_that_git_does_not_know_is_looked_at_too(checkout: Path) -> None:
    (checkout / "core" / "src" / "hub.py").write_text("pressable = 1\n")
    (checkout / ".git").rename(checkout / ".elsewhere")
    assert len(breaches(checkout)) == 1


def test_what_others_do_not_have_is_told(checkout: Path) -> None:
    folder, host = "/".join(("", "root", "x")), ".".join(("files", "pythonhosted", "org"))
    (checkout / "README.md").write_text(f"See {folder}\nand https://{host}/y\nbut not https://example.com{folder}\n")
    assert [breach.split(" ")[0] for breach in breaches(checkout)] == ["README.md:1:", "README.md:2:"]


def test_a_file_of_more_than_400_lines_is_told(checkout: Path) -> None:
    (checkout / "core" / "src" / "long.py").write_text("x = 1\n" * 401)
    (checkout / "notes.txt").write_text("x\n" * 500)
    (found,) = breaches(checkout)
    assert found.startswith("core/src/long.py:401: the file has 401 lines")


def test_a_plugin_that_no_contract_knows_is_told(checkout: Path) -> None:
    (checkout / "plugins" / "acme").mkdir(parents=True)
    (checkout / "plugins" / "acme" / "pyproject.toml").write_text("")
    assert [breach.partition(" does not name ")[2] for breach in breaches(checkout)] == [
        "plugins/acme/src",
        "arumaldo_acme",
    ]
