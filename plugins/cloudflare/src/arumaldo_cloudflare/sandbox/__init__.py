"""Cloudflare, played: zones with name servers of their own, records, certificates, settings and firewall rules.

Switches:

    token            revoked: it is not accepted; elsewhere: not from this address; expired: says its verification;
                     of-account: it belongs to the account, and is verified there alone
    rights           no-zones, no-certificates, no-rulesets, no-list: the token may not make zones, look at
                     certificates, set firewall rules, or see the list of zones
    plan             small: `min_tls_version` cannot be changed; old: there is no such setting; no-rules: it has none
    fixed            the name of one more setting that cannot be changed
    limit            how many calls there may be in five minutes; without it nobody is held up
    absent           1001: a zone that there is not is told as older paths do; 9109 or 0: as one that the token may not
                     see
    filters          loose: lists do not heed a name that they are asked for
    errors           wrapped: what is wrong with a record is told within a wrapper, as until October 2024
    held:<domain>    another account has a zone of this name
    before:<domain>  "A 192.0.2.1": our own account has had this zone, with this record, for a month
    shield:<domain>  waiting: the certificate for visitors does not come
"""

from __future__ import annotations

from typing import ClassVar

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.sandbox import Entry, Sandbox, Shelf
from arumaldo_cloudflare.sandbox.api import Api
from arumaldo_cloudflare.sandbox.book import ZONES, Book, Row
from arumaldo_cloudflare.sandbox.wire import Failure


class CloudflareSandbox(Sandbox):
    """One account with one token. `certificate_seconds`: how long the certificate of an active zone takes."""

    name = "cloudflare"
    kinds = ("zones", "records")
    offers: ClassVar[dict[str, str]] = {
        "token": "revoked|elsewhere|expired|of-account",
        "rights": "no-(zones|certificates|rulesets|list)",
        "plan": "small|old|no-rules",
        "fixed": "[a-z0-9_]+",
        "limit": "[0-9]+",
        "absent": "1001|9109|0",
        "filters": "loose",
        "errors": "wrapped",
        "held:": "yes",
        "before:": r"[A-Z]+ \S+",
        "shield:": "waiting",
    }

    def __init__(self, address: str, shelf: Shelf | None = None) -> None:
        super().__init__(address, shelf)
        self.certificate_seconds = 1.0
        self.book = Book(self)

    def app(self) -> ASGIApp:
        return Starlette(routes=[Mount("/client/v4", routes=Api(self).routes()), Mount("/", app=_nothing_there)])

    def ledger(self) -> dict[str, list[Entry]]:
        self.book.catch_up()
        zones = self.shelf.all(ZONES)
        records = [_record(record) for zone in zones for record in self.book.records(zone)]
        return {"zones": [_zone(zone) for zone in zones], "records": records}

    def delegate(self, domain: str, name_servers: list[str]) -> bool:
        return self.book.delegate(domain, name_servers)

    def addresses(self, name: str) -> list[str]:
        return self.book.addresses(name)

    def obstacle(self, name: str) -> str:
        return self.book.obstacle(name)


def _zone(zone: Row) -> Entry:
    facts = {"name": zone["name"], "status": zone["status"], "name_servers": " ".join(zone["name_servers"])}
    # The vendor keeps no reference; two live zones of one name would be doubles.
    return Entry(id=zone["id"], reference=zone["name"], state="undone" if zone["gone"] else "live", facts=facts)


def _record(record: Row) -> Entry:
    facts = {key: str(record[key]) for key in ("type", "name", "content", "proxied")}
    return Entry(id=record["id"], facts=facts)


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    answer: Response = Failure(404, 7000, "No route for that URI").answer()
    await answer(scope, receive, send)
