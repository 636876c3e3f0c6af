"""Contacts, the list that they are on, and what may be known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arumaldo_brevo.sandbox.models import ContactChange, IdentifierQuery, NewContact, NoQuery
from arumaldo_brevo.sandbox.wire import Failure, asked, told, when

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

LIST = 2
CONTACTS = "contacts"
_ATTRIBUTES = ("LASTNAME", "FIRSTNAME", "SMS", "COMPANY")


class Contacts:
    """One contact for an e-mail address, whatever its case."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.shelf

    def put(self, request: Request, body: bytes) -> Response:
        order = told(NewContact, body)
        email = order.email.lower()
        _check_lists(order.list_ids)
        with self._shelf.locked():
            known = self._shelf.get(CONTACTS, email)
            racing = self._sandbox.switches.get("contacts") == "racing"
            if known is not None and (not order.update_enabled or racing):
                clash = {"metadata": {"duplicate_identifiers": ["email"]}}
                raise Failure(400, "duplicate_parameter", "email is already associated with another Contact", **clash)
            number = known["id"] if known else self._shelf.next_number("contact")
            self._change(known or self._fresh(number, email), order)
        return Response(status_code=204) if known else JSONResponse({"id": number}, 201)

    def update(self, request: Request, body: bytes) -> Response:
        asked(IdentifierQuery, request)
        order = told(ContactChange, body)
        _check_lists([*order.list_ids, *order.unlink_list_ids])
        with self._shelf.locked():
            row = self._known(request)
            row["lists"] = [number for number in row["lists"] if number not in order.unlink_list_ids]
            self._change(row, order)
        return Response(status_code=204)

    def show(self, request: Request, body: bytes) -> Response:
        asked(IdentifierQuery, request)
        row = self._known(request)
        return JSONResponse(
            {
                "id": row["id"], "email": row["email"], "attributes": row["attributes"], "listIds": row["lists"],
                "listUnsubscribed": row["left"], "emailBlacklisted": row["blocked"], "smsBlacklisted": False,
                "whatsappBlacklisted": False, "createdAt": when(row["made_at"]), "modifiedAt": when(row["changed_at"]),
                "statistics": {},
            }
        )  # fmt: skip

    def leave(self, email: str) -> None:
        """The person follows the link at the end of a newsletter. A second call changes nothing."""
        with self._shelf.locked():
            row = self._shelf.get(CONTACTS, email.lower())
            if row is None:
                raise LookupError(f"{email} is not among the contacts")
            if self._sandbox.switches.get("leaving") == "list":
                row["lists"], row["left"] = [], [LIST]
            else:
                row["blocked"] = True
            self._shelf.put(CONTACTS, row["email"], row, row["made_at"])

    def lists(self, request: Request, body: bytes) -> Response:
        asked(NoQuery, request)
        if request.path_params["number"] != LIST:
            raise Failure(404, "document_not_found", "List ID does not exist")
        on_it = [row for row in self._shelf.all(CONTACTS) if LIST in row["lists"]]
        blocked = sum(row["blocked"] for row in on_it)
        return JSONResponse(
            {
                "id": LIST, "name": "Customers", "folderId": 1, "createdAt": when(0), "uniqueSubscribers": len(on_it),
                "totalSubscribers": len(on_it) - blocked, "totalBlacklisted": blocked, "dynamicList": False,
            }
        )  # fmt: skip

    def attributes(self, request: Request, body: bytes) -> Response:
        asked(NoQuery, request)
        rows = [{"name": name, "category": "normal", "type": "text"} for name in self._kept()]
        return JSONResponse({"attributes": rows})

    def _fresh(self, number: int, email: str) -> dict[str, Any]:
        return {
            "id": number, "email": email, "lists": [], "left": [], "attributes": {}, "blocked": False,
            "made_at": self._sandbox.now(),
        }  # fmt: skip

    def _change(self, row: dict[str, Any], order: NewContact | ContactChange) -> None:
        """Attributes that nobody has made are dropped without a word, and so are values of another kind."""
        kept = {name: value for name, value in order.attributes.items() if name in self._kept()}
        row["attributes"] |= {name: value for name, value in kept.items() if isinstance(value, str)}
        row["lists"] = sorted({*row["lists"], *order.list_ids})
        row["left"] = [number for number in row["left"] if number not in order.list_ids]
        if order.email_blacklisted is not None:
            row["blocked"] = order.email_blacklisted
        row["changed_at"] = self._sandbox.now()
        self._shelf.put(CONTACTS, row["email"], row, row["made_at"])

    def _known(self, request: Request) -> dict[str, Any]:
        row = self._shelf.get(CONTACTS, str(request.path_params["email"]).lower())
        if row is None:
            raise Failure(404, "document_not_found", "Contact does not exist")
        return row

    def _kept(self) -> tuple[str, ...]:
        return _ATTRIBUTES[:-1] if self._sandbox.switches.get("attributes") == "few" else _ATTRIBUTES


def _check_lists(numbers: list[int]) -> None:
    if unknown := [number for number in numbers if number != LIST]:
        raise Failure(400, "invalid_parameter", f"List ID {unknown[0]} does not exist")
