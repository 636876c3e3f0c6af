"""What lies between the vendors and belongs to none of them: who answers for a name, and whose letter box is whose.

A host looks a domain up before it makes a certificate, and the records stand at another vendor. So each sandbox asks
the internet, which asks all of them. The customer's own part is played here too: naming the name servers at the
registrar (`delegate`), and reading mail (`letters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from arumaldo.sandbox.kit import Sandbox


class Letter(BaseModel, frozen=True):
    """One mail as whoever it was sent to reads it. `at` is in seconds since 1970."""

    to: str
    kind: str
    subject: str
    html: str
    text: str
    at: float


class Internet:
    """All sandboxes of one server, for each of them."""

    def __init__(self, sandboxes: Sequence[Sandbox] = ()) -> None:
        self._sandboxes = sandboxes

    def addresses(self, name: str) -> list[str]:
        """What a visitor's resolver answers for the host name: addresses and host names; empty when nothing."""
        found = (sandbox.addresses(name) for sandbox in self._sandboxes)
        return next((addresses for addresses in found if addresses), [])

    def obstacle(self, name: str) -> str:
        """What a visitor's browser says when a vendor before the host is in the way; "" when the page comes."""
        found = (sandbox.obstacle(name) for sandbox in self._sandboxes)
        return next((said for said in found if said), "")

    def delegate(self, domain: str, name_servers: Sequence[str]) -> bool:
        """The owner of the domain names these servers at the registrar; False when no vendor has such servers.

        A second call replaces the first.
        """
        taken = [sandbox.delegate(domain, list(name_servers)) for sandbox in self._sandboxes]
        return any(taken)

    def letters(self, to: str) -> list[Letter]:
        """All mail to this address, oldest first."""
        found = [letter for sandbox in self._sandboxes for letter in sandbox.letters(to)]
        return sorted(found, key=lambda letter: letter.at)
