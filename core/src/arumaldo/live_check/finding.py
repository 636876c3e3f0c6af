"""One line of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MARKS = {"well": "✓", "warning": "!", "wrong": "✗"}


@dataclass(frozen=True)
class Finding:
    """One line of the report; `name` stays the same from release to release, for scripts."""

    name: str
    state: Literal["well", "warning", "wrong"]
    said: str
    do: str = ""

    def __str__(self) -> str:
        return f"{MARKS[self.state]} {self.name}: {self.said}" + (f"\n    {self.do}" if self.do else "")


def embedded(name: str) -> Finding:
    """[hub] `name` leads nowhere."""
    example = "ARUMALDO_DATABASE" if name == "database" else "ARUMALDO_REDIS"
    return Finding(
        name, "wrong", 'is "embedded", and only "arumaldo demo" brings a server of its own',
        f"Start scripts/demo in another terminal, or write its address into [hub] {name}, or set {example}.",
    )  # fmt: skip
