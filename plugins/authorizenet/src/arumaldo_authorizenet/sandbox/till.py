"""Charging, voiding, refunding, and the gateway's own search for doubles."""

from __future__ import annotations

import hashlib
import json
import secrets
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from arumaldo.sandbox import Sandbox
from arumaldo_authorizenet.sandbox.cards import Card, Cards
from arumaldo_authorizenet.sandbox.events import WEBHOOK_LOGIN, notice
from arumaldo_authorizenet.sandbox.wire import RequestError

DAY = 24 * 3600.0
HELD = "FDSPendingReview"
_SETTLED = {
    "capturedPendingSettlement": "settledSuccessfully",
    "refundPendingSettlement": "refundSettledSuccessfully",
    "voided": "voided",
    "declined": "declined",
}
_TEXTS = {
    "1": "This transaction has been approved.",
    "2": "This transaction has been declined.",
    "5": "A valid amount is required.",
    "6": "The credit card number is invalid.",
    "8": "The credit card has expired.",
    "11": "A duplicate transaction has been submitted.",
    "16": "The transaction cannot be found.",
    "19": "An error occurred during processing. Please try again in 5 minutes.",
    "39": "The supplied currency code is either invalid, not supported, not allowed for this merchant.",
    "54": "The referenced transaction does not meet the criteria for issuing a credit.",
    "65": "This transaction has been declined.",
    "252": "Your order has been received. Thank you for your business!",
    "254": "Your transaction has been declined.",
    "310": "This transaction has already been voided.",
}
_AVS = {"46201": "A", "46203": "E", "46204": "G", "46205": "N", "46207": "R", "46208": "S", "46209": "U",
        "46211": "W", "46214": "X", "46217": "Z"}  # fmt: skip
_DECLINED_ZIP = "46282"
_COMPARED = ("firstName", "lastName", "company", "address", "city", "state", "zip", "country")


class Booking(BaseModel):
    """One transaction in the gateway's books."""

    id: str
    login: str
    kind: str
    status: str
    ref_id: str | None
    amount: Decimal
    currency: str
    response: str = "1"
    reason: str = "1"
    invoice: str = ""
    description: str = ""
    email: str = ""
    last_four: str = ""
    brand: str = ""
    avs: str = "P"
    cvv: str = "P"
    auth_code: str = ""
    submitted: float
    settled: float | None = None
    returns: str | None = None
    """Of a refund: the charge."""
    refunded: Decimal = Decimal("0.00")
    returned_under: str | None = None
    """The refId of the request that voided it, or that refunded the last of it."""

    @property
    def reason_text(self) -> str:
        return _TEXTS.get(self.reason, "")


class Till:
    """The books of one sandbox, and what changes them. Callers hold the shelf's lock."""

    def __init__(self, sandbox: Sandbox, cards: Cards) -> None:
        self._sandbox = sandbox
        self._cards = cards

    def transact(self, login: str, ref_id: str | None, ask: dict[str, Any]) -> dict[str, Any]:
        """Carry out one transactionRequest and answer its transactionResponse."""
        match ask["transactionType"]:
            case "authCaptureTransaction":
                return self._sale(login, ref_id, ask)
            case "voidTransaction":
                return self._void(login, ref_id, str(ask.get("refTransId", "")))
            case "refundTransaction":
                return self._refund(login, ref_id, ask)
            case other:
                raise RequestError("E00003", f"This sandbox does not play the transactionType '{other}'.")

    def booking(self, login: str, trans_id: str) -> Booking | None:
        """One transaction of this account as it stands now."""
        kept = self._sandbox.shelf.get("transactions", trans_id)
        booking = self._aged(Booking.model_validate(kept)) if kept else None
        return booking if booking and booking.login == login else None

    def bookings(self, *, until: float | None = None) -> list[Booking]:
        """All transactions of all accounts, oldest first; `until` as in `Shelf.all`."""
        return [self._aged(Booking.model_validate(kept)) for kept in self._sandbox.shelf.all("transactions", until)]

    def _sale(self, login: str, ref_id: str | None, ask: dict[str, Any]) -> dict[str, Any]:
        amount = _amount(ask)
        if amount is None:
            return _failed("5")
        if self._sandbox.switches.get("currency", "USD") != ask.get("currencyCode", "USD"):
            return _failed("39")
        card = self._cards.take(login, ask.get("payment", {}).get("opaqueData") or _no_token())
        if self._sandbox.switches.get("processor") == "down":
            return _failed("19")
        key = _duplicate_key(login, ask, amount, card.key)
        if double := self._double(key, ask):
            return double
        if card.fault in {"6", "8"}:
            return _failed(card.fault, card)
        return self._book_sale(login, ref_id, ask, amount, card, key)

    def _book_sale(
        self, login: str, ref_id: str | None, ask: dict[str, Any], amount: Decimal, card: Card, key: str
    ) -> dict[str, Any]:
        zip_code = str(ask.get("billTo", {}).get("zip") or card.zip)
        fault = card.fault or ("2" if zip_code == _DECLINED_ZIP else "")
        held = not fault and self._sandbox.switches.get("review") == "hold"
        order = ask.get("order", {})
        booking = Booking(
            id=self._next_id(),
            login=login,
            kind="authCaptureTransaction",
            status="declined" if fault else HELD if held else "capturedPendingSettlement",
            ref_id=ref_id,
            amount=amount,
            currency=str(ask.get("currencyCode", "USD")),
            response="2" if fault else "4" if held else "1",
            reason=fault or ("252" if held else "1"),
            invoice=str(order.get("invoiceNumber", "")),
            description=str(order.get("description", "")),
            email=str(ask.get("customer", {}).get("email", "")),
            last_four=card.last_four,
            brand=card.brand,
            avs=_AVS.get(zip_code, "P"),
            cvv=card.cvv,
            auth_code="" if fault else secrets.token_hex(3).upper(),
            submitted=self._sandbox.now(),
        )
        if self._sandbox.switches.get("test_mode") == "on":
            return {**_response(booking), "transId": "0", "testRequest": "1"}
        self._keep(booking)
        self._sandbox.shelf.put("doubles", key, {"id": booking.id, "at": booking.submitted}, booking.submitted)
        if not fault:
            self._tell("fraud.held" if held else "authcapture.created", booking, ref_id)
        return _response(booking)

    def _void(self, login: str, ref_id: str | None, trans_id: str) -> dict[str, Any]:
        booking = self.booking(login, trans_id)
        if booking is None or booking.settled is not None or booking.status == "declined":
            return _failed("16")
        if booking.status == "voided":
            return _response(booking, reason="310", ref_trans_id=booking.id)
        booking.status = "voided"
        booking.returned_under = ref_id
        self._keep(booking)
        charge = booking.returns and self.booking(login, booking.returns)
        if charge:
            charge.refunded -= booking.amount
            self._keep(charge)
        self._tell("void.created", booking, ref_id)
        return _response(booking, reason="1", ref_trans_id=booking.id)

    def _refund(self, login: str, ref_id: str | None, ask: dict[str, Any]) -> dict[str, Any]:
        amount = _amount(ask)
        charge = self.booking(login, str(ask.get("refTransId", "")))
        if amount is None or charge is None:
            return _failed("5" if amount is None else "16")
        last_four = str(ask.get("payment", {}).get("creditCard", {}).get("cardNumber", ""))[-4:]
        key = _duplicate_key(login, ask, amount, last_four)
        if double := self._double(key, ask):
            return double
        open_amount = charge.amount - charge.refunded
        if charge.status != "settledSuccessfully" or last_four != charge.last_four or amount > open_amount:
            return _failed("54")
        return self._book_refund(ref_id, ask, amount, charge, key)

    def _book_refund(
        self, ref_id: str | None, ask: dict[str, Any], amount: Decimal, charge: Booking, key: str
    ) -> dict[str, Any]:
        booking = Booking(
            id=self._next_id(),
            login=charge.login,
            kind="refundTransaction",
            status="refundPendingSettlement",
            ref_id=ref_id,
            amount=amount,
            currency=charge.currency,
            invoice=str(ask.get("order", {}).get("invoiceNumber", "")),
            last_four=charge.last_four,
            brand=charge.brand,
            submitted=self._sandbox.now(),
            returns=charge.id,
        )
        charge.refunded += amount
        charge.returned_under = ref_id
        self._keep(booking)
        self._keep(charge)
        self._sandbox.shelf.put("doubles", key, {"id": booking.id, "at": booking.submitted}, booking.submitted)
        self._tell("refund.created", booking, ref_id)
        return _response(booking, ref_trans_id=charge.id)

    def _double(self, key: str, ask: dict[str, Any]) -> dict[str, Any] | None:
        first = self._sandbox.shelf.get("doubles", key)
        window = _window(ask)
        if first is None or self._sandbox.now() >= first["at"] + (120 if window is None else window):
            return None
        booking = Booking.model_validate(self._sandbox.shelf.get("transactions", first["id"]))
        if window is None or self._sandbox.switches.get("name_doubles") == "off":
            return _failed("11")
        named = {"transId": booking.id, "avsResultCode": booking.avs, "cvvResultCode": booking.cvv}
        return {**_failed("11"), **named, "authCode": booking.auth_code}

    def _aged(self, booking: Booking) -> Booking:
        """What review and settlement have made of it by now."""
        before = booking.model_copy()
        review = self._sandbox.switches.get("review")
        if booking.status == HELD and review == "approve":
            booking.status, booking.response, booking.reason = "capturedPendingSettlement", "1", "1"
        elif booking.status == HELD and review == "decline":
            booking.status, booking.response, booking.reason = "declined", "2", "254"
        due = booking.submitted + DAY
        ripe = self._sandbox.switches.get("settle") == "now" or self._sandbox.now() >= due
        if ripe and booking.settled is None and booking.status in _SETTLED:
            booking.status = _SETTLED[booking.status]
            booking.settled = min(due, self._sandbox.now())
        if booking != before:
            self._keep(booking)
        return booking

    def _keep(self, booking: Booking) -> None:
        self._sandbox.shelf.put("transactions", booking.id, booking.model_dump(mode="json"), booking.submitted)

    def _tell(self, event: str, booking: Booking, ref_id: str | None) -> None:
        if booking.login == WEBHOOK_LOGIN:
            facts = {
                "responseCode": int(booking.response),
                "authCode": booking.auth_code,
                "avsResponse": booking.avs,
                "authAmount": float(booking.amount),
                **({"merchantReferenceId": ref_id} if ref_id else {}),
                "entityName": "transaction",
                "id": booking.id,
            }
            self._sandbox.webhooks.tell(lambda forged: notice(self._sandbox, event, facts, forged=forged))

    def _next_id(self) -> str:
        return str(80_000_000_000 + self._sandbox.shelf.next_number("transactions"))


def _no_token() -> dict[str, Any]:
    raise RequestError("E00003", "This sandbox takes payment by opaqueData alone.")


def _amount(ask: dict[str, Any]) -> Decimal | None:
    amount = Decimal(str(ask.get("amount", "0")))
    return amount if amount > 0 and amount == round(amount, 2) else None


def _window(ask: dict[str, Any]) -> int | None:
    settings = ask.get("transactionSettings", {}).get("setting", [])
    for setting in settings if isinstance(settings, list) else [settings]:
        if setting.get("settingName") == "duplicateWindow":
            value = setting.get("settingValue", "")
            return min(int(value), 28800) if value.isdigit() else 120
    return None


def _duplicate_key(login: str, ask: dict[str, Any], amount: Decimal, card: str) -> str:
    """What the gateway compares; one difference makes it another transaction."""
    address = ask.get("billTo", {})
    compared = [
        login,
        card,
        ask["transactionType"],
        ask.get("poNumber", ""),
        str(amount.normalize()),
        ask.get("order", {}).get("invoiceNumber", ""),
        ask.get("customer", {}).get("id", ""),
        *(address.get(name, "") for name in _COMPARED),
        _window(ask),
    ]
    return hashlib.sha256(json.dumps(compared).encode()).hexdigest()


def _failed(code: str, card: Card | None = None) -> dict[str, Any]:
    """Nothing was booked."""
    return {
        "responseCode": "3",
        "authCode": "",
        "avsResultCode": "P",
        "cvvResultCode": "",
        "cavvResultCode": "",
        "transId": "0",
        "refTransID": "",
        "transHash": "",
        "testRequest": "0",
        "accountNumber": f"XXXX{card.last_four}" if card else "",
        "accountType": card.brand if card else "",
        "errors": [{"errorCode": code, "errorText": _TEXTS[code]}],
        "transHashSha2": "",
    }


def _response(booking: Booking, reason: str | None = None, ref_trans_id: str = "") -> dict[str, Any]:
    code = reason or booking.reason
    good = booking.response in {"1", "4"}
    said: dict[str, Any] = (
        {"messages": [{"code": code, "description": _TEXTS[code]}]}
        if good
        else {"errors": [{"errorCode": code, "errorText": _TEXTS[code]}]}
    )
    return {
        "responseCode": "1" if ref_trans_id else booking.response,
        "authCode": booking.auth_code,
        "avsResultCode": booking.avs,
        "cvvResultCode": booking.cvv,
        "cavvResultCode": "2",
        "transId": booking.id,
        "refTransID": ref_trans_id,
        "transHash": "",
        "testRequest": "0",
        "accountNumber": f"XXXX{booking.last_four}",
        "accountType": booking.brand,
        **said,
        "transHashSha2": "",
        "networkTransId": f"SANDBOX{booking.id}",
    }
