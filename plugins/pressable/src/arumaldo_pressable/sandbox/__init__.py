"""Pressable, played: its API with tokens, queues and states by the clock, and the WordPress sites a browser sees."""

from __future__ import annotations

from typing import ClassVar

from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox, Shelf
from arumaldo_pressable.sandbox.api import Api
from arumaldo_pressable.sandbox.book import Book
from arumaldo_pressable.sandbox.domains import Domains
from arumaldo_pressable.sandbox.hosts import site_host
from arumaldo_pressable.sandbox.visitor import Visitor


class PressableSandbox(Sandbox):
    """One account, `client_id` "sandbox" with the secret "sandbox-secret".

    The switch `sites` holds what becomes of sites: `stuck` (none becomes live any more), `failing` (they fail
    instead), `full` (no room for another one), `broken` (each new one is refused).

    A domain is served at `http://<domain>.localhost:<port>` once the vendor has seen its records and made its
    certificate. The switch `domain:<name>` holds one back: `waiting` (its records are not seen), `certificate` (seen,
    and no certificate is made). `confirmation` may be `current`: `dnsConfirmed` then tells where a name leads now,
    not whether it ever led here. `primary` may be `inherited`: see `Domains.remove`.

    Webhooks: `site_created`, `site_deleted`, `site_disabled`, `site_enabled`, `domain_added`, `primary_domain_set`,
    without a signature. A forged one is about a site that never existed.
    """

    name = "pressable"
    kinds = ("sites",)
    offers: ClassVar[dict[str, str]] = {
        "sites": "stuck|failing|full|broken",
        "domain:": "waiting|certificate",
        "confirmation": "current",
        "primary": "inherited",
    }

    def __init__(self, address: str, shelf: Shelf | None = None) -> None:
        super().__init__(address, shelf)
        self.max_sites = 10_000
        self.deploy_seconds = 0.7
        """From the order of a site until it is live."""
        self.ready_seconds = 0.3
        """From then until it runs commands."""
        self.command_seconds = 0.2
        """A queued command's wait."""
        self.certificate_seconds = 0.3
        """From the first sight of a domain's records until its certificate is there."""
        self.book = Book(self)
        self.domains = Domains(self)

    def app(self) -> ASGIApp:
        return self.webhooks.around(Api(self).app())

    def ledger(self) -> dict[str, list[Entry]]:
        return {"sites": self.book.ledger()}

    def site(self, host: str) -> ASGIApp | None:
        name = host.removesuffix(".localhost")
        site = self.book.named(name)
        return self._at_domain(name) if site is None else Visitor(self.book, self.shelf, site)

    def expire_tokens(self) -> None:
        for kept in self.shelf.all("tokens"):
            self.shelf.remove("tokens", kept["token"])

    def take_name(self, name: str) -> None:
        """Let a customer whom we never meet have a site of this name."""
        self.shelf.put("names", name.lower(), {"site": None}, self.now())

    def take_domain(self, name: str) -> None:
        """Let a customer whom we never meet have a site at this domain."""
        for one in (name, f"www.{name}"):
            self.shelf.put("domain_names", one, {"site": None}, self.now())

    def _at_domain(self, name: str) -> ASGIApp | None:
        domain = self.domains.served(name)
        if domain is None:
            return None
        shown_at = self.domains.shown_at(domain)
        instead = "" if shown_at == domain["name"] else f"http://{site_host(shown_at, self.address)}"
        return Visitor(self.book, self.shelf, self.book.one(domain["site"]), instead)


__all__ = ["PressableSandbox"]
