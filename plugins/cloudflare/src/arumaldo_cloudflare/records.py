"""Records of a zone: what the names in question lead to is replaced as a whole, in one call; the rest is left alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from arumaldo import Refused, Unavailable
from arumaldo.capabilities.dns import Record, Zone
from arumaldo_cloudflare.client import NAME, Absent, CloudflareClient, Said

_COMMENT = "arumaldo"
_AUTOMATIC = 1
_KINDS = ("A", "AAAA", "CNAME")
# There already, of another kind, or gone already.
_ANOTHER_WAS_QUICKER = {81057, 81058} | {81053, 81054} | {1002, 81044}
_CANNOT_BE_PROXIED = {9003, 9004}
_TRIES = 5
_OTHERS_AT_IT = "has records that others change at the same time"
Key = tuple[str, str, str]
Wanted = dict[Key, Record]


class VendorRecord(BaseModel):
    """What we read of the vendor's record object; `name` is whole."""

    id: str
    type: str
    name: str
    content: str = ""
    proxied: bool = False
    proxiable: bool = True
    comment: str | None = None

    @property
    def key(self) -> Key:
        return self.type, plain(self.name), plain(self.content)


class Records:
    """The records of one zone."""

    def __init__(self, client: CloudflareClient, zone: Zone) -> None:
        self._client = client
        self._zone = zone

    def put(self, records: Sequence[Record], *, shielded: bool) -> set[str]:
        """Make the names lead exactly there; a second call changes nothing. Answers those that go straight, whole.

        What is too much goes and what is missing comes in one call, which the vendor carries out as one. When another
        worker was quicker, it is looked at anew. What cannot be shielded is known only once it stands: so after a
        refusal all that is new goes straight first, and what can be shielded is shielded then.
        """
        wanted = self._wanted(records)
        _refuse_conflicts(wanted)
        careful = False
        for _ in range(_TRIES):
            there = [one for name in sorted({name for _, name, _ in wanted}) for one in self._at(name)]
            straight = _straight(wanted, there, shielded=shielded)
            change = self._difference(wanted, there, straight, careful=careful)
            if not change:
                return straight
            try:
                self._client.call("POST", f"{self._path}/batch", repeatable=True, json=change)
            except (Said, Absent) as refusal:
                if refusal.codes & _CANNOT_BE_PROXIED and shielded:
                    shielded, careful = not careful, True
                elif not refusal.codes & _ANOTHER_WAS_QUICKER:
                    raise
            else:
                if not careful:
                    return straight
        raise Unavailable(NAME, _OTHERS_AT_IT)

    def take_back(self, records: Sequence[Record]) -> None:
        """Take away those that we made and that still lead there; a second call changes nothing."""
        wanted = self._wanted(records)
        for _ in range(_TRIES):
            there = [one for name in sorted({name for _, name, _ in wanted}) for one in self._at(name)]
            ours = [{"id": one.id} for one in there if one.key in wanted and one.comment == _COMMENT]
            if not ours:
                return
            try:
                self._client.call("POST", f"{self._path}/batch", repeatable=True, json={"deletes": ours})
            except (Said, Absent) as refusal:
                if not refusal.codes & _ANOTHER_WAS_QUICKER:
                    raise
            else:
                return
        raise Unavailable(NAME, _OTHERS_AT_IT)

    def hosts(self, records: Sequence[Record]) -> list[str]:
        """The names, whole and in one order."""
        return sorted({name for _, name, _ in self._wanted(records)})

    @property
    def _path(self) -> str:
        return f"/zones/{self._zone.id}/dns_records"

    def _wanted(self, records: Sequence[Record]) -> Wanted:
        return {(one.type, self._whole(one.name), plain(one.content)): one for one in records}

    def _difference(
        self, wanted: Wanted, there: list[VendorRecord], straight: set[str], *, careful: bool
    ) -> dict[str, Any]:
        """The body of a batch; empty when all is as it should be."""
        known = {one.key: one for one in there}
        # The same record twice is one too many.
        surplus = [one for one in there if one.key not in wanted or known[one.key] is not one]
        change = {
            "deletes": [{"id": one.id} for one in surplus],
            "patches": [
                {"id": known[key].id, **self._order(one, proxied=key[1] not in straight)}
                for key, one in wanted.items()
                if key in known and known[key].proxied != (key[1] not in straight)
            ],
            "posts": [
                {**self._order(one, proxied=key[1] not in straight and not careful), "comment": _COMMENT}
                for key, one in wanted.items()
                if key not in known
            ],
        }
        return {kind: rows for kind, rows in change.items() if rows}

    def _order(self, record: Record, *, proxied: bool) -> dict[str, Any]:
        order = {"type": record.type, "name": self._whole(record.name), "content": record.content}
        return {**order, "proxied": proxied, "ttl": _AUTOMATIC}

    def _whole(self, name: str) -> str:
        return self._zone.name if name == "@" else f"{name}.{self._zone.name}"

    def _at(self, name: str) -> list[VendorRecord]:
        found = self._client.each(self._path, VendorRecord, name=name)
        return [one for one in found if plain(one.name) == name and one.type in _KINDS]


def _straight(wanted: Wanted, there: list[VendorRecord], *, shielded: bool) -> set[str]:
    """Of a name all records are shielded or none: the vendor would treat them alike anyway."""
    if not shielded:
        return {name for _, name, _ in wanted}
    return {plain(one.name) for one in there if one.key in wanted and not one.proxiable}


def _refuse_conflicts(wanted: Wanted) -> None:
    """What the vendor would refuse whatever it holds, so that its refusal always means that another was quicker."""
    for kind, name, _ in wanted:
        if kind == "CNAME" and sum(name == other for _, other, _ in wanted) > 1:
            raise Refused(NAME, f"cannot lead {name} to another name and elsewhere at once")


def plain(content: str) -> str:
    """As two are compared: the vendor strips a trailing dot, lower-cases names and shortens addresses."""
    try:
        return str(ipaddress.ip_address(content))
    except ValueError:
        return content.rstrip(".").lower()
