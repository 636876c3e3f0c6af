"""customers, by Acme CRM: a card is kept under the person's address, so putting it twice is putting it once."""

from __future__ import annotations

from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from acme_crm.client import AcmeClient
from acme_crm.settings import Settings
from arumaldo import hookimpl
from arumaldo.capabilities.customers import Contact, Person

LONGEST_NAME = 200


class Card(BaseModel):
    """What we read of the vendor's answer; all else is its own."""

    id: str


class AcmeCustomers:
    """The cards of one account."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        """The hub gives the settings alone; `http` takes the place of the network, in tests."""
        self._client = AcmeClient(settings, http)

    @hookimpl
    def put_contact(self, person: Person) -> Contact:
        """A business that is not known yet is not told: it would empty the card of one who is known."""
        name = person.business.strip()[:LONGEST_NAME]
        path = f"/cards/{quote(person.email.lower(), safe='@')}"
        reply = self._client.call("PUT", path, json={"business": name} if name else {})
        try:
            return Contact(id=Card.model_validate(reply.json()).id)
        except ValidationError:
            raise reply.doubt("answered in a form that we do not know") from None

    def close(self) -> None:
        self._client.close()
