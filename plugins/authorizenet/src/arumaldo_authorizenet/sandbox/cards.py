"""Card tokens: single use, fifteen minutes, for the account that they were made for.

Of a card only the last four digits and keyed hashes are kept, and what it would come to if it were charged.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from arumaldo.sandbox import Sandbox
from arumaldo_authorizenet.sandbox.wire import RequestError

DESCRIPTOR = "COMMON.ACCEPT.INAPP.PAYMENT"
APPROVED_CARD = "4111111111111111"
DECLINED_CARD = "4222222222222"
LIFE = 15 * 60

_BRANDS = {"34": "AmericanExpress", "37": "AmericanExpress", "35": "JCB", "36": "DinersClub", "38": "DinersClub",
           "30": "JCB", "4": "Visa", "5": "MasterCard", "2": "MasterCard", "6": "Discover"}  # fmt: skip
_CVV = {"900": "M", "901": "N", "902": "P", "903": "S", "904": "U"}


class Card(BaseModel, frozen=True):
    """What is left of a card behind a token."""

    login: str
    made_at: float
    last_four: str
    brand: str
    key: str
    """Equal for equal number and expiry, and of no other use."""
    fault: str = ""
    """The code with which charging it ends: 6 number, 8 expiry, 2 declined, 65 security code; empty when it is good."""
    cvv: str = "P"
    zip: str = ""


class Cards:
    """The tokens of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def tokenise(self, login: str, card: dict[str, Any]) -> dict[str, str]:
        """Keep a card under a new token. Its number and expiry are judged later, when it is charged."""
        number, expiry = str(card["cardNumber"]), str(card["expirationDate"])
        now = self._sandbox.now()
        kept = Card(
            login=login,
            made_at=now,
            last_four=number[-4:],
            brand=_brand(number),
            key=self._hash(f"{number}/{expiry}"),
            fault=_fault(number, expiry, str(card.get("cardCode", "")), now),
            cvv=_CVV.get(str(card.get("cardCode", "")), "P"),
            zip=str(card.get("zip", "")),
        )
        value = secrets.token_urlsafe(48)
        self._sandbox.shelf.put("tokens", self._hash(value), kept.model_dump(), now)
        return {"dataDescriptor": DESCRIPTOR, "dataValue": value}

    def take(self, login: str, opaque: dict[str, Any]) -> Card:
        """Use a token up. RequestError E00113 … E00116 where it cannot be used."""
        if opaque["dataDescriptor"] != DESCRIPTOR:
            raise RequestError("E00113", "Invalid OTS Token data.")
        key = self._hash(str(opaque["dataValue"]))
        kept = self._sandbox.shelf.get("tokens", key)
        if kept is None:
            raise RequestError("E00114", "Invalid OTS Token.")
        card = Card.model_validate(kept)
        if card.login != login:
            raise RequestError("E00116", "OTS Token access violation.")
        self._sandbox.shelf.remove("tokens", key)
        if self._sandbox.now() > card.made_at + LIFE:
            raise RequestError("E00115", "OTS Token expired.")
        return card

    def _hash(self, text: str) -> str:
        shelf = self._sandbox.shelf
        with shelf.locked():
            kept = shelf.get("keys", "cards")
            if kept is None:
                kept = {"hex": secrets.token_hex(32)}
                shelf.put("keys", "cards", kept, 0.0)
        return hmac.new(bytes.fromhex(kept["hex"]), text.encode(), hashlib.sha256).hexdigest()


def next_expiry(now: float) -> str:
    """An expiry in the year after next, as the card form sends it."""
    return f"12{datetime.fromtimestamp(now, UTC).year + 2}"


def _brand(number: str) -> str:
    return _BRANDS.get(number[:2]) or _BRANDS.get(number[:1], "Visa")


def _fault(number: str, expiry: str, code: str, now: float) -> str:
    if not _luhn(number):
        return "6"
    if _has_passed(expiry, now):
        return "8"
    if number == DECLINED_CARD:
        return "2"
    return "65" if code == "901" else ""


def _luhn(number: str) -> bool:
    digits = [int(sign) for sign in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return len(digits) >= 12 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _has_passed(expiry: str, now: float) -> bool:
    """Of MMYY, MMYYYY and YYYY-MM; what is none of them has passed."""
    digits = "".join(sign for sign in expiry if sign.isdigit())
    if "-" in expiry:
        digits = digits[4:] + digits[:4]
    if len(digits) not in (4, 6) or not 1 <= int(digits[:2]) <= 12:
        return True
    year, month = int(digits[2:]) % 100 + 2000, int(digits[:2])
    today = datetime.fromtimestamp(now, UTC)
    return (year, month) < (today.year, today.month)
