"""Zoho, played: accounts, CRM and Billing below one address.

    /accounts/oauth/v2/token      access tokens
    /crm/v8/…                     contacts
    /billing/v1/…                 the books (`billing` lists the switches of its own)

Switches:

    tokens        limited: ten tokens in ten minutes of the vendor's clock, as the vendor has it; a number: that many.
                  Without the switch there is no such limit, for whoever tries the platform out kills more workers than
                  that. A token that replaces one that `expire_tokens` ended does not count: the vendor itself ends none
                  that way.
    granted       the scopes that token answers name, instead of all that the plugin needs; "": they name none
    api_domain    where token answers say that the account is, instead of here
    scope         crm, search, coql or billing: the token lacks the right for that product, or for the CRM's search or
                  queries
    contacts      refused: no contact is taken in; duplicate: the field `twin` names is unique, and another contact has
                  the same value; several: two other contacts stand in the way
    twin          see above; Email where it is not set
    matching      exact: upserts and queries tell addresses apart by capital letters, too
    description   absent: the layout has no such field
"""

from __future__ import annotations

from typing import ClassVar

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.sandbox import Entry, Sandbox, Shelf
from arumaldo_zoho.sandbox import billing
from arumaldo_zoho.sandbox.crm import Crm
from arumaldo_zoho.sandbox.crm_book import CONTACTS
from arumaldo_zoho.sandbox.tokens import Tokens


class ZohoSandbox(Sandbox):
    """One organisation of each product, and one client with one refresh token."""

    name = "zoho"
    kinds = ("contacts", "customers", "subscriptions", "invoices", "payments")
    offers: ClassVar[dict[str, str]] = {
        "tokens": "limited|[0-9]+",
        "granted": ".*",
        "api_domain": "https?://.+",
        "scope": "crm|search|coql|billing",
        "contacts": "refused|duplicate|several",
        "twin": ".+",
        "matching": "exact",
        "description": "absent",
        **billing.OFFERS,
    }

    def __init__(self, address: str, shelf: Shelf | None = None) -> None:
        super().__init__(address, shelf)
        self.tokens = Tokens(self)

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                *self.tokens.routes(),
                Mount("/crm/v8", routes=Crm(self).routes()),
                *billing.routes(self),
                Mount("/", app=_nothing_there),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        """A contact's reference is its address, so that a second contact of one person shows."""
        return {"contacts": [_entry(row) for row in self.shelf.all(CONTACTS)], **billing.ledger(self)}

    def expire_tokens(self) -> None:
        self.tokens.expire()


def _entry(row: dict[str, str]) -> Entry:
    email = row.get("Email") or ""
    return Entry(
        id=row["id"],
        reference=email.lower() or None,
        state="undone" if row.get("deleted") else "live",
        facts={"name": row["Last_Name"], "email": email},
    )


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    said = {"code": "INVALID_URL_PATTERN", "message": "Please check if the URL trying to access is a correct one"}
    await JSONResponse({**said, "status": "error", "details": {}}, 404)(scope, receive, send)
