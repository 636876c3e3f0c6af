"""customers, by Zoho CRM.

A contact has to have a `Last_Name`, and all we know is a business. So a contact of ours is named after the business,
or after the address while there is none, and its `Description` has a line that says so. As long as that line and the
name agree the name is ours, and follows the business; once a person at the reseller's has changed either, or had the
contact before us, it is theirs and stays.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, NamedTuple

import httpx2

from arumaldo import Refused, Unavailable, hookimpl
from arumaldo.capabilities.customers import Contact, Person
from arumaldo_zoho.client import NAME, ZohoClient, crm_error
from arumaldo_zoho.settings import Settings

_LONGEST_NAME = 80
"""Of `Last_Name`, in the units that the vendor counts in: a sign beyond the common ones is two."""
_READ = "Last_Name,Email,Description"
_LOOKED_AT = 5
"""Of those whom a query names, for each of them is one more call."""
_ID = re.compile(r"[0-9]{15,19}")
Row = dict[str, Any]


class ZohoCustomers:
    """The contacts of one CRM."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._client = ZohoClient(settings, http)

    @hookimpl
    def put_contact(self, person: Person) -> Contact:
        """See the capability. Made by an upsert on the e-mail address, which the vendor carries out as one.

        The looks before decide about the name alone, never about making a second one. The search finds late what is
        new, and a query may mind capital letters, so there are two.
        """
        email = person.email.strip().lower()
        business = " ".join(person.business.split())
        hits = self._found(email) or self._queried(email)
        if hits and (found := self._kept(hits[0], business)):
            return found
        name = _shortened(business or email.partition("@")[0])
        written = self._upsert(name, email)
        if written.is_new:
            self._sign(written.id, name)
        return Contact(id=written.id)

    def close(self) -> None:
        self._client.close()

    def _found(self, email: str) -> list[Row]:
        """Who has this address, by the search, whose index may lag."""
        asked = {"email": email, "fields": _READ}
        return _with_address(email, self._client.crm("GET", "/Contacts/search", repeatable=True, params=asked))

    def _queried(self, email: str) -> list[Row]:
        """The same by the records themselves; also who was entered a moment ago."""
        quoted = re.sub(r"(['\\])", r"\\\1", email)
        asked = {"select_query": f"select id from Contacts where Email = '{quoted}'"}  # noqa: S608 - quoted above
        keys = [row["id"] for row in _rows(self._client.crm("POST", "/coql", repeatable=True, json=asked))]
        whole = [
            self._client.crm("GET", f"/Contacts/{key}", repeatable=True, params={"fields": _READ})
            for key in keys[:_LOOKED_AT]
        ]
        return _with_address(email, *whole)

    def _kept(self, row: Row, business: str) -> Contact | None:
        """The contact that is there, named after the business if the name is ours.

        None when the vendor will not have that, perhaps because it is gone: the upsert makes it, or says what is wrong.
        """
        name = _shortened(business)
        if not name or name == row.get("Last_Name") or not _is_ours(row):
            return Contact(id=str(row["id"]))
        lines = str(row["Description"]).splitlines()
        renamed = "\n".join(_line(name) if line == _line(str(row["Last_Name"])) else line for line in lines)
        record = {"Last_Name": name, "Description": renamed}
        try:
            self._one("PUT", f"/Contacts/{row['id']}", {"data": [record]})
        except Refused:
            return None
        return Contact(id=str(row["id"]))

    def _upsert(self, name: str, email: str) -> _Written:
        """With no more than a new contact needs: of one that came meanwhile it would all be overwritten."""
        # Doing it twice is doing it once, so it may be repeated after doubt.
        order = {"data": [{"Last_Name": name, "Email": email}], "duplicate_check_fields": ["Email"]}
        return self._one("POST", "/Contacts/upsert", order)

    def _sign(self, key: str, name: str) -> None:
        """Note that the name of a new contact is ours. Where that is not heard of, the name is taken for a person's."""
        # A reseller may have taken that field away. The contact counts more than whose its name is.
        with suppress(Refused):
            self._one("PUT", f"/Contacts/{key}", {"data": [{"Description": _line(name)}]})

    def _one(self, method: str, path: str, order: dict[str, Any]) -> _Written:
        """The one contact that was written. The element decides, whatever the status of the answer."""
        body = self._client.crm(method, path, repeatable=True, json=order)
        rows = body.get("data")
        row: Row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        details: Row = row["details"] if isinstance(row.get("details"), dict) else {}
        there = str(details.get("id") or "")
        if row.get("status") == "success" and there:
            return _Written(there, is_new=row.get("action") == "insert")
        if row.get("status") == "error":
            return _Written(_twin(row, details) or _refuse(row, details), is_new=False)
        raise Unavailable(NAME, "answered without saying what became of the contact")


class _Written(NamedTuple):
    """A contact that the vendor has written; it says of a new one that it is."""

    id: str
    is_new: bool


def _rows(body: Row) -> list[Row]:
    return [row for row in body.get("data", []) if isinstance(row, dict) and _ID.fullmatch(str(row.get("id")))]


def _with_address(email: str, *bodies: Row) -> list[Row]:
    """Who in these answers has this address, the contact whose name is ours first, then the oldest."""
    hits = [row for body in bodies for row in _rows(body) if str(row.get("Email", "")).lower() == email]
    return sorted(hits, key=lambda row: (not _is_ours(row), int(row["id"])))


def _twin(row: Row, details: Row) -> str:
    """The contact that had the address first, where that is what the vendor minds; "" otherwise.

    It may mind another field that a reseller has made unique: then the contact that it names is somebody else.
    """
    record = details.get("duplicate_record")
    there = str((record.get("id") if isinstance(record, dict) else details.get("id")) or "")
    is_about_address = details.get("api_name", "Email") == "Email"
    return there if row.get("code") == "DUPLICATE_DATA" and is_about_address and _ID.fullmatch(there) else ""


def _refuse(row: Row, details: Row) -> str:
    code, field = str(row.get("code", "")), str(details.get("api_name") or "")
    said = f"will not have this contact: {code}{f' at {field}' if field else ''}"
    if code == "MULTIPLE_OR_MULTI_ERRORS":
        raise Refused(NAME, f"{said}; several contacts there stand in its way: a person has to merge them")
    raise crm_error(code, said, 400, repeatable=True)


def _line(name: str) -> str:
    return f'Signed up as "{name}".'


def _is_ours(row: Row) -> bool:
    return _line(str(row.get("Last_Name", ""))) in str(row.get("Description") or "").splitlines()


def _shortened(name: str) -> str:
    """At most as long as the vendor takes, and no half signs at the end."""
    units = name.encode("utf-16-le", "ignore")[: 2 * _LONGEST_NAME]
    return units.decode("utf-16-le", "ignore").rstrip(" \u200d")
