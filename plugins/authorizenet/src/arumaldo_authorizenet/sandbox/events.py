"""The gateway's webhooks: their body, and the signature over it."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from arumaldo.sandbox import Notice, Sandbox

WEBHOOK_LOGIN = "sandbox-shop"
SIGNATURE_KEY = "0123456789ABCDEF" * 8
_SOMEONE_ELSES_KEY = "FEDCBA9876543210" * 8


def notice(sandbox: Sandbox, event: str, facts: dict[str, Any], *, forged: bool) -> Notice:
    """One notification, `event` without the prefix that all payment events share; each call gives a new id."""
    held = {"fraudList": [{"fraudFilter": "AmountFilter", "fraudAction": "authAndHold"}]}
    number = str(uuid.uuid4())
    document = {
        "notificationId": number,
        "eventType": f"net.authorize.payment.{event}",
        "eventDate": f"{datetime.fromtimestamp(sandbox.now(), UTC):%Y-%m-%dT%H:%M:%S.%f}0Z",
        "webhookId": str(uuid.uuid5(uuid.NAMESPACE_URL, sandbox.address)),
        "payload": facts | (held if event == "fraud.held" else {}),
    }
    body = json.dumps(document, separators=(",", ":")).encode()
    key = _SOMEONE_ELSES_KEY if forged else SIGNATURE_KEY
    headers = {"X-ANET-Signature": signature(key, body), "X-Request-Id": str(uuid.uuid4())}
    return Notice(str(document["eventType"]), number, body, headers)


def signature(key: str, body: bytes) -> str:
    """The value of X-ANET-Signature. The key is the text as the merchant reads it, not what its digits stand for."""
    return f"sha512={hmac.new(key.encode(), body, hashlib.sha512).hexdigest().upper()}"
