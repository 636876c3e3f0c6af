"""What `arumaldo check --live` asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from arumaldo import ConfigError, NotFound
from arumaldo_brevo.answers import Account, Attributes, ContactList, Domains, Senders
from arumaldo_brevo.client import BrevoClient
from arumaldo_brevo.email import BUSINESS
from arumaldo_brevo.settings import Settings


def check(settings: Settings) -> str:
    """The key, the account, the sender and the list. Costs three or four of the hundred such looks in an hour.

    A `ProviderError`, or a `ConfigError` with a sentence for each thing, says what is wrong and what to do.
    """
    with closing(BrevoClient(settings)) as client:
        account = client.read("/account", Account)
        if mistakes := [*_of_the_account(account), *_of_the_sender(client, settings), *_of_the_list(client, settings)]:
            raise ConfigError(*mistakes)
        kept = {one.name for one in client.read("/contacts/attributes", Attributes).attributes or []}
    said = f"may send as {settings.sender_email}, with {account.credits:g} credits left"
    if BUSINESS not in kept:
        said += f"; names of businesses are not kept, because contacts there have no attribute {BUSINESS}"
    return said


def _of_the_account(account: Account) -> Iterator[str]:
    if not account.relay.enabled:
        yield "Brevo has not activated transactional mail for this account: ask its support to."
    if account.plan and account.credits <= 0:
        yield "Brevo has no credits left for mail: buy some there, or wait for the next day or month of the plan."


def _of_the_sender(client: BrevoClient, settings: Settings) -> Iterator[str]:
    email = settings.sender_email.lower()
    if any(one.active and one.email.lower() == email for one in client.read("/senders", Senders).senders or []):
        return
    domain = email.rpartition("@")[2]
    domains = client.read("/senders/domains", Domains).domains or []
    if not any(one.authenticated and one.domain_name.lower() == domain for one in domains):
        yield (
            f"sender_email {settings.sender_email} is not an active sender at Brevo: add it there and confirm it, or "
            f"authenticate {domain}."
        )


def _of_the_list(client: BrevoClient, settings: Settings) -> Iterator[str]:
    try:
        client.read(f"/contacts/lists/{settings.list_id}", ContactList)
    except NotFound:
        yield (
            f"list_id {settings.list_id} is not a contact list at Brevo: make one there, and set list_id to its number."
        )
