"""What we ask the gateway. It maps JSON onto an XML sequence, so the order of the keys belongs to the wire format."""

from __future__ import annotations

import re
from typing import Any

from arumaldo import Money

PAGE_ROWS = 1000
_TOKEN = re.compile(r"(?P<kind>[A-Z.]{1,64}):(?P<value>[!-~]{1,8000})")
# 255 characters is the gateway's limit, counted in UTF-16 units: a character may take two.
_DESCRIPTION = 127
_EMAIL = 255


def opaque_data(token: str) -> dict[str, str] | None:
    """The token of our card form, "descriptor:value", as the gateway wants it; None when it is none."""
    match = _TOKEN.fullmatch(token)
    return match and {"dataDescriptor": match["kind"], "dataValue": match["value"]}


def sale(
    reference: str, amount: Money, payment: dict[str, str], description: str, email: str, window: int
) -> dict[str, Any]:
    """Take the money at once. The same arguments give the same bytes: the gateway compares them to find doubles."""
    return {
        "transactionType": "authCaptureTransaction",
        "amount": str(amount.decimal),
        "currencyCode": amount.currency,
        "payment": {"opaqueData": payment},
        "order": {"invoiceNumber": reference, "description": _plain(description)[:_DESCRIPTION]},
        **({"customer": {"email": email}} if 0 < len(email) <= _EMAIL else {}),
        # Sent although it is the longest anyway: only then does the refusal of a double name the first one.
        "transactionSettings": {"setting": [_setting("allowPartialAuth", "false"), _window(window)]},
    }


def void(charge_id: str) -> dict[str, Any]:
    """Drop a charge that is not settled yet."""
    return {"transactionType": "voidTransaction", "refTransId": charge_id}


def refund(charge_id: str, amount: Money, last_four: str, invoice: str, window: int) -> dict[str, Any]:
    """Return a settled charge to its card, under the charge's own invoice number: one search finds both."""
    return {
        "transactionType": "refundTransaction",
        "amount": str(amount.decimal),
        "currencyCode": amount.currency,
        "payment": {"creditCard": {"cardNumber": last_four, "expirationDate": "XXXX"}},
        "refTransId": charge_id,
        "order": {"invoiceNumber": invoice},
        "transactionSettings": {"setting": [_window(window)]},
    }


def page(number: int) -> dict[str, Any]:
    """The n-th page of a list, counted from 1, newest first: what arrives meanwhile moves rows on, and hides none."""
    return {
        "sorting": {"orderBy": "submitTimeUTC", "orderDescending": "true"},
        "paging": {"limit": str(PAGE_ROWS), "offset": str(number)},
    }


def _window(seconds: int) -> dict[str, str]:
    return _setting("duplicateWindow", str(seconds))


def _setting(name: str, value: str) -> dict[str, str]:
    return {"settingName": name, "settingValue": value}


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
