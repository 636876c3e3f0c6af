"""What the subcommands of `arumaldo` share: their options, and how they speak."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

HUBCONFIG, STATE = Path("hubconfig.toml"), Path(".arumaldo")
ConfigOption = Annotated[Path, typer.Option("--config", help="The configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="For a script: one JSON value on standard output.")]
OwnerOption = Annotated[
    str, typer.Option("--database", envvar="ARUMALDO_DATABASE_OWNER", help="The database, as the role `owner`.")
]


def fail(sentence: str, code: int) -> NoReturn:
    """Say what is wrong on standard error, and end with the code."""
    print(sentence, file=sys.stderr)  # noqa: T201 - this is the command line
    raise SystemExit(code)


def say(text: str) -> None:
    """Say it on standard output."""
    print(text, flush=True)  # noqa: T201 - this is the command line
