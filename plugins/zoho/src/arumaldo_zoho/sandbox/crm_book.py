"""The contacts that exist, and who has which address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from arumaldo.sandbox import Sandbox

CONTACTS, _BY_EMAIL = "contacts", "contacts-by-email"
_FIRST = 5_725_767_000_000_000
Row = dict[str, Any]


class Book:
    """Every method is one whole change; whoever reads before it writes holds `shelf.locked()`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.shelf

    def get(self, key: str) -> Row | None:
        """The contact, unless it is in the recycle bin."""
        row = self._shelf.get(CONTACTS, key)
        return None if row is None or row.get("deleted") else row

    def shown(self) -> list[Row]:
        """What lists show, oldest first."""
        rows = self._shelf.all(CONTACTS, self._sandbox.searchable_until())
        return [row for row in rows if not row.get("deleted")]

    def with_email(self, email: str) -> list[Row]:
        """Everybody with this address, whatever its case, oldest first, also who is not shown yet."""
        known = self._shelf.get(_BY_EMAIL, email.lower()) or {"ids": []}
        return [row for row in map(self.get, known["ids"]) if row is not None]

    def is_shown(self, row: Row) -> bool:
        """Whether searches find it already."""
        return bool(row["made_at"] <= self._sandbox.searchable_until())

    def add(self, record: Row) -> Row:
        with self._shelf.locked():
            now = self._sandbox.now()
            row = {"id": str(_FIRST + self._shelf.next_number("crm")), "made_at": now, "changed_at": now, **record}
            self._keep(row)
            return row

    def change(self, row: Row, record: Row) -> Row:
        """Only what the record has is changed."""
        with self._shelf.locked():
            changed = {**row, **record, "changed_at": self._sandbox.now()}
            self._forget(row)
            self._keep(changed)
            return changed

    def remove(self, row: Row) -> None:
        """Into the recycle bin; the address is free again."""
        with self._shelf.locked():
            self._forget(row)
            self._shelf.put(CONTACTS, row["id"], {**row, "deleted": True}, self._sandbox.now())

    def _keep(self, row: Row) -> None:
        self._shelf.put(CONTACTS, row["id"], row, row["made_at"])
        if email := str(row.get("Email") or "").lower():
            ids = (self._shelf.get(_BY_EMAIL, email) or {"ids": []})["ids"]
            self._shelf.put(_BY_EMAIL, email, {"ids": sorted({*ids, row["id"]}, key=int)}, row["made_at"])

    def _forget(self, row: Row) -> None:
        email = str(row.get("Email") or "").lower()
        if known := self._shelf.get(_BY_EMAIL, email):
            left = [key for key in known["ids"] if key != row["id"]]
            self._shelf.put(_BY_EMAIL, email, {"ids": left}, row["made_at"])


def form(row: Row, fields: str) -> Row:
    """A contact as an answer shows it: the fields that were asked for, or all."""
    whole = {name: value for name, value in row.items() if name not in ("made_at", "changed_at", "deleted")}
    whole |= {"Created_Time": moment(row["made_at"]), "Modified_Time": moment(row["changed_at"])}
    asked = {name.strip() for name in fields.split(",") if name.strip()} or set(whole)
    return {"id": row["id"], **{name: whole.get(name) for name in sorted(asked - {"id"})}}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
