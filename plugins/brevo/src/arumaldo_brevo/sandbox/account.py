"""The account itself: its plan, its senders and its domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arumaldo_brevo.sandbox.mail import SENDER
from arumaldo_brevo.sandbox.models import NoQuery
from arumaldo_brevo.sandbox.wire import asked

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

_ADDRESS = {"street": "1 Sand Street", "city": "Boxford", "zipCode": "01921", "country": "United States of America"}


class Account:
    def __init__(self, sandbox: Sandbox) -> None:
        self._switches = sandbox.switches

    def show(self, request: Request, body: bytes) -> Response:
        asked(NoQuery, request)
        credits_left = 0 if self._switches.get("credits") == "none" else 5000
        relay = {"userName": SENDER, "relay": "smtp-relay.brevo.com", "port": 587}
        return JSONResponse(
            {
                "organization_id": "65f0c0ffee", "user_id": 1, "enterprise": False,
                "email": SENDER, "firstName": "Sand", "lastName": "Box", "companyName": "Sandbox", "address": _ADDRESS,
                "plan": [
                    {"type": "free", "credits": credits_left, "creditsType": "sendLimit"},
                    {"type": "sms", "credits": 20, "creditsType": "sendLimit"},
                ],
                "relay": {"enabled": self._switches.get("relay") != "off", "data": relay},
                "marketingAutomation": {"enabled": False},
            }
        )  # fmt: skip

    def senders(self, request: Request, body: bytes) -> Response:
        asked(NoQuery, request)
        active = self._switches.get("sender") not in ("inactive", "by-domain")
        return JSONResponse({"senders": [{"id": 1, "name": "Sandbox", "email": SENDER, "active": active, "ips": []}]})

    def domains(self, request: Request, body: bytes) -> Response:
        asked(NoQuery, request)
        domain, authenticated = SENDER.rpartition("@")[2], self._switches.get("sender") != "inactive"
        row = {"id": 1, "domain_name": domain, "authenticated": authenticated, "verified": authenticated}
        return JSONResponse({"domains": [row], "count": 1, "current_page": 1, "total_pages": 1})
