"""What `arumaldo check --live` asks."""

from __future__ import annotations

from contextlib import closing

from arumaldo import Denied
from arumaldo_zoho.client import NAME, Stillborn, ZohoClient
from arumaldo_zoho.settings import Settings, data_centre_of
from arumaldo_zoho.tokens import Token

_NOBODY = "nobody@example.invalid"
# What the plugin does, a scope each. Of two in one line either will do.
_NEEDED = (
    ("ZohoCRM.modules.contacts.READ",),
    ("ZohoCRM.modules.contacts.CREATE",),
    ("ZohoCRM.modules.contacts.UPDATE", "ZohoCRM.modules.contacts.WRITE"),
    ("ZohoCRM.coql.READ",),
    ("ZohoSearch.securesearch.READ",),
    *(
        (f"ZohoSubscriptions.{kind}.{right}",)
        for kind, rights in {
            "customers": ("CREATE", "READ", "UPDATE"),
            "products": ("CREATE", "READ"),
            "plans": ("CREATE", "READ"),
            "subscriptions": ("CREATE", "READ"),
            "invoices": ("CREATE", "READ", "DELETE"),
            "payments": ("CREATE", "DELETE"),
        }.items()
        for right in rights
    ),
)


def check(settings: Settings) -> str:
    """One question to each of the two products, about nobody and next to nothing; nothing is made.

    A `ProviderError` says what is wrong: credentials, data centre, organisation, or the scopes by name.
    """
    with closing(ZohoClient(settings)) as client:
        token = client.token()
        _is_at_home(settings, token)
        _is_allowed(token)
        try:
            client.crm("GET", "/Contacts/search", repeatable=True, params={"email": _NOBODY, "fields": "Email"})
            client.billing("GET", "/plans", repeatable=True, params={"page": "1", "per_page": "1"})
        except Stillborn as error:
            where = f'{settings.api} does not accept the access tokens of {settings.accounts}: see data_centre = "'
            raise Denied(NAME, f'{where}{settings.data_centre}"') from error
    scopes = ", and its scopes cover the rest" if token.scopes else ""
    return f"the refresh token may search contacts and read plans{scopes}"


def _is_at_home(settings: Settings, token: Token) -> None:
    there = data_centre_of(token.api_domain)
    if settings.api_url is None and there not in (None, settings.data_centre):
        raise Denied(NAME, f'says that this account lives at another data centre: write data_centre = "{there}"')


def _is_allowed(token: Token) -> None:
    """By what the vendor told of the token. Where it told nothing, the first call that lacks a right will say so."""
    missing = [names[0] for names in _NEEDED if not any(_covers(token.scopes, name.lower()) for name in names)]
    if token.scopes and missing:
        raise Denied(NAME, f"gave this refresh token too little: make a new one that also has {', '.join(missing)}")


def _covers(scopes: frozenset[str], needed: str) -> bool:
    """Whether one of the scopes holds the needed one: by name, by ALL, or by those of a whole product."""
    parts = needed.split(".")
    product, right = parts[0], parts[-1]
    wider = {f"{product}.modules.all", f"{product}.modules.{right}", f"{product}.fullaccess.all"}
    return bool(scopes & (wider | {needed, ".".join([*parts[:-1], "all"])}))
