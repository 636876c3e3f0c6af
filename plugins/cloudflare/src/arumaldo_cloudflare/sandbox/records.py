"""Records: which may stand beside which, and batches that are carried out whole or not at all."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from starlette.responses import Response

from arumaldo_cloudflare.sandbox.book import Book, Row
from arumaldo_cloudflare.sandbox.wire import Call, Failure, Strict, moment, paged, success

if TYPE_CHECKING:
    from arumaldo_cloudflare.sandbox import CloudflareSandbox

Kind = Literal["A", "AAAA", "CNAME", "TXT", "MX", "NS"]
_PROXIABLE = ("A", "AAAA", "CNAME")
_KINDS = (*_PROXIABLE, "TXT", "MX", "NS")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"@|(\*\.)?({_LABEL}\.)*{_LABEL}")
_HOST = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+[a-z0-9-]{{2,63}}")
_AUTOMATIC = 1
_AT_ONCE = 200
# Not `is_private`: that takes in the networks of examples, which stand for the host's here.
_NOT_FOR_VISITORS = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
        "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
    )
]  # fmt: skip


class NewRecord(Strict):
    type: Kind
    name: str = Field(min_length=1, max_length=255)
    content: str = Field(min_length=1)
    ttl: int
    proxied: bool = False
    comment: str | None = Field(default=None, max_length=100)
    priority: int | None = Field(default=None, ge=0, le=65_535)


class Put(NewRecord):
    id: str


class Patch(Strict):
    id: str
    type: Kind | None = None
    name: str | None = Field(default=None, min_length=1, max_length=255)
    content: str | None = Field(default=None, min_length=1)
    ttl: int | None = None
    proxied: bool | None = None
    comment: str | None = Field(default=None, max_length=100)
    priority: int | None = Field(default=None, ge=0, le=65_535)


class Named(Strict):
    id: str


class Batch(Strict):
    deletes: list[Named] = Field(default_factory=list)
    patches: list[Patch] = Field(default_factory=list)
    puts: list[Put] = Field(default_factory=list)
    posts: list[NewRecord] = Field(default_factory=list)


class Records:
    """Handlers for the records of one zone."""

    def __init__(self, sandbox: CloudflareSandbox, book: Book) -> None:
        self._sandbox = sandbox
        self._book = book

    def listed(self, call: Call) -> Response:
        zone = self._book.zone(call.path["zone"])
        asked = call.asked("name", "name.exact", "content", one_of={"type": _KINDS, "proxied": ("true", "false")})
        wanted = {key.removesuffix(".exact"): value for key, value in asked.items()}
        rows = [
            form(row)
            for row in self._book.records(zone)
            if row["made"] <= self._sandbox.searchable_until()
            and all(row[key] == wanted.get(key, row[key]) for key in self._book.filters("name", "type", "content"))
            and str(row["proxied"]).lower() == wanted.get("proxied", str(row["proxied"]).lower())
        ]
        return paged(rows, call, least=1, most=5_000_000, usual=100)

    def create(self, call: Call) -> Response:
        order = call.sent(NewRecord)
        return success(self._change(call, lambda draft: form(draft.add(order))))

    def remove(self, call: Call) -> Response:
        return success(self._change(call, lambda draft: {"id": draft.take(call.path["record"])["id"]}))

    def batch(self, call: Call) -> Response:
        """Deletes, patches, puts, posts, in this order; the first failure takes all of it back."""
        order = call.sent(Batch)
        if not 1 <= sum(len(part) for _, part in order) <= _AT_ONCE:
            raise Failure(400, 1004, f"A batch has from 1 to {_AT_ONCE} records")

        def carry_out(draft: Draft) -> dict[str, list[Row]]:
            return {
                "deletes": [form(draft.take(one.id)) for one in order.deletes],
                "patches": [form(draft.patch(one)) for one in order.patches],
                "puts": [form(draft.put(one)) for one in order.puts],
                "posts": [form(draft.add(one)) for one in order.posts],
            }

        return success(self._change(call, carry_out))

    def _change(self, call: Call, change: Callable[[Draft], Any]) -> Any:
        with self._book.shelf.locked():
            zone = self._book.zone(call.path["zone"])
            draft = Draft(zone["name"], self._book.records(zone), self._sandbox.now())
            try:
                answer = change(draft)
            except Failure as failure:
                raise failure.wrapped() if self._sandbox.switches.get("errors") == "wrapped" else failure from None
            self._book.keep_records(zone, draft.rows)
            return answer


class Draft:
    """The records of a zone while they are changed; what is refused leaves no trace, for nothing is kept yet."""

    def __init__(self, zone: str, rows: list[Row], now: float) -> None:
        self.rows = rows
        self._zone, self._now = zone, now

    def add(self, order: NewRecord) -> Row:
        return self._keep({"id": secrets.token_hex(16), "made": self._now, **order.model_dump()})

    def put(self, order: Put) -> Row:
        """The whole record: what is left out falls back to what is usual."""
        return self._keep({**self.take(order.id), **order.model_dump()})

    def patch(self, order: Patch) -> Row:
        return self._keep({**self.take(order.id), **order.model_dump(exclude_unset=True)})

    def take(self, key: str) -> Row:
        found = next((row for row in self.rows if row["id"] == key), None)
        if found is None:
            raise Failure(404, 81044, "Record does not exist.")
        self.rows = [row for row in self.rows if row is not found]
        return found

    def _keep(self, row: Row) -> Row:
        row = {**row, "name": _whole(row["name"].lower(), self._zone), "content": _content(row)}
        _check(row)
        self._refuse_conflicts(row)
        self.rows = [*self.rows, row]
        return row

    def _refuse_conflicts(self, row: Row) -> None:
        there = [one for one in self.rows if one["name"] == row["name"]]
        if any((one["type"], one["content"]) == (row["type"], row["content"]) for one in there):
            raise Failure(400, 81058, "An identical record already exists.")
        kinds = {one["type"] for one in there}
        if row["type"] == "CNAME" and kinds & {"A", "AAAA", "CNAME"}:
            raise Failure(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
        if row["type"] in ("A", "AAAA") and "CNAME" in kinds:
            raise Failure(400, 81054, "A CNAME record with that host already exists.")
        if there and (row["type"] == "NS") != (kinds == {"NS"}):
            raise Failure(400, 81056, "NS records cannot stand beside others with that host.")


def form(row: Row) -> Row:
    """As the vendor answers it."""
    kept: dict[str, Any] = {key: row[key] for key in ("id", "type", "name", "content", "proxied", "ttl", "comment")}
    if row["type"] == "MX":
        kept["priority"] = row["priority"]
    at = moment(row["made"])
    more = {"settings": {}, "meta": {}, "tags": [], "created_on": at, "modified_on": at}
    return {**kept, "proxiable": _is_proxiable(row), **more}


def _whole(name: str, zone: str) -> str:
    if not _NAME.fullmatch(name):
        raise Failure(400, 9000, "DNS name is invalid.")
    if name in ("@", zone):
        return zone
    return name if name.endswith(f".{zone}") else f"{name}.{zone}"


def _content(row: Row) -> str:
    """As the vendor keeps it. Failure: it is none of its kind."""
    content = str(row["content"])
    if row["type"] in ("A", "AAAA"):
        try:
            address = ipaddress.ip_address(content)
        except ValueError as error:
            raise _no_content(row) from error
        if (address.version == 4) != (row["type"] == "A"):
            raise _no_content(row)
        return str(address)
    if row["type"] == "TXT":
        return content
    host = content.rstrip(".").lower()
    if not _HOST.fullmatch(host):
        raise _no_content(row)
    return host


def _no_content(row: Row) -> Failure:
    kinds = {"A": (9005, "a valid IPv4 address"), "AAAA": (9006, "a valid IPv6 address")}
    code, what = kinds.get(row["type"], (9007, "a valid host name"))
    return Failure(400, code, f"Content for {row['type']} record must be {what}.")


def _check(row: Row) -> None:
    if row["type"] == "MX" and row["priority"] is None:
        raise Failure(400, 9020, "An MX record needs a priority.")
    if row["proxied"] and row["type"] not in _PROXIABLE:
        raise Failure(400, 9004, "This kind of record cannot be proxied.")
    if row["proxied"] and not _is_proxiable(row):
        raise Failure(400, 9003, f"Target {row['content']} is not allowed for a proxied record.")
    if row["ttl"] != _AUTOMATIC and (row["proxied"] or not 60 <= row["ttl"] <= 86_400):
        raise Failure(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for automatic.")


def _is_proxiable(row: Row) -> bool:
    if row["type"] not in _PROXIABLE:
        return False
    if row["type"] == "CNAME":
        return True
    address = ipaddress.ip_address(row["content"])
    return not any(address in network for network in _NOT_FOR_VISITORS if network.version == address.version)
