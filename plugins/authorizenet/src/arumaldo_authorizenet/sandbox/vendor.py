"""The sandbox itself: who may ask, what is answered, what a browser loads, and the ledger."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox, Shelf
from arumaldo_authorizenet.sandbox import wire
from arumaldo_authorizenet.sandbox.cards import APPROVED_CARD, Cards, next_expiry
from arumaldo_authorizenet.sandbox.reports import Report, Reports
from arumaldo_authorizenet.sandbox.till import HELD, Booking, Till

_BROWSER = Path(__file__).parent / "browser"
_FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self' http://localhost:* http://*.localhost:* http://127.0.0.1:*"
)
_CORS = {"access-control-allow-origin": "*", "access-control-allow-headers": "content-type"}


class _Account(BaseModel, frozen=True):
    transaction_key: str
    client_key: str


_ACCOUNTS: Mapping[str, _Account] = MappingProxyType(
    {
        "sandbox-shop": _Account(transaction_key="sandbox-key-0001", client_key="sandbox-shop-public-client-key"),
        "other-shop": _Account(transaction_key="other-key-0002", client_key="other-shop-public-client-key"),
    }
)


class _TokenWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    card: str = APPROVED_CARD
    code: str = "900"
    zip: str | None = None
    expiry: str | None = None


class AuthorizenetSandbox(Sandbox):
    """See the package's docstring for its accounts, cards and switches."""

    name: ClassVar[str] = "authorizenet"
    kinds: ClassVar[tuple[str, ...]] = ("charges", "returns")
    offers: ClassVar[Mapping[str, str]] = {
        "settle": "now",
        "review": "hold|approve|decline",
        "currency": "[A-Z]{3}",
        "processor": "down",
        "busy": "on",
        "test_mode": "on",
        "name_doubles": "off",
        "client_key": ".+",
        "parrot": "on",
    }

    def __init__(self, address: str, shelf: Shelf | None = None) -> None:
        super().__init__(address, shelf)
        self._cards = Cards(self)
        self._till = Till(self, self._cards)
        reports = Reports(self, self._till)
        self._reports: dict[str, Report] = {
            "authenticateTestRequest": lambda login, request: {},
            "getMerchantDetailsRequest": self._merchant,
            "getTransactionDetailsRequest": reports.details,
            "getUnsettledTransactionListRequest": reports.unsettled,
            "getSettledBatchListRequest": reports.batches,
            "getTransactionListRequest": reports.batch,
        }

    def app(self) -> ASGIApp:
        api = Starlette(
            routes=[
                Route("/xml/v1/request.api", self._api, methods=["POST", "OPTIONS"]),
                Route("/v3/AcceptUI.js", _file("accept_ui.js", "text/javascript")),
                Route("/v3/acceptMain/acceptMain.html", _file("frame.html", "text/html", policy=True)),
                Route("/v3/acceptMain/acceptMain.js", _file("frame.js", "text/javascript")),
                Route("/v3/acceptMain/acceptMain.css", _file("frame.css", "text/css")),
                Route("/_test/token", self._test_token, methods=["POST"]),
            ]
        )
        return self.webhooks.around(api)

    def ledger(self) -> dict[str, list[Entry]]:
        with self.shelf.locked():
            bookings = self._till.bookings()
        sales = [booking for booking in bookings if booking.returns is None]
        refunds = [booking for booking in bookings if booking.returns is not None]
        voids = [sale for sale in sales if sale.status == "voided"]
        return {
            "charges": [_charge_entry(sale) for sale in sales],
            "returns": [_return_entry(booking) for booking in (*voids, *refunds)],
        }

    async def _api(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(headers=_CORS)
        body = await run_in_threadpool(self._answer, await request.body())
        return Response(body, headers=_CORS, media_type="application/json; charset=utf-8")

    def _answer(self, body: bytes) -> bytes:
        ref_id: str | None = None
        try:
            call, request = wire.parse(body)
            ref_id = request.get("refId")
            with self.shelf.locked():
                return self._carry_out(call, request, ref_id)
        except wire.RequestError as error:
            said = body.decode("utf-8", "replace") if self.switches.get("parrot") == "on" else ""
            return wire.answer(error.own, ref_id, (error.code, f"{error.text} {said}".strip()))

    def _carry_out(self, call: str, request: dict[str, Any], ref_id: str | None) -> bytes:
        if self.switches.get("busy") == "on":
            raise wire.RequestError("E00053", "The server is currently too busy, please try again later.")
        login = _authenticated(call, request["merchantAuthentication"])
        if call == "securePaymentContainerRequest":
            return wire.answer({"opaqueData": self._cards.tokenise(login, request["data"]["token"])}, ref_id)
        if call != "createTransactionRequest":
            report = self._reports[call](login, request)
            nothing = call.startswith(("getUnsettled", "getSettled", "getTransactionList")) and not report
            return wire.answer(report, ref_id, wire.NO_RECORDS if nothing else wire.SUCCESS)
        try:
            outcome = self._till.transact(login, ref_id, request["transactionRequest"])
        except wire.RequestError as error:
            raise wire.RequestError(error.code, error.text, {"transactionResponse": {}}) from error
        # The real gateway calls some declines Ok and others an Error; so does this one.
        good = outcome["responseCode"] in {"1", "4"} or _error_code(outcome) == "2"
        return wire.answer({"transactionResponse": outcome}, ref_id, wire.SUCCESS if good else wire.UNSUCCESSFUL)

    def _merchant(self, login: str, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "isTestMode": self.switches.get("test_mode") == "on",
            "processors": [{"name": "Sandbox Processor", "id": 1, "cardTypes": ["V", "M", "A", "D"]}],
            "merchantName": login,
            "gatewayId": "100001",
            "marketTypes": ["eCommerce"],
            "productCodes": ["CNP"],
            "paymentMethods": ["Visa", "MasterCard", "AmericanExpress", "Discover"],
            "currencies": [self.switches.get("currency", "USD")],
            "publicClientKey": self.switches.get("client_key", _ACCOUNTS[login].client_key),
            "merchantTimeZone": "America/Los_Angeles",
        }

    async def _test_token(self, request: Request) -> Response:
        try:
            wish = _TokenWish.model_validate_json(await request.body() or b"{}")
        except ValidationError:
            return JSONResponse({"error": "Send nothing, or JSON with card, code, zip or expiry, all text."}, 422)
        card = {"cardNumber": wish.card.replace(" ", ""), "cardCode": wish.code}
        card["expirationDate"] = wish.expiry or next_expiry(self.now())
        opaque = await run_in_threadpool(
            self._cards.tokenise, "sandbox-shop", card | ({"zip": wish.zip} if wish.zip else {})
        )
        return JSONResponse({"token": f"{opaque['dataDescriptor']}:{opaque['dataValue']}"})


def _authenticated(call: str, given: dict[str, Any]) -> str:
    """The login, or E00007. The public client key opens nothing but the making of tokens."""
    login = str(given.get("name", ""))
    account = _ACCOUNTS.get(login)
    wanted, key = (
        (account and account.client_key, given.get("clientKey"))
        if call == "securePaymentContainerRequest"
        else (account and account.transaction_key, given.get("transactionKey"))
    )
    if not wanted or not key or not hmac.compare_digest(wanted.encode(), str(key).encode()):
        raise wire.RequestError("E00007", "User authentication failed due to invalid authentication values.")
    return login


def _error_code(outcome: dict[str, Any]) -> str:
    errors = outcome.get("errors") or [{}]
    return str(errors[0].get("errorCode", ""))


def _charge_entry(sale: Booking) -> Entry:
    state = "live"
    if sale.status == "declined":
        state = "refused"
    elif sale.status == "voided" or sale.refunded >= sale.amount:
        state = "undone"
    facts = {"amount": f"{sale.amount} {sale.currency}"} | ({"held": "for review"} if sale.status == HELD else {})
    return Entry.model_validate({"id": sale.id, "reference": sale.invoice or None, "state": state, "facts": facts})


def _return_entry(booking: Booking) -> Entry:
    is_void = booking.returns is None
    voided_refund = not is_void and booking.status == "voided"
    return Entry(
        id=booking.id,
        reference=booking.returned_under if is_void else booking.ref_id,
        state="undone" if voided_refund else "live",
        facts={
            "amount": f"{booking.amount} {booking.currency}",
            "charge": booking.id if is_void else booking.returns or "",
            "way": "void" if is_void else "refund",
        },
    )


def _file(name: str, media: str, *, policy: bool = False) -> Any:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if policy:
        headers |= {"content-security-policy": _FRAME_POLICY, "referrer-policy": "no-referrer"}

    async def answer(request: Request) -> Response:
        return FileResponse(_BROWSER / name, media_type=media, headers=headers)

    return answer
