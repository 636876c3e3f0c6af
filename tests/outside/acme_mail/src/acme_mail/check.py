"""What `arumaldo check --live` asks."""

from __future__ import annotations

from contextlib import closing

from acme_mail.client import AcmeClient
from acme_mail.settings import Settings


def check(settings: Settings) -> str:
    """Whether the key is accepted; an error of ours says what is wrong."""
    with closing(AcmeClient(settings)) as client:
        client.call("GET", "/account")
    return "the key is accepted"
