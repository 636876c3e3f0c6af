"""Provider clocks: when a vendor may be asked again, for all workers. They are rows, so that Redis does not matter.

A plugin that does several jobs has a clock for each: one whose key lacks a right for contacts still takes invoices.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from arumaldo.store.scope import Owner

BREAKS_AFTER = 5
BREAK_SECONDS = 30.0
"""The longest pause after so many failures; the first one is a second, and each further failure doubles it."""
PROBE_SECONDS = 3.0
"""How long the others wait for the one step that tries whether a vendor answers again."""
LONGEST_PAUSE = 900.0
"""No vendor's Retry-After holds work back for longer; then it is asked again."""
LONGEST_BACK_OFF = 60.0

_FAILED = text("""
INSERT INTO provider_clocks AS c (reseller_id, provider, failures, failing_since, asked_until, not_before, reason)
VALUES (:reseller, :provider, 1, hub_now(), hub_now() + make_interval(secs => :pause),
        hub_now() + make_interval(secs => :pause), :reason)
ON CONFLICT (reseller_id, provider) DO UPDATE
SET failures = c.failures + 1, failing_since = coalesce(c.failing_since, hub_now()), reason = :reason,
    asked_until = greatest(c.asked_until, excluded.asked_until),
    not_before = greatest(c.not_before, hub_now() + make_interval(secs =>
      CASE WHEN c.failures + 1 >= :breaks
           THEN greatest(:pause, least(:break_seconds, power(2, c.failures + 1 - :breaks))) ELSE :pause END))
RETURNING failures
""")
_WELL = text("""
WITH before AS (
  SELECT reseller_id, provider, failures FROM provider_clocks
  WHERE reseller_id = :reseller AND provider = :provider AND parked_at IS NULL AND failures > 0
  FOR UPDATE
)
UPDATE provider_clocks c
SET failures = 0, failing_since = NULL, not_before = CASE WHEN asked_until > hub_now() THEN asked_until END,
    reason = CASE WHEN asked_until > hub_now() THEN reason END
FROM before
WHERE c.reseller_id = before.reseller_id AND c.provider = before.provider
RETURNING before.failures >= :breaks AS was_left_alone, c.not_before
""")
_PROBE = text("""
UPDATE provider_clocks SET not_before = hub_now() + make_interval(secs => :pause)
WHERE reseller_id = :reseller AND provider = :provider AND (not_before IS NULL OR not_before <= hub_now())
RETURNING provider
""")
_PARK = text("""
INSERT INTO provider_clocks AS c (reseller_id, provider, parked_at, reason)
VALUES (:reseller, :provider, hub_now(), :reason)
ON CONFLICT (reseller_id, provider) DO UPDATE SET parked_at = coalesce(c.parked_at, hub_now()), reason = :reason
""")
_RESUME = text("""
UPDATE provider_clocks
SET parked_at = NULL, failures = 0, failing_since = NULL, asked_until = NULL, not_before = NULL, reason = NULL
WHERE (parked_at IS NOT NULL OR not_before IS NOT NULL)
  AND (CAST(:provider AS text) IS NULL OR :provider IN (provider, split_part(provider, '/', 1)))
RETURNING reseller_id, provider
""")
_UNPARK = text("""
UPDATE provider_clocks SET parked_at = NULL, reason = NULL WHERE parked_at IS NOT NULL RETURNING reseller_id, provider
""")
# Whoever is locked is just being taken, or put back: that one stays away for its pause.
_WAKE = text("""
UPDATE deliveries SET due_at = coalesce(CAST(:at AS timestamptz), hub_now()) WHERE id IN (
  SELECT d.id FROM deliveries d JOIN bindings b ON b.account_id = d.account_id AND b.capability = d.lane
  WHERE d.state = 'waiting' AND d.holder IS NULL AND b.reseller_id = :reseller
    AND b.provider || '/' || b.capability = :provider
    AND d.due_at > coalesce(CAST(:at AS timestamptz), hub_now())
    AND d.due_at <= hub_now() + make_interval(secs => :within)
  FOR UPDATE OF d SKIP LOCKED
)
""")
_STANDSTILL = text("""
SELECT since, ours FROM (
  SELECT since, true AS ours FROM pauses
  UNION ALL
  SELECT coalesce(c.parked_at, c.failing_since), c.parked_at IS NOT NULL
  FROM bindings b
  JOIN provider_clocks c ON c.reseller_id = b.reseller_id AND c.provider = b.provider || '/' || b.capability
  WHERE b.account_id = :account AND b.capability = :capability AND (c.parked_at IS NOT NULL OR c.failures >= :breaks)
) AS reasons ORDER BY since LIMIT 1
""")


@dataclass(frozen=True)
class Standstill:
    """Work of an account that cannot go on just now. `ours`: it waits for the operator, not for a vendor."""

    since: datetime
    ours: bool


def of(plugin: str, capability: str) -> str:
    """The name of a plugin's clock for one of its jobs, "acme/hosting": what is called `provider` below."""
    return f"{plugin}/{capability}"


def standstill(session: Session, owner: Owner, capability: str) -> Standstill | None:
    """Why nothing of this account goes on at this capability's provider; None when, as far as is known, all is well."""
    values = {"account": owner.account_id, "capability": capability, "breaks": BREAKS_AFTER}
    row = session.execute(_STANDSTILL, values).one_or_none()
    return None if row is None else Standstill(row.since, row.ours)


def failed(session: Session, reseller: UUID, provider: str, reason: str, pause: float | None) -> int:
    """Count a failure; `pause` (the vendor's Retry-After) holds everybody back, five failures in a row as well.

    How many there are in a row now, of all steps together.
    """
    values = {
        "reseller": reseller, "provider": provider, "reason": reason[:300], "pause": min(pause or 0.0, LONGEST_PAUSE),
        "breaks": BREAKS_AFTER, "break_seconds": BREAK_SECONDS,
    }  # fmt: skip
    failures: int = session.execute(_FAILED, values).scalar_one()
    return failures


def well(session: Session, reseller: UUID, provider: str) -> None:
    """The vendor answered: its failures are not in a row any more, and those go on who waited because of them.

    What it asked for itself still counts: they go on when that is over.
    """
    values = {"reseller": reseller, "provider": provider, "breaks": BREAKS_AFTER}
    row = session.execute(_WELL, values).one_or_none()
    if row is not None and row.was_left_alone:
        _wake(session, reseller, provider, BREAK_SECONDS, row.not_before)


def probe(session: Session, reseller: UUID, provider: str) -> bool:
    """Whether the caller is the one that may ask a vendor which has failed so often; the others wait for it."""
    values = {"reseller": reseller, "provider": provider, "pause": PROBE_SECONDS}
    return session.execute(_PROBE, values).one_or_none() is not None


def park(session: Session, reseller: UUID, provider: str, reason: str) -> None:
    """The vendor does not accept us: its work waits, unburnt, until a person resumes it or the settings change."""
    session.execute(_PARK, {"reseller": reseller, "provider": provider, "reason": reason[:300]})


def resume(session: Session, provider: str | None = None) -> int:
    """Let work flow again, at once, to `provider` (a plugin, or one of its jobs) or to all; how many were held."""
    return _wake_all(session, session.execute(_RESUME, {"provider": provider}).all())


def unpark(session: Session) -> int:
    """Ask those again, at once, who did not accept us: something has been changed. How many there were."""
    return _wake_all(session, session.execute(_UNPARK).all())


def _wake_all(session: Session, freed: Sequence[Row[Any]]) -> int:
    for row in freed:
        _wake(session, row.reseller_id, row.provider, LONGEST_PAUSE)
    return len(freed)


def _wake(session: Session, reseller: UUID, provider: str, within: float, at: datetime | None = None) -> None:
    """What is due within so many seconds is due now, or `at` then; who comes back later waits for something else."""
    session.execute(_WAKE, {"reseller": reseller, "provider": provider, "within": within, "at": at})


def back_off(attempt: int, most: float = LONGEST_BACK_OFF) -> float:
    """Seconds before the next try: exponential with full jitter."""
    return random.uniform(0.2, min(most, 0.5 * 2.0 ** min(attempt, 10)))  # noqa: S311 - a pause, not a secret
