"""customers, by Zoho CRM.

A contact has to have a `Last_Name`, and all we know is a business. So a contact of ours is named after the business,
or after the address while there is none, and its `Description` has a line that says so. As long as that line and the
name agree the name is ours, and follows the business; once a person at the reseller's has changed either, or had the
contact before us, it is theirs and stays.
"""

from __future__ import annotations

import re
from typing import Any

import httpx2

from arumaldo import Refused, Unavailable, hookimpl
from arumaldo.capabilities.customers import Contact, Person
from arumaldo_zoho.client import NAME, ZohoClient, crm_error
from arumaldo_zoho.settings import Settings

_LONGEST_NAME = 80
"""Of `Last_Name`, in the units that the vendor counts in: a sign beyond the common ones is two."""
_READ = "Last_Name,Email,Description"
_ID = re.compile(r"[0-9]{15,19}")
Row = dict[str, Any]


class ZohoCustomers:
    """The contacts of one CRM."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._client = ZohoClient(settings, http)

    @hookimpl
    def put_contact(self, person: Person) -> Contact:
        """See the capability. Made by an upsert on the e-mail address, which the vendor carries out as one.

        The search before decides about the name alone, never about making a second one: what is new is found late.
        """
        email = person.email.strip().lower()
        business = " ".join(person.business.split())
        hits = self._of(email)
        if hits and (found := self._kept(hits[0], business)):
            return found
        name = _shortened(business or email.partition("@")[0])
        return self._upsert({"Last_Name": name, "Email": email, "Description": _line(name)})

    def close(self) -> None:
        self._client.close()

    def _of(self, email: str) -> list[Row]:
        """Who has this address, the contact whose name is ours first, then the oldest; the search may lag."""
        asked = {"email": email, "fields": _READ}
        body = self._client.crm("GET", "/Contacts/search", repeatable=True, params=asked)
        rows = [row for row in body.get("data", []) if isinstance(row, dict) and _ID.fullmatch(str(row.get("id")))]
        hits = [row for row in rows if str(row.get("Email", "")).lower() == email]
        return sorted(hits, key=lambda row: (not _is_ours(row), int(row["id"])))

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

    def _upsert(self, record: dict[str, str]) -> Contact:
        # Doing it twice is doing it once, so it may be repeated after doubt.
        order = {"data": [record], "duplicate_check_fields": ["Email"]}
        try:
            return Contact(id=self._one("POST", "/Contacts/upsert", order))
        except _NoSuchField as error:
            if error.field != "Description" or "Description" not in record:
                raise
        # A reseller may have taken that field away. The contact counts more than whose its name is.
        return self._upsert({name: value for name, value in record.items() if name != "Description"})

    def _one(self, method: str, path: str, order: dict[str, Any]) -> str:
        """The id of the one contact that was written. The element decides, whatever the status of the answer."""
        body = self._client.crm(method, path, repeatable=True, json=order)
        rows = body.get("data")
        row: Row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        details: Row = row["details"] if isinstance(row.get("details"), dict) else {}
        there = str(details.get("id") or "")
        if row.get("status") == "success" and there:
            return there
        if row.get("status") == "error":
            return _twin(row, details) or _refuse(row, details)
        raise Unavailable(NAME, "answered without saying what became of the contact")


class _NoSuchField(Refused):
    """The vendor does not take one of our fields."""

    def __init__(self, what: str, field: str) -> None:
        super().__init__(NAME, what)
        self.field = field


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
    if code == "INVALID_DATA" and field:
        raise _NoSuchField(said, field)
    raise crm_error(code, said, 400, repeatable=True)


def _line(name: str) -> str:
    return f'Signed up as "{name}".'


def _is_ours(row: Row) -> bool:
    return _line(str(row.get("Last_Name", ""))) in str(row.get("Description") or "").splitlines()


def _shortened(name: str) -> str:
    """At most as long as the vendor takes, and no half signs at the end."""
    units = name.encode("utf-16-le", "ignore")[: 2 * _LONGEST_NAME]
    return units.decode("utf-16-le", "ignore").rstrip(" \u200d")
