"""Pages for when there is nothing to show: in words, with what to do next."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from arumaldo.store.scope import NoSuchRow
from arumaldo_portal.rendering import show_calmly

log = logging.getLogger(__name__)
RETRY_AFTER = 5
"""Seconds after which a page that could not reach the database is worth another try."""

_TITLES = {
    400: "This form could not be read",
    403: "Nothing was done",
    404: "There is no such page",
    405: "This address does not take that",
    413: "This is more text than one page can take",
    415: "This address takes forms as a browser sends them",
}
_TEXTS = {
    404: "The address may be mistyped, or it belongs to another account. Check it, or begin at the first page.",
    405: "Open the page it belongs to and use the button there.",
}


def said(request: Request, error: Exception) -> Response:
    """An answer that somebody chose: 403, 404, 405, 413, 415."""
    if not isinstance(error, HTTPException):
        raise error
    title = _TITLES.get(error.status_code, "This did not work")
    text = _TEXTS.get(error.status_code, error.detail)
    response = show_calmly(request, error.status_code, title, text)
    response.headers.update(error.headers or {})
    return response


def nothing_there(request: Request, error: Exception) -> Response:
    """A row that is not there, or not this account's: the same answer for both."""
    return show_calmly(request, 404, _TITLES[404], _TEXTS[404])


def database_away(request: Request, error: Exception) -> Response:
    """The database does not answer. Nothing is lost; the browser asks again by itself."""
    log.warning("%s: the database does not answer (%s)", request.url.path, type(error).__name__)
    response = show_calmly(
        request,
        503,
        "We will be back in a moment",
        "Our database is not answering just now. What you have saved and paid for is kept. "
        "This page tries again by itself every few seconds.",
        again_after=RETRY_AFTER if request.method == "GET" else None,
    )
    response.headers["retry-after"] = str(RETRY_AFTER)
    return response


def unforeseen(request: Request, error: Exception) -> Response:
    """A fault of ours. The number is in the log beside what happened, and the server logs the rest."""
    number = secrets.token_hex(4).upper()
    log.error("%s %s failed; told the customer the number %s", request.method, request.url.path, number)
    return show_calmly(
        request,
        500,
        "We could not do this",
        "The fault is ours, and it is written down. Go back and look whether it was done before you try again.",
        number=number,
    )


handlers: dict[int | type[Exception], Callable[[Request, Exception], Response]] = {
    HTTPException: said,
    NoSuchRow: nothing_there,
    OperationalError: database_away,
    InterfaceError: database_away,
    NoConnection: database_away,
    Exception: unforeseen,
}
