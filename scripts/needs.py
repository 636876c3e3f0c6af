"""Collects what the distributions of this checkout need from others into one file per purpose, for `scripts/pin`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def main(folder: Path) -> None:
    groups = read(ROOT / "pyproject.toml")["dependency-groups"]
    places = ("*/pyproject.toml", "plugins/*/pyproject.toml", "tests/*/pyproject.toml")
    projects = [read(path)["project"] for place in places for path in sorted(ROOT.glob(place))]
    ours = {project["name"] for project in projects}
    runtime = [need for project in projects for need in project.get("dependencies", ()) if name_of(need) not in ours]
    extras = [project.get("optional-dependencies", {}) for project in projects]
    embedded = [need for extra in extras for need in extra.get("embedded", ())]
    for name, needs in {
        "runtime": [*runtime, *groups["build"]],
        "embedded": embedded,
        "test": groups["test"],
    }.items():
        lines = "".join(f"{need}\n" for need in sorted(set(needs)))
        (folder / f"{name}.in").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
