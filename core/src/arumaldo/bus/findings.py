"""Findings: what a vendor holds and the book does not account for, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from arumaldo.bus.run import Configured
from arumaldo.bus.work import Reference
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import Made, kind_of
from arumaldo.capabilities.payments import Charge
from arumaldo.errors import HubError, ProviderError
from arumaldo.hub import Provider
from arumaldo.money import Money
from arumaldo.store.scope import Owner, Store

Key = Mapping[str, object]
"""`reseller`, `provider`, `step`: one kind of thing at one vendor of one reseller."""

_REPORT = text("""
INSERT INTO findings AS f
  (id, reseller_id, provider, step, vendor_id, reference, what, amount, currency, state, made_at)
VALUES (gen_random_uuid(), :reseller, :provider, :step, :vendor_id, :reference, :what, :amount, :currency, :state, :at)
ON CONFLICT (reseller_id, provider, step, vendor_id) DO UPDATE
SET state = CASE WHEN f.state = 'kept' THEN f.state ELSE excluded.state END, what = excluded.what,
    settled_at = CASE WHEN excluded.state = 'open' THEN f.settled_at ELSE hub_now() END
""")
_GONE = text("""
UPDATE findings SET state = 'gone', settled_at = hub_now()
WHERE reseller_id = :reseller AND provider = :provider AND step = :step AND state = 'open'
  AND vendor_id <> ALL(:still) AND (made_at IS NULL OR made_at >= :since)
""")
_KEPT = text("""
SELECT vendor_id FROM findings
WHERE reseller_id = :reseller AND provider = :provider AND step = :step AND state = 'kept'
""")
# Taken by one at a time: whoever takes it and goes away leaves it to the next one, two minutes later.
_TAKE = text("""
UPDATE findings f SET settled_at = hub_now()
WHERE f.id = :id AND f.state = 'open' AND (f.settled_at IS NULL OR f.settled_at < hub_now() - interval '2 minutes')
RETURNING f.*, EXISTS (
  SELECT 1 FROM effects e WHERE e.reseller_id = f.reseller_id AND e.provider = f.provider AND e.step = f.step
    AND e.vendor_id = f.vendor_id AND e.state = 'done') AS is_accounted_for
""")
_LEAVE = text("UPDATE findings SET settled_at = NULL WHERE id = :id AND state = 'open'")
_SETTLE = text("UPDATE findings SET state = :state, settled_at = hub_now() WHERE id = :id AND state = 'open'")


def report(session: Session, key: Key, made: Made, what: str, state: str) -> None:
    """Note it, or what has become of it; what a person said may stay is not opened again."""
    amount = made.amount if isinstance(made, Charge) else None
    values = {
        **key, "vendor_id": made.id, "reference": made.reference, "what": what[:500], "state": state,
        "amount": amount and amount.minor, "currency": amount and amount.currency, "at": made.made_at,
    }  # fmt: skip
    session.execute(_REPORT, values)


def gone(session: Session, key: Key, since: datetime, still: Sequence[str]) -> None:
    """Of what was made `since`, only these are still surplus; what is older was not looked at."""
    session.execute(_GONE, {**key, "since": since, "still": list(still)})


def kept(session: Session, key: Key) -> set[str]:
    """The vendor's ids of what a person said may stay."""
    return set(session.execute(_KEPT, dict(key)).scalars())


def settle(store: Store, configured: Configured, finding: UUID, *, undo: bool) -> None:
    """Take away at the vendor what was found (money goes back to the customer), or note that it may stay.

    Undoing is looked for before it is done, so that a second call after a crash repeats nothing. HubError when there is
    no such open finding, or somebody else is at it; a ProviderError leaves it open.
    """
    with store.hub() as session:
        row = session.execute(_TAKE, {"id": finding}).one_or_none()
    if row is None:
        raise HubError(f"{finding} is not an open finding, or somebody is at it; arumaldo today lists what is.")
    try:
        if undo:
            _undo(configured, row)
    except (HubError, ProviderError):
        with store.hub() as session:
            session.execute(_LEAVE, {"id": finding})
        raise
    with store.hub() as session:
        session.execute(_SETTLE, {"id": finding, "state": "undone" if undo else "kept"})


def _undo(configured: Configured, row: Row[tuple[Any, ...]]) -> None:
    capability, _, name = row.step.partition(".")
    kind = kind_of(getattr(CAPABILITIES[capability], name))
    provider = configured.provider(Owner(row.reseller_id, row.reseller_id), row.provider, capability)
    if row.is_accounted_for:
        raise HubError(f"{row.vendor_id} belongs to an order of the book by now: there is nothing to take away.")
    if row.amount is not None:
        _give_back(provider, row)
    elif kind is not None and kind.undo is not None:
        provider.call(kind.undo, {first_parameter(capability, kind.undo): row.vendor_id})
    else:
        raise HubError(f"{row.provider} offers no way to take {row.vendor_id} away: do it there, and --keep this.")


def _give_back(provider: Provider, row: Row[tuple[Any, ...]]) -> None:
    reference = Reference(row.id, 1).at("payments.give_back")
    charge = {"reference": reference, "charge_id": row.vendor_id}
    if not provider.call("find_returns", charge):
        provider.call("give_back", {**charge, "amount": Money(minor=row.amount, currency=row.currency)})


def first_parameter(capability: str, hook: str) -> str:
    """The name of a hook's parameter that says which one."""
    name: str = getattr(CAPABILITIES[capability], hook).__code__.co_varnames[1]
    return name
