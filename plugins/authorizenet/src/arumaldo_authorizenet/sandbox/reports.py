"""What can be asked about transactions: the lists, which may show late, and the details, which do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from arumaldo.sandbox import Sandbox
from arumaldo_authorizenet.sandbox.till import DAY, HELD, Booking, Till
from arumaldo_authorizenet.sandbox.wire import RequestError, amount, moment

Report = Callable[[str, dict[str, Any]], dict[str, Any]]


class Reports:
    """The reading half of the gateway, for one sandbox."""

    def __init__(self, sandbox: Sandbox, till: Till) -> None:
        self._sandbox = sandbox
        self._till = till

    def details(self, login: str, request: dict[str, Any]) -> dict[str, Any]:
        booking = self._till.booking(login, str(request["transId"]))
        if booking is None:
            raise RequestError("E00040", "The record cannot be found.")
        return {
            "transaction": _details(booking),
            **({"transrefId": booking.ref_id} if booking.ref_id else {}),
        }

    def unsettled(self, login: str, request: dict[str, Any]) -> dict[str, Any]:
        rows = [booking for booking in self._listed(login) if booking.settled is None]
        if request.get("status") == "pendingApproval":
            rows = [booking for booking in rows if booking.status == HELD]
        return _page(rows, request)

    def batches(self, login: str, request: dict[str, Any]) -> dict[str, Any]:
        """Without dates those of the last 24 hours."""
        first = _seconds(request.get("firstSettlementDate"), self._sandbox.now() - DAY)
        last = _seconds(request.get("lastSettlementDate"), self._sandbox.now())
        newest: dict[str, float] = {}
        for booking in self._listed(login):
            if booking.settled is not None:
                newest[_batch(booking)] = max(booking.settled, newest.get(_batch(booking), 0.0))
        found = [_batch_line(name, at) for name, at in newest.items() if first <= at <= last]
        return {"batchList": found} if found else {}

    def batch(self, login: str, request: dict[str, Any]) -> dict[str, Any]:
        rows = [booking for booking in self._listed(login) if booking.settled is not None]
        return _page([booking for booking in rows if _batch(booking) == str(request.get("batchId", ""))], request)

    def _listed(self, login: str) -> list[Booking]:
        until = self._sandbox.searchable_until()
        return [booking for booking in self._till.bookings(until=until) if booking.login == login]


def _page(rows: Sequence[Booking], request: dict[str, Any]) -> dict[str, Any]:
    newest_first = str(request.get("sorting", {}).get("orderDescending", "false")).lower() in {"true", "1"}
    ordered = sorted(rows, key=lambda booking: int(booking.id), reverse=newest_first)
    limit = int(request.get("paging", {}).get("limit", 1000))
    start = limit * (int(request.get("paging", {}).get("offset", 1)) - 1)
    page = [_row(booking) for booking in ordered[start : start + limit]]
    return {"transactions": page, "totalNumInResultSet": len(ordered)} if page else {}


def _row(booking: Booking) -> dict[str, Any]:
    return {
        "transId": booking.id,
        "submitTimeUTC": moment(booking.submitted),
        "submitTimeLocal": moment(booking.submitted).rstrip("Z"),
        "transactionStatus": booking.status,
        "invoiceNumber": booking.invoice,
        "accountType": booking.brand,
        "accountNumber": f"XXXX{booking.last_four}",
        "settleAmount": amount(str(booking.amount)),
        "marketType": "eCommerce",
        "product": "Card Not Present",
    }


def _details(booking: Booking) -> dict[str, Any]:
    return {
        "transId": booking.id,
        **({"refTransId": booking.returns} if booking.returns else {}),
        "submitTimeUTC": moment(booking.submitted),
        "submitTimeLocal": moment(booking.submitted).rstrip("Z"),
        "transactionType": booking.kind,
        "transactionStatus": booking.status,
        "responseCode": int(booking.response),
        "responseReasonCode": int(booking.reason),
        "responseReasonDescription": booking.reason_text,
        "authCode": booking.auth_code,
        "AVSResponse": booking.avs,
        "cardCodeResponse": booking.cvv,
        **({"batch": _batch_line(_batch(booking), booking.settled)} if booking.settled is not None else {}),
        "order": {"invoiceNumber": booking.invoice, "description": booking.description},
        "authAmount": amount(str(booking.amount)),
        "settleAmount": amount(str(booking.amount)),
        "taxExempt": False,
        "payment": {
            "creditCard": {
                "cardNumber": f"XXXX{booking.last_four}",
                "expirationDate": "XXXX",
                "cardType": booking.brand,
            }
        },
        **({"customer": {"email": booking.email}} if booking.email else {}),
        "recurringBilling": False,
        "product": "Card Not Present",
        "marketType": "eCommerce",
    }


def _batch(booking: Booking) -> str:
    """One batch a day, named after the day."""
    return datetime.fromtimestamp(booking.settled or 0.0, UTC).strftime("%Y%m%d")


def _batch_line(name: str, at: float) -> dict[str, Any]:
    return {
        "batchId": name,
        "settlementTimeUTC": moment(at),
        "settlementTimeLocal": moment(at).rstrip("Z"),
        "settlementState": "settledSuccessfully",
        "paymentMethod": "creditCard",
    }


def _seconds(text: Any, default: float) -> float:
    if text is None:
        return default
    at = datetime.fromisoformat(str(text))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
