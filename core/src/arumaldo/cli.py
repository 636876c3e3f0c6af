"""The command `arumaldo`. Each subcommand imports what it needs, so that the others start at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from arumaldo import desk
from arumaldo.errors import ConfigError, HubError
from arumaldo.words import HUBCONFIG, STATE, AsJson, ConfigOption, OwnerOption, fail, say

CONFIGURATION = 78
"""Exit code for a mistake in the configuration (sysexits EX_CONFIG): starting again will not help."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A website business in a box: its parts, its operator's commands, and a demo of all of it.",
)
app.add_typer(desk.app)
COMMANDS = "arumaldo.commands"


def main() -> None:
    """Run the command line. Exit codes: 0 well, 1 a fault, 2 wrong usage, 78 a mistake in the configuration."""
    from sqlalchemy.exc import OperationalError

    try:
        _add_commands_of_others()
        app()
    except ConfigError as error:
        fail(str(error), CONFIGURATION)
    except OperationalError as error:
        fail(f"The database cannot be reached, or does not accept us: {str(error.orig).strip()}", 1)
    except HubError as error:
        fail(str(error), 1)


def _add_commands_of_others() -> None:
    """A distribution may bring a command of its own: an entry point in `arumaldo.commands` that names a function."""
    for found in entry_points(group=COMMANDS):
        if found.name in sys.argv[1:2] or sys.argv[1:2] in ([], ["--help"]):
            app.command(found.name)(found.load())


@app.command()
def demo(
    config: ConfigOption = HUBCONFIG,
    port: Annotated[int | None, typer.Option(help="The portal's port; 8080 or the next free one by default.")] = None,
    state: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = STATE,
    workers: Annotated[int, typer.Option(min=1, help="How many worker processes.")] = 2,
    customers: Annotated[
        int | None, typer.Option(min=1, help="Walk so many customers through, report, and end.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The whole platform on this machine, against the vendors' sandboxes; nothing has to be installed beforehand."""
    from arumaldo.demo import show

    if customers is None:
        if as_json:
            fail("--json reports on customers: say how many with --customers.", 2)
        raise SystemExit(show.interactive(state, config, port, workers))
    raise SystemExit(show.customers(state, config, customers, port, workers, as_json=as_json))


@app.command()
def web(
    config: ConfigOption = HUBCONFIG,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.")] = 8080,
    fd: Annotated[
        int | None, typer.Option(help="An open listening socket to use instead, which several processes may share.")
    ] = None,
) -> None:
    """The portal."""
    from arumaldo.serve import serve_web

    serve_web(config, os.environ, host, port, fd)


@app.command()
def worker(config: ConfigOption = HUBCONFIG) -> None:
    """Carry out the steps behind the pages; start as many as you like."""
    from arumaldo.workers import serve_worker

    raise SystemExit(serve_worker(config, os.environ))


@app.command()
def sandbox(
    config: ConfigOption = HUBCONFIG,
    state: Annotated[
        Path, typer.Option(envvar="ARUMALDO_STATE", help="The sandboxes keep what exists in its folder `sandbox`.")
    ] = STATE,
) -> None:
    """The vendors of all enabled plugins, played, at `[hub] sandbox_url`."""
    from arumaldo.serve import serve_sandboxes

    serve_sandboxes(config, os.environ, state / "sandbox")


@app.command()
def migrate(
    database: OwnerOption,
) -> None:
    """Bring the database to this release's schema; a second call changes nothing."""
    from arumaldo.store.migrate import migrate as bring_up

    say(f"The database is at revision {bring_up(database)}.")


@app.command()
def check(
    config: ConfigOption = HUBCONFIG,
    live: Annotated[bool, typer.Option("--live", help="Also ask the database, Redis and every vendor.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the configuration without starting anything: every mistake with its line and its remedy.

    With --live: 1 where something cannot be served with (✗), 0 with warnings (!).
    """
    from arumaldo.config.parse import parse_file
    from arumaldo.demo.beside import at_hand

    mistakes: tuple[str, ...] = ()
    try:
        parsed = parse_file(config, environ=at_hand(config) if live else os.environ)
    except ConfigError as error:
        mistakes = error.mistakes
    if live and not mistakes:
        from arumaldo.live_check import report

        raise SystemExit(report(parsed, config.name, as_json=as_json))
    if as_json:
        say(json.dumps({"file": config.name, "mistakes": mistakes}))
    else:
        say("\n".join(mistakes) or f"{config.name} is right.")
    raise SystemExit(CONFIGURATION if mistakes else 0)


@app.command()
def plugins(config: ConfigOption = HUBCONFIG, as_json: AsJson = False) -> None:
    """Which plugins are installed, what each can do, and who does it here."""
    from arumaldo.config.parse import parse_file
    from arumaldo.discovery import available, load_plugin

    chosen = parse_file(config, environ=os.environ).for_reseller("main")
    listing = [
        {
            "plugin": name,
            "enabled": name in chosen.plugins,
            "sandbox": name in chosen.plugins and chosen.plugins[name].sandbox,
            "provides": sorted(_provides(load_plugin, name)),
            "first_for": sorted(job for job, names in chosen.providers.items() if names[0] == name),
        }
        for name in sorted(available())
    ]
    say(json.dumps(listing) if as_json else "\n".join(_plugin_line(entry) for entry in listing))


def _provides(load: Callable[[str], object], name: str) -> list[str]:
    try:
        return list(getattr(load(name), "provides", {}))
    except ConfigError:
        return []


def _plugin_line(entry: dict[str, object]) -> str:
    state = ("sandbox" if entry["sandbox"] else "live") if entry["enabled"] else "not enabled"
    return f"{entry['plugin']:16} {state:12} can: {_listed(entry['provides'])}; does: {_listed(entry['first_for'])}"


def _listed(names: object) -> str:
    return ", ".join(names) if isinstance(names, list) and names else "nothing"
