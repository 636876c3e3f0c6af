"""What `arumaldo check --live` asks the gateway."""

from __future__ import annotations

from contextlib import closing

from arumaldo import Denied
from arumaldo_authorizenet.client import NAME, Gateway
from arumaldo_authorizenet.outcomes import FOREIGN_CLIENT_KEY
from arumaldo_authorizenet.settings import Settings


def check(settings: Settings) -> str:
    """One call that tells whether login and key are accepted, and whether client key and currency are this account's.

    Denied: one of them is not.
    """
    with closing(Gateway(settings)) as gateway:
        account = gateway.account()
    if account.public_client_key != settings.client_key:
        raise Denied(NAME, FOREIGN_CLIENT_KEY)
    if account.currencies and settings.currency not in account.currencies:
        theirs = ", ".join(account.currencies)
        raise Denied(NAME, f"the account takes {theirs}; write that as currency in [plugins.authorizenet]")
    money = "in the gateway's test mode: no money moves" if account.is_test_mode else "may charge cards"
    return f"{settings.login} is let in, {money}"
