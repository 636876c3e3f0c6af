"""The operator's list: everything that waits for a person, or that a person would want to know, with what to do."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from arumaldo.bus import clocks, doubts
from arumaldo.bus.handlers import HANDLERS
from arumaldo.bus.rounds import RESTORED
from arumaldo.money import Money

_CLOCKS = text("""
SELECT c.provider, c.reason, c.parked_at, c.failing_since, (
  SELECT count(*) FROM deliveries d
  WHERE d.state = 'waiting' AND d.reseller_id = c.reseller_id AND d.lane = split_part(c.provider, '/', 2)
    AND starts_with(d.waits_for, split_part(c.provider, '/', 1))) AS waiting
FROM provider_clocks c
WHERE c.parked_at IS NOT NULL OR c.failures >= :breaks ORDER BY c.parked_at, c.failing_since
""")
_OVERDUE = text("""
SELECT account_id, handler, waits_for, created_at FROM deliveries
WHERE state = 'waiting' AND handler = ANY(:handlers) AND created_at < hub_now() - interval '10 minutes' ORDER BY id
""")
_LEFT = text("""
SELECT d.name, d.ended_at FROM domains d
WHERE d.state = 'left' AND d.adopted AND jsonb_array_length(d.records) > 0
  AND d.ended_at > hub_now() - interval '14 days'
  AND NOT EXISTS (SELECT FROM effects e
    WHERE e.subject = d.id AND e.step = 'dns.create_zone' AND e.state <> 'refused')
ORDER BY d.id
""")
_DOMAINS = text("""
SELECT name, state, problem, note, zone_id, created_at, delegated_at FROM domains
WHERE state IN ('taken', 'refused')
   OR (state IN ('delegated', 'attached') AND delegated_at < hub_now() - interval '1 day')
ORDER BY id
""")
_ORDERS = text("""
SELECT coalesce(problem, 'nobody said why') AS problem, count(*) AS orders,
       count(*) FILTER (WHERE state = 'failed') AS unreturned, min(coalesce(ended_at, paid_at, created_at)) AS since
FROM orders WHERE state = 'failed' OR (state = 'returned' AND ended_at > hub_now() - interval '1 day')
GROUP BY 1 ORDER BY since
""")
# Who has followed the link of another mail was reached.
_MAILS = text("""
SELECT id, kind, recipient, problem, created_at FROM mails m
WHERE state = 'refused' AND NOT (kind = 'confirm' AND EXISTS (
  SELECT 1 FROM confirmations c JOIN users u ON u.id = c.user_id
  WHERE c.id = m.about AND u.confirmed_at IS NOT NULL))
ORDER BY id
""")


class Matter(BaseModel, frozen=True):
    """One line of the list. `subject` is what it is about: a provider, a delivery, an order, a finding."""

    kind: str
    subject: str
    what: str
    do: str
    since: datetime
    waiting: int = 0
    """How many steps wait for it."""


def matters(session: Session) -> list[Matter]:
    """All that stands on the list now, the oldest of each kind first. Reads, and changes nothing."""
    return [
        *_pauses(session), *_providers(session), *_set_aside(session), *_overdue(session), *_doubts(session),
        *_findings(session), *_orders(session), *_domains(session), *_left(session), *_mails(session),
    ]  # fmt: skip


def _pauses(session: Session) -> list[Matter]:
    problem = session.execute(text("SELECT problem FROM duties WHERE name = 'reconcile'")).scalar_one_or_none()
    return [
        Matter(
            kind="paused", subject=row.name, since=row.since,
            what=f"All work is paused: {row.reason}." + (f" {problem}" if row.name == RESTORED and problem else ""),
            do="It goes on by itself after the comparison." if row.name == RESTORED else "arumaldo unpause",
        )
        for row in session.execute(text("SELECT name, reason, since FROM pauses ORDER BY since"))
    ]  # fmt: skip


def _providers(session: Session) -> list[Matter]:
    return [_provider(row) for row in session.execute(_CLOCKS, {"breaks": clocks.BREAKS_AFTER})]


def _provider(row: Row[tuple[object, ...]]) -> Matter:
    plugin, _, capability = row.provider.partition("/")
    if row.parked_at is not None:
        what = f"{plugin} does not accept us for {capability}: {row.reason}"
        return Matter(
            kind="parked", subject=row.provider, what=what, since=row.parked_at, waiting=row.waiting,
            do=f"Set its key right, start the hub's processes again, then: arumaldo resume {plugin}",
        )  # fmt: skip
    return Matter(
        kind="unavailable", subject=row.provider, what=f"{plugin} fails at {capability}: {row.reason}",
        since=row.failing_since,
        do="It is asked again every half minute.", waiting=row.waiting,
    )  # fmt: skip


def _set_aside(session: Session) -> list[Matter]:
    found = session.execute(
        text("SELECT id, handler, waits_for, finished_at FROM deliveries WHERE state = 'quarantined' ORDER BY id")
    )
    return [
        Matter(
            kind="set aside", subject=str(row.id), what=f"{row.handler} was given up: {row.waits_for}",
            do=f"arumaldo replay {row.id}", since=row.finished_at,
        )
        for row in found
    ]  # fmt: skip


def _overdue(session: Session) -> list[Matter]:
    """Undoing that a vendor has refused: it is tried again, but somebody should look there."""
    return [
        Matter(
            kind="refused", subject=str(row.account_id), since=row.created_at,
            what=f"{row.handler} for account {row.account_id}: {row.waits_for or 'it has not begun'}",
            do="Look at the vendor; it is tried again every hour until it is done, by us or there by you.",
        )
        for row in session.execute(_OVERDUE, {"handlers": [handler.name for handler in HANDLERS.undoing()]})
    ]  # fmt: skip


def _doubts(session: Session) -> list[Matter]:
    return [
        Matter(
            kind="in doubt", subject=str(row.subject), since=row.intended_at,
            what=f"Nobody can tell whether {row.step} at {row.provider} took effect: {row.problem or 'no answer'}",
            do="It is asked until the vendor answers; nothing is repeated meanwhile. If the vendor never will, and you "
            f"see there that it did not take effect, or took it back there: arumaldo deny {row.id}",
        )
        for row in doubts.lasting(session)
    ]  # fmt: skip


def _findings(session: Session) -> list[Matter]:
    found = session.execute(text("SELECT * FROM findings WHERE state = 'open' ORDER BY found_at"))
    return [
        Matter(
            kind="surplus", subject=str(row.id), since=row.found_at,
            what=f"{row.provider} has {_named(row)}, and {row.what}",
            do=f"arumaldo settle {row.id} --undo, or --keep",
        )
        for row in found
    ]  # fmt: skip


def _orders(session: Session) -> list[Matter]:
    """What was paid and could not be fulfilled, by its cause."""
    return [
        Matter(
            kind="failed", subject=row.problem, since=row.since,
            what=f"{row.orders} paid order(s) could not be fulfilled: {row.problem.rstrip('.')}. "
            + (f"The money of {row.unreturned} is on its way back." if row.unreturned else "The money is back."),
            do="See to the cause. The customers are told, and may write to you. This line goes a day after the money "
            "is back.",
        )
        for row in session.execute(_ORDERS)
    ]  # fmt: skip


def _domains(session: Session) -> list[Matter]:
    """Domains that a customer cannot connect without somebody's help."""
    return [_domain(row) for row in session.execute(_DOMAINS)]


def _domain(row: Row[tuple[object, ...]]) -> Matter:
    problem = (row.problem or "").rstrip(".")
    if row.state == "taken":
        return Matter(
            kind="taken", subject=row.name, since=row.created_at,
            what=f"{row.name} could not be connected: {problem}. Nothing was changed there.",
            do=f"If it is this customer's, and we may set its records: arumaldo adopt {row.name}",
        )  # fmt: skip
    if row.state == "refused":
        there = " Its zone is still at the dns provider, with the records for the site." if row.zone_id else ""
        return Matter(
            kind="domain", subject=row.name, since=row.created_at,
            what=f"{row.name} could not be connected: {problem}.{there}",
            do="The customer is told, and may remove it, with what we made for it, and enter it again. "
            f"If they do not, and somebody else owns it: arumaldo release {row.name}",
        )  # fmt: skip
    return Matter(
        kind="domain", subject=row.name, since=row.delegated_at,
        what=f"{row.name} is delegated, and not connected yet. Its customer reads: {row.note or 'nothing yet.'}",
        do="Look at it at the host and at the dns provider; four weeks after it was delegated it counts as refused.",
    )  # fmt: skip


def _left(session: Session) -> list[Matter]:
    """Zones from before us that are their owners' again. Nobody tells us that they lead elsewhere: so for two weeks."""
    return [
        Matter(
            kind="left", subject=row.name, since=row.ended_at,
            what=f"{row.name} was given up: our records are taken out of its zone, which was there before us. What led "
            "elsewhere in their place before is not put back.",
            do="Ask its owner where it should lead now, and set that there. This line goes after two weeks.",
        )
        for row in session.execute(_LEFT)
    ]  # fmt: skip


def _mails(session: Session) -> list[Matter]:
    """What customers were not told, because the address would not have it."""
    found = session.execute(_MAILS)
    return [
        Matter(
            kind="not mailed", subject=str(row.id), since=row.created_at,
            what=f"The mail “{row.kind}” to {row.recipient} was refused: {row.problem}",
            do="Reach the customer otherwise; their pages say the same.",
        )
        for row in found
    ]  # fmt: skip


def _named(row: Row[tuple[object, ...]]) -> str:
    if row.amount is None:
        return f"{row.step.partition('.')[2].removeprefix('create_')} {row.vendor_id}"
    return f"a charge of {Money(minor=row.amount, currency=row.currency)} ({row.vendor_id})"
