"""Zoho CRM, played: contacts."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from arumaldo_zoho.sandbox.crm_book import Book, Row, form, moment
from arumaldo_zoho.sandbox.crm_models import (
    FIELDS,
    Failure,
    Listing,
    Order,
    Question,
    Search,
    Upsert,
    invalid_id,
    key_in,
    missing,
    order_in,
    query_in,
    refusal,
    wrong_in,
)
from arumaldo_zoho.sandbox.tokens import PREFIX

if TYPE_CHECKING:
    from arumaldo_zoho.sandbox import ZohoSandbox

_CRITERIA = re.compile(r"\(Email:equals:([^()]+)\)")
_QUERY = re.compile(r"select id from Contacts where Email = '((?:[^'\\]|\\['\\])+)'", re.IGNORECASE)
Handler = Callable[[Request, bytes], Response]
Write = Callable[[Row], Row]


class Crm:
    """Handlers of everything below `/crm/v8`; each one runs in a thread."""

    def __init__(self, sandbox: ZohoSandbox) -> None:
        self._sandbox = sandbox
        self._book = Book(sandbox)

    def routes(self) -> list[BaseRoute]:
        paths: dict[str, Mapping[str, Handler]] = {
            "/Contacts/upsert": {"POST": self._upsert},
            "/Contacts/search": {"GET": self._search},
            "/Contacts": {"GET": self._list, "POST": self._create},
            "/Contacts/{key}": {"GET": self._get, "PUT": self._update, "DELETE": self._delete},
            "/coql": {"POST": self._query},
            "/settings/fields": {"GET": self._fields},
        }
        return [Route(path, self._endpoint(handlers), methods=list(_METHODS)) for path, handlers in paths.items()]

    def _endpoint(self, handlers: Mapping[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(self._answer, handlers, request, await request.body())

        return endpoint

    def _answer(self, handlers: Mapping[str, Handler], request: Request, body: bytes) -> Response:
        try:
            self._admit(request)
            return handlers.get(request.method, _no_such_method)(request, body)
        except Failure as failure:
            return JSONResponse(failure.body, failure.status)

    def _admit(self, request: Request) -> None:
        header = request.headers.get("authorization", "")
        if not header.startswith(PREFIX):
            raise Failure(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        if not self._sandbox.tokens.accepts(header):
            raise Failure(401, "INVALID_TOKEN", "invalid oauth token")
        lacking = self._sandbox.switches.get("scope")
        if lacking == "crm" or (lacking in ("search", "coql") and request.url.path.endswith(f"/{lacking}")):
            raise Failure(401, "OAUTH_SCOPE_MISMATCH", "Unauthorized")

    def _known(self) -> dict[str, int]:
        absent = {"Description"} if self._sandbox.switches.get("description") == "absent" else set()
        return {name: length for name, length in FIELDS.items() if name not in absent}

    def _upsert(self, request: Request, body: bytes) -> Response:
        return self._written(order_in(body, Upsert), self._put_one)

    def _create(self, request: Request, body: bytes) -> Response:
        """Addresses are not unique here: the same one twice makes two contacts."""
        return self._written(order_in(body, Order), self._add_one, made=201)

    def _update(self, request: Request, body: bytes) -> Response:
        key = key_in(request.path_params["key"])
        return self._written(order_in(body, Order), lambda record: self._change_one(key, record))

    def _written(self, order: Order, write: Write, made: int = 200) -> Response:
        """One element for each of the order, in its order; 207 where only some went well, 400 where none did."""
        with self._sandbox.shelf.locked():
            results = [write(record) for record in order.data]
        well = sum(result["status"] == "success" for result in results)
        status = made if well == len(results) else 207 if well else 400
        return JSONResponse({"data": results}, status)

    def _put_one(self, record: Row) -> Row:
        if (wrong := wrong_in(record, self._known(), is_new=True) or self._in_the_way(record)) is not None:
            return wrong
        hits = self._matching(str(record.get("Email") or ""))
        if not hits:
            return {**_success(self._book.add(record), "record added"), "action": "insert", "duplicate_field": None}
        changed = self._book.change(hits[0], record)
        return {**_success(changed, "record updated"), "action": "update", "duplicate_field": "Email"}

    def _matching(self, email: str) -> list[Row]:
        """Everybody with this address, also who is in no index yet."""
        exact = self._sandbox.switches.get("matching") == "exact"
        return [row for row in self._book.with_email(email) if not exact or row["Email"] == email]

    def _add_one(self, record: Row) -> Row:
        wrong = wrong_in(record, self._known(), is_new=True)
        return wrong or _success(self._book.add(record), "record added")

    def _change_one(self, key: str, record: Row) -> Row:
        row = self._book.get(key)
        if row is None:
            return refusal("INVALID_DATA", "the id given seems to be invalid", api_name="id")
        wrong = wrong_in(record, self._known(), is_new=False)
        return wrong or _success(self._book.change(row, record), "record updated")

    def _in_the_way(self, record: Row) -> Row | None:
        """What the switches have put into the way of a contact."""
        ways = self._sandbox.switches.get("contacts")
        others = [{"id": row["id"], "module": {"api_name": "Contacts"}} for row in self._book.shown()[:2]]
        twin = self._sandbox.switches.get("twin", "Email")
        if ways == "refused":
            return refusal("LIMIT_EXCEEDED", "Record insertion limit has been exceeded.")
        if ways == "duplicate" and others:
            return refusal("DUPLICATE_DATA", "duplicate data", api_name=twin, duplicate_record=others[0])
        if ways == "several":
            errors = [refusal("DUPLICATE_DATA", "duplicate data", duplicate_record=other) for other in others]
            return refusal("MULTIPLE_OR_MULTI_ERRORS", "duplicate data", errors=errors)
        return None

    def _search(self, request: Request, body: bytes) -> Response:
        asked = query_in(dict(request.query_params), Search)
        found = _CRITERIA.fullmatch(asked.criteria)
        email = asked.email or (found.group(1) if found else "")
        if asked.criteria and not found:
            raise Failure(400, "INVALID_QUERY", "invalid query formed", operator=asked.criteria)
        if not email:
            raise missing("email")
        return _page([row for row in self._book.with_email(email) if self._book.is_shown(row)], asked)

    def _query(self, request: Request, body: bytes) -> Response:
        """The one question that is understood here: who has an address, by the records and not by the index."""
        asked = order_in(body, Question).select_query
        found = _QUERY.fullmatch(asked)
        if found is None:
            raise Failure(400, "SYNTAX_ERROR", "error occurred while parsing the query", clause="where")
        hits = self._matching(re.sub(r"\\(.)", r"\1", found[1]))
        info = {"count": len(hits), "more_records": False}
        data = [{"id": row["id"]} for row in hits]
        return JSONResponse({"data": data, "info": info}) if data else Response(status_code=204)

    def _list(self, request: Request, body: bytes) -> Response:
        asked = query_in(dict(request.query_params), Listing)
        if not asked.fields:
            raise missing("fields")
        return _page(self._book.shown(), asked)

    def _get(self, request: Request, body: bytes) -> Response:
        row = self._book.get(key_in(request.path_params["key"]))
        return JSONResponse({"data": [form(row, "")]}) if row else Response(status_code=204)

    def _delete(self, request: Request, body: bytes) -> Response:
        with self._sandbox.shelf.locked():
            row = self._book.get(key_in(request.path_params["key"]))
            if row is None:
                raise invalid_id()
            self._book.remove(row)
        gone = {"code": "SUCCESS", "details": {"id": row["id"]}, "message": "record deleted", "status": "success"}
        return JSONResponse({"data": [gone]})

    def _fields(self, request: Request, body: bytes) -> Response:
        """What the vendor's own SDK asks before its first record."""
        if request.query_params.get("module") != "Contacts":
            raise missing("module")
        fields = [
            {"api_name": name, "data_type": "text", "length": length, "system_mandatory": name == "Last_Name"}
            for name, length in self._known().items()
        ]
        return JSONResponse({"fields": fields})


_METHODS = ("GET", "POST", "PUT", "DELETE")


def _no_such_method(request: Request, body: bytes) -> Response:
    raise Failure(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")


def _success(row: Row, message: str) -> Row:
    """The fields are not told again."""
    times = {"Created_Time": moment(row["made_at"]), "Modified_Time": moment(row["changed_at"])}
    return {"code": "SUCCESS", "details": {"id": row["id"], **times}, "message": message, "status": "success"}


def _page(rows: list[Row], asked: Listing) -> Response:
    """Nothing found is an empty 204."""
    start = (asked.page - 1) * asked.per_page
    shown = [form(row, asked.fields) for row in rows[start : start + asked.per_page]]
    more = len(rows) > start + asked.per_page
    info: dict[str, Any] = {"per_page": asked.per_page, "count": len(shown), "page": asked.page, "more_records": more}
    return JSONResponse({"data": shown, "info": info}) if shown else Response(status_code=204)
