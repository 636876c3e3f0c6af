"""The command `arumaldo prove`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from arumaldo.demo.show import EXIT_INTERRUPTED
from arumaldo.demo.supervisor import Stopped
from arumaldo.errors import ConfigError
from arumaldo_prove.controls import run_controls
from arumaldo_prove.explorer import explore
from arumaldo_prove.faults import NAMES
from arumaldo_prove.folder import RunFolder
from arumaldo_prove.proof import prove_once
from arumaldo_prove.result import Result
from arumaldo_prove.stage import staged

CUSTOMERS = 25


def prove(
    config: Annotated[Path, typer.Option("--config", help="The configuration file.")] = Path("hubconfig.toml"),
    seed: Annotated[int, typer.Option(help="Decides what happens when.")] = 1,
    customers: Annotated[
        int | None,
        typer.Option(min=1, help="How many walk through the onboarding: 25, or with --cuts one for each place."),
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help=f"Only this one, and again for more: {', '.join(NAMES)}.")
    ] = None,
    controls: Annotated[
        bool, typer.Option("--controls/--no-controls", help="Leave out one guard after the other, and see doubles.")
    ] = True,
    cuts: Annotated[
        bool, typer.Option("--cuts", help="Instead: end a worker once at every place where a step can be cut.")
    ] = False,
    into: Annotated[
        Path, typer.Option(help="Where to leave the result and, when it did not hold, what the processes wrote.")
    ] = Path(".arumaldo/prove"),
    as_json: Annotated[bool, typer.Option("--json", help="For a script: one object as the last line.")] = False,
) -> None:
    """Prove the promise: kill, freeze and break everything while customers pay, then count at the vendors.

    Exit codes: 0 it held, 1 it did not, 130 Ctrl-C.
    """
    names = fault or NAMES
    if unknown := sorted(set(names) - set(NAMES)):
        raise ConfigError(f"There is no fault {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    try:
        found = (
            explore(config, seed, customers, _tell)
            if cuts
            else _proof(config, seed, customers or CUSTOMERS, names, into, controls=controls)
        )
    except Stopped:
        raise SystemExit(EXIT_INTERRUPTED) from None
    if as_json:
        _tell(found.as_table())
    _show(found.as_json() if as_json else found.as_table())
    raise SystemExit(0 if found.holds else 1)


def _proof(config: Path, seed: int, customers: int, names: Sequence[str], into: Path, *, controls: bool) -> Result:
    folder = RunFolder(into, seed, customers)
    with staged(config, _tell) as stage:
        result = stage.during(lambda: prove_once(stage, seed, customers, names))
        if not result.holds:
            folder.keep(stage.tree.supervisor.state / "log")
    if controls:
        result = replace(result, control=run_controls(config, seed, _tell))
    folder.write(result.as_json())
    return result


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
