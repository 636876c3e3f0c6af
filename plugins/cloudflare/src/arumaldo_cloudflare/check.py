"""What `arumaldo check --live` asks."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

from pydantic import BaseModel

from arumaldo import Denied
from arumaldo_cloudflare.client import NAME, CloudflareClient, as_model
from arumaldo_cloudflare.settings import Settings


class VendorToken(BaseModel):
    """What the vendor tells of a token."""

    status: str
    expires_on: datetime | None = None


def check(settings: Settings) -> str:
    """The token's state and one list of the account's zones; a `ProviderError` says what is wrong. Nothing is made."""
    with closing(CloudflareClient(settings)) as client:
        token = _verify(client, settings)
        if token.status != "active":
            raise Denied(NAME, f"api_token is {token.status}: make a new one")
        asked = {"account.id": settings.account_id, "per_page": "5"}
        client.call("GET", "/zones", repeatable=True, params=asked)
    until = f" until {token.expires_on:%Y-%m-%d}" if token.expires_on else ""
    return f"api_token is active{until} and may list zones"


def _verify(client: CloudflareClient, settings: Settings) -> VendorToken:
    """A token belongs to a user or to the account, and each kind is known at its own address alone."""
    try:
        found = client.call("GET", "/user/tokens/verify", repeatable=True)
    except Denied:
        found = client.call("GET", f"/accounts/{settings.account_id}/tokens/verify", repeatable=True)
    return as_model(VendorToken, found, repeatable=True)
