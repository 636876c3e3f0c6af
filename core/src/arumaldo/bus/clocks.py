"""Provider clocks: when a vendor may be asked again, for all workers. They are rows, so that Redis does not matter."""

from __future__ import annotations

import random
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

BREAKS_AFTER = 5
BREAK_SECONDS = 30.0
LONGEST_PAUSE = 900.0
"""No vendor's Retry-After holds work back for longer; then it is asked again."""

_FAILED = text("""
INSERT INTO provider_clocks AS c (reseller_id, provider, failures, not_before, reason)
VALUES (:reseller, :provider, 1, hub_now() + make_interval(secs => :pause), :reason)
ON CONFLICT (reseller_id, provider) DO UPDATE
SET failures = c.failures + 1, reason = :reason,
    not_before = greatest(c.not_before, hub_now() + make_interval(secs =>
      CASE WHEN c.failures + 1 >= :breaks THEN greatest(:pause, :break_seconds) ELSE :pause END))
""")
_WELL = text("""
UPDATE provider_clocks SET failures = 0, not_before = NULL, reason = NULL
WHERE reseller_id = :reseller AND provider = :provider AND parked_at IS NULL AND failures = :failures
""")
_PARK = text("""
INSERT INTO provider_clocks AS c (reseller_id, provider, parked_at, reason)
VALUES (:reseller, :provider, hub_now(), :reason)
ON CONFLICT (reseller_id, provider) DO UPDATE SET parked_at = coalesce(c.parked_at, hub_now()), reason = :reason
""")
_RESUME = text("""
UPDATE provider_clocks SET parked_at = NULL, failures = 0, not_before = NULL, reason = NULL
WHERE (parked_at IS NOT NULL OR not_before IS NOT NULL) AND coalesce(CAST(:provider AS text), provider) = provider
RETURNING provider
""")


def failed(session: Session, reseller: UUID, provider: str, reason: str, pause: float | None) -> None:
    """Count a failure; `pause` (the vendor's Retry-After) holds everybody back, five failures in a row as well."""
    session.execute(
        _FAILED,
        {"reseller": reseller, "provider": provider, "reason": reason[:300], "pause": min(pause or 0.0, LONGEST_PAUSE),
         "breaks": BREAKS_AFTER, "break_seconds": BREAK_SECONDS},
    )  # fmt: skip


def well(session: Session, reseller: UUID, provider: str, failures: int) -> None:
    """The vendor answered after so many failures: all is forgotten, unless another one was counted meanwhile."""
    session.execute(_WELL, {"reseller": reseller, "provider": provider, "failures": failures})


def park(session: Session, reseller: UUID, provider: str, reason: str) -> None:
    """The vendor does not accept us: its work waits, unburnt, until a person resumes it or the settings change."""
    session.execute(_PARK, {"reseller": reseller, "provider": provider, "reason": reason[:300]})


def resume(session: Session, provider: str | None = None) -> int:
    """Let work flow again to `provider`, or to all; answers how many were held back."""
    return len(session.execute(_RESUME, {"provider": provider}).all())


def back_off(attempt: int, most: float = 60.0) -> float:
    """Seconds before the next try: exponential with full jitter."""
    return random.uniform(0.2, min(most, 0.5 * 2.0 ** min(attempt, 10)))  # noqa: S311 - a pause, not a secret
