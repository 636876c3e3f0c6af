"""The vendor's webhooks about sites."""

from __future__ import annotations

import json
import uuid

from arumaldo.sandbox import Notice

NO_SITE = 999_999_999
"""The number of a site that never existed."""


def notice(event: str, site: int, *, forged: bool) -> Notice:
    """One event; each call gives a new id. Nothing is signed."""
    number = str(uuid.uuid4())
    # [unverified] The vendor documents the names of its events, and neither their body nor their moment.
    document = {"id": number, "event": event, "site_id": NO_SITE if forged else site}
    return Notice(event, number, json.dumps(document).encode())
