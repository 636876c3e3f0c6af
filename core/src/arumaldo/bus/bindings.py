"""Bindings: the provider that an account began with serves it from then on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from arumaldo.store.scope import Owner

_BIND = text("""
INSERT INTO bindings (account_id, capability, reseller_id, provider, config_version)
VALUES (:account, :capability, :reseller, :provider, :version)
ON CONFLICT (account_id, capability) DO NOTHING
""")
_READ = text("""
SELECT b.provider, c.failures, c.reason, c.parked_at,
       greatest(0, extract(epoch FROM c.not_before - hub_now()))::float AS wait
FROM bindings b
LEFT JOIN provider_clocks c ON c.reseller_id = b.reseller_id AND c.provider = b.provider || '/' || b.capability
WHERE b.account_id = :account AND b.capability = :capability
""")


@dataclass(frozen=True)
class Bound:
    """The provider of an account for a capability, and whether it may be asked now."""

    provider: str
    failures: int
    wait: float
    """Seconds until the provider may be asked again."""
    parked_at: datetime | None
    reason: str | None


def bind(session: Session, owner: Owner, capability: str, provider: str, version: int) -> None:
    """Bind the account to the provider; a second call, with whatever provider, changes nothing."""
    session.execute(
        _BIND,
        {"account": owner.account_id, "reseller": owner.reseller_id, "capability": capability, "provider": provider,
         "version": version},
    )  # fmt: skip


def bound(session: Session, owner: Owner, capability: str) -> Bound | None:
    """The binding, or None before the first use."""
    row = session.execute(_READ, {"account": owner.account_id, "capability": capability}).one_or_none()
    if row is None:
        return None
    return Bound(row.provider, row.failures or 0, row.wait or 0.0, row.parked_at, row.reason)
