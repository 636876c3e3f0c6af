"""The operator's commands: what waits for a person, what can be done about it, and the copy of the book."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from arumaldo.words import HUBCONFIG, AsJson, ConfigOption, OwnerOption, fail, say

if TYPE_CHECKING:
    from arumaldo.bus.matters import Matter
    from arumaldo.installation import Installation

app = typer.Typer()


@app.command()
def today(config: ConfigOption = HUBCONFIG, as_json: AsJson = False) -> None:
    """What waits for a person, and what to do about each."""
    import arumaldo.flows.onboarding  # noqa: F401 - registers the steps
    from arumaldo.bus.matters import matters

    with _opened(config, threads=1) as inst, inst.store.hub() as session:
        found = matters(session)
    if as_json:
        say(json.dumps([matter.model_dump(mode="json") for matter in found]))
    else:
        say(_listed(found) or "Nothing waits for you.")


@contextmanager
def _opened(config: Path, threads: int) -> Iterator[Installation]:
    """The installation that this file is of; that of the demo where it runs beside us."""
    from arumaldo.demo.beside import at_hand
    from arumaldo.workers import opened

    with opened(config, at_hand(config), threads=threads) as inst:
        yield inst


def _listed(found: Sequence[Matter]) -> str:
    return "\n".join(
        f"{matter.kind.upper()} since {_moment(matter.since)}: {matter.what.rstrip('.')}."
        f"{f' {matter.waiting} step(s) wait for it.' if matter.waiting else ''}\n    {matter.do}"
        for matter in found
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


@app.command()
def resume(
    provider: Annotated[
        str | None, typer.Argument(help="The plugin, or one of its jobs (acme/billing); all when left out.")
    ] = None,
    config: ConfigOption = HUBCONFIG,
) -> None:
    """Let work flow again to a provider that was parked or held back."""
    from arumaldo.bus import clocks

    with _opened(config, threads=1) as inst, inst.store.hub() as session:
        count = clocks.resume(session, provider)
        enabled = {name for reseller in inst.config.resellers.values() for name in reseller.plugins}
    if not count and provider is not None and provider.partition("/")[0] not in enabled:
        fail(f"{provider} is no plugin that is enabled here, nor a job of one; arumaldo plugins lists them.", 1)
    say(f"{count} provider(s) may be asked again.")


@app.command()
def replay(
    delivery: Annotated[
        int | None, typer.Argument(help="Its number; without one, all that is set aside is listed.")
    ] = None,
    config: ConfigOption = HUBCONFIG,
) -> None:
    """Let a step that was set aside run again; what it made at vendors is looked for first, as ever."""
    from arumaldo.bus import deliveries

    with _opened(config, threads=1) as inst, inst.store.hub() as session:
        if delivery is None:
            lines = [f"{number}  {handler}: {why}" for number, handler, why in deliveries.set_aside(session)]
            say("\n".join(lines) or "Nothing is set aside.")
        elif deliveries.replay(session, delivery):
            say(f"{delivery} runs again.")
        else:
            fail(f"{delivery} is not set aside; arumaldo replay lists what is.", 1)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(help="Why, for those who look at arumaldo today.")] = "a person paused it",
    config: ConfigOption = HUBCONFIG,
) -> None:
    """Let no worker begin another step; what is under way ends, and pages go on. A second call changes nothing."""
    from arumaldo.bus import deliveries

    with _opened(config, threads=1) as inst, inst.store.hub() as session:
        deliveries.pause(session, reason)
    say("No worker begins another step. arumaldo unpause lets them go on.")


@app.command()
def unpause(
    uncompared: Annotated[
        bool, typer.Option(help="Also when a restored book was not compared with the vendors yet.")
    ] = False,
    config: ConfigOption = HUBCONFIG,
) -> None:
    """Let the workers go on."""
    from arumaldo.bus import deliveries

    with _opened(config, threads=1) as inst, inst.store.hub() as session:
        still = deliveries.unpause(session, restored=uncompared)
    say("Still paused: the restored book is being compared with the vendors." if still else "The workers go on.")


@app.command()
def reconcile(config: ConfigOption = HUBCONFIG, as_json: AsJson = False) -> None:
    """Compare now what the vendors hold with the book. Exit code 1 when a vendor could not be asked."""
    from dataclasses import asdict

    from arumaldo.bus.rounds import compare_now
    from arumaldo.flows.repairs import reconciler

    with _opened(config, threads=2) as inst:
        outcome = compare_now(inst.store, reconciler(inst))
    if as_json:
        say(json.dumps(asdict(outcome)))
    else:
        say(
            f"{outcome.listed} things were looked at: {outcome.adopted} taken into the book,"
            f" {outcome.surplus} too much, {outcome.undone} of them taken away; arumaldo today lists the others."
        )
        for problem in outcome.problems:
            say(f"Not compared: {problem}")
    raise SystemExit(1 if outcome.problems else 0)


@app.command()
def settle(
    finding: Annotated[UUID, typer.Argument(help="As arumaldo today names it.")],
    undo: Annotated[bool, typer.Option("--undo/--keep", help="Take it away (money goes back), or let it be.")],
    config: ConfigOption = HUBCONFIG,
) -> None:
    """Decide about something that a vendor holds and the book does not account for."""
    from arumaldo.bus import findings

    with _opened(config, threads=2) as inst:
        findings.settle(inst.store, inst, finding, undo=undo)
    say("It is taken away." if undo else "It stays, and is not reported again.")


@app.command()
def deny(
    effect: Annotated[UUID, typer.Argument(help="As arumaldo today names it.")], config: ConfigOption = HUBCONFIG
) -> None:
    """End a doubt: you looked at the vendor, and it does not have it, or you took it away there.

    The step goes on without asking again: money counts as not taken, anything else is made now.
    """
    from arumaldo.bus import doubts

    with _opened(config, threads=1) as inst, inst.store.hub() as session:
        denied = doubts.deny(session, effect)
    say(f"{denied} did not take effect. Its step goes on.")


@app.command()
def adopt(
    domain: Annotated[str, typer.Argument(help="As arumaldo today names it.")], config: ConfigOption = HUBCONFIG
) -> None:
    """Use a domain that was set up at our dns provider before a customer entered it.

    Its records for visitors are set, everything else in it stays, and it is never removed by us.
    """
    import arumaldo.flows.onboarding  # noqa: F401 - registers the steps
    from arumaldo.flows.domains import adopt_domain

    with _opened(config, threads=1) as inst:
        adopt_domain(inst, domain.strip().lower())
    say(f"{domain} is being connected.")


@app.command()
def release(
    domain: Annotated[str, typer.Argument(help="As its customer entered it.")],
    live: Annotated[bool, typer.Option("--live", help="Also when a website is open there.")] = False,
    config: ConfigOption = HUBCONFIG,
) -> None:
    """Take a domain from the customer who has it here, as if they had removed it: its name is free for its owner.

    What we made for it is taken away; their website goes on at the host's own address.
    """
    import arumaldo.flows.onboarding  # noqa: F401 - registers the steps
    from arumaldo.flows.domains import clean_domain, release_domain

    with _opened(config, threads=1) as inst:
        name = release_domain(inst, clean_domain(domain), live=live)
    say(f"{name} is being removed; its name is free as soon as nothing of it is left.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; it must not exist yet.")], database: OwnerOption
) -> None:
    """Write a copy of the book, while everything goes on. Keep [hub] secret apart from it: both are needed."""
    from arumaldo.demo.programs import find_postgres
    from arumaldo.store.backup import backup as copy

    say(f"{file}: {copy(database, find_postgres().bin, file):,} bytes.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A copy.")], database: OwnerOption) -> None:
    """Put a copy into a new, empty database. Work stays paused until it is compared with what the vendors hold."""
    from arumaldo.demo.programs import find_postgres
    from arumaldo.store.backup import restore as put_back

    put_back(database, find_postgres().bin, file)
    say(
        "The book is restored, and all work is paused. Start the web and worker processes: they compare it with the"
        " vendors' lists, and then go on by themselves; arumaldo today shows how far that is."
    )
