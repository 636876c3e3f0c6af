"""What a customer does outside the portal, played by the sandboxes: read mail, and name servers at the registrar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from arumaldo.http import new_client
from arumaldo.sandbox import Letter

CONFIRMING = "confirm"
CONNECTED = "connected"
_LINK = re.compile(r"https?://\S+/confirm/\S+")


class Outside:
    """The letter box and the registrar beside the sandboxes at `sandbox_url`."""

    def __init__(self, sandbox_url: str) -> None:
        self._control = f"{sandbox_url}/_control"

    def letters(self, to: str) -> list[Letter]:
        """All mail to this address, oldest first. Raises httpx2.HTTPError while nobody answers."""
        with new_client(trust_env=False, timeout=10) as client:
            answer = client.get(f"{self._control}/letters", params={"to": to})
        return [Letter.model_validate(letter) for letter in answer.raise_for_status().json()]

    def confirming_link(self, to: str) -> str | None:
        """The link in the newest mail that asks whether the address is theirs; None: there is no such mail yet."""
        found = [_LINK.search(letter.text) for letter in self.letters(to) if letter.kind == CONFIRMING]
        return found[-1][0] if found and found[-1] else None

    def has_letter(self, to: str, kind: str) -> bool:
        """Whether a mail of this kind has come."""
        return any(letter.kind == kind for letter in self.letters(to))

    def delegate(self, domain: str, name_servers: Sequence[str]) -> None:
        """Enter the name servers where the domain was bought. A second call replaces the first."""
        told = {"domain": domain, "name_servers": list(name_servers)}
        with new_client(trust_env=False, timeout=10) as client:
            client.post(f"{self._control}/registrar", json=told).raise_for_status()
