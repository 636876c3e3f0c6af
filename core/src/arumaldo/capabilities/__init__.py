"""The jobs that somebody can be hired for: one small file each, models first, then the hooks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from arumaldo.capabilities.ai import Ai
from arumaldo.capabilities.billing import Billing
from arumaldo.capabilities.customers import Customers
from arumaldo.capabilities.dns import Dns
from arumaldo.capabilities.email import Email
from arumaldo.capabilities.events import Events
from arumaldo.capabilities.hosting import Hosting
from arumaldo.capabilities.payments import Payments

CAPABILITIES: Mapping[str, type] = MappingProxyType(
    {
        "ai": Ai,
        "billing": Billing,
        "customers": Customers,
        "dns": Dns,
        "email": Email,
        "events": Events,
        "hosting": Hosting,
        "payments": Payments,
    }
)
"""Name in `[providers]` → its hooks. `events` is not chosen there: every enabled plugin may listen."""
