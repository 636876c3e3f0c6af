"""The one door to Acme Mail."""

from __future__ import annotations

from typing import Any

import httpx2

from acme_mail.settings import Settings
from arumaldo import ProviderError
from arumaldo.http import Door, Reply

NAME = "acme_mail"


class AcmeClient:
    """Calls the API. `http` takes the place of a client of its own, in tests."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._door = Door(NAME, http or httpx2.Client())

    def call(self, method: str, path: str, **options: Any) -> Reply:
        """One call. Every request names what it makes, so all of them may be repeated."""
        headers = {"authorization": f"Bearer {self._settings.api_key.get_secret_value()}"}
        url = f"{self._settings.base_url}{path}"
        reply = self._door.send(method, url, repeatable=True, headers=headers, **options)
        if reply.status >= 400:
            self._door.refuse_by_status(reply, _said(reply), repeatable=True)
        return reply

    def close(self) -> None:
        self._door.close()


def _said(reply: Reply) -> str:
    """The vendor's own sentence; a gateway's page has none."""
    try:
        return str(reply.json()["error"])[:200]
    except (ProviderError, KeyError, TypeError):
        return f"answered {reply.status}"
