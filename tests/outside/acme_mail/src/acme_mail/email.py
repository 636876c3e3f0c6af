"""email, by Acme Mail: a letter is put under our reference, so the same one twice is one."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from acme_mail.client import AcmeClient
from acme_mail.settings import Settings
from arumaldo import NotFound, hookimpl
from arumaldo.capabilities.email import Mail, SentMail
from arumaldo.http import Reply


class Letter(BaseModel):
    """What we read of the vendor's answer; all else is its own."""

    name: str
    at: float


class AcmeEmail:
    """Letters and readers of one account."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        """The hub gives the settings alone; `http` takes the place of the network, in tests."""
        self._client = AcmeClient(settings, http)

    @hookimpl
    def send_mail(self, reference: str, mail: Mail) -> SentMail:
        return _sent(self._client.call("PUT", f"/letters/{reference}", json=mail.model_dump()))

    @hookimpl
    def find_mails(self, reference: str, mail: Mail) -> list[SentMail]:
        try:
            return [_sent(self._client.call("GET", f"/letters/{reference}"))]
        except NotFound:
            return []

    @hookimpl
    def put_subscriber(self, email: str, business: str) -> None:
        """Who has left stays away: the vendor sees to that itself."""
        self._client.call("PUT", f"/readers/{quote(email.lower(), safe='@')}", json={"business": business})

    def close(self) -> None:
        self._client.close()


def _sent(reply: Reply) -> SentMail:
    try:
        letter = Letter.model_validate(reply.json())
    except ValidationError:
        raise reply.doubt("answered in a form that we do not know") from None
    return SentMail(id=letter.name, reference=letter.name, made_at=datetime.fromtimestamp(letter.at, UTC))
