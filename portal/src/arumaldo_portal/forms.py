"""Forms: read whole and bounded, from our own pages only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from arumaldo_portal.rendering import show
from arumaldo_portal.security import is_form_token, is_from_elsewhere
from arumaldo_portal.sessions import holder, keys

LARGEST = 1_000_000
"""Bytes of a form's body."""
_FIELDS = 200
_NOT_SENT_AGAIN = {"form_token", "password", "token"}
"""Never written back into a page: a password, or what a card became."""

Page = Callable[[Request], Response]


class Form(dict[str, str]):
    """Field → what was typed, trimmed of what no database holds. A field that was not sent is ""."""

    def __missing__(self, field: str) -> str:
        return ""


def posted(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Let `page` take a form: `form_of(request)` has it once it is known to come from our own page."""

    async def endpoint(request: Request) -> Response:
        request.state.form = await _read(request)
        return await run_in_threadpool(_guarded, page, request)

    return endpoint


def form_of(request: Request) -> Form:
    """What was typed."""
    form: Form = request.state.form
    return form


def _guarded(page: Page, request: Request) -> Response:
    if is_from_elsewhere(request):
        raise HTTPException(403, "This form was sent by another website, so nothing was done.")
    form = form_of(request)
    if not is_form_token(keys(request), holder(request), form["form_token"]):
        typed = {name: value for name, value in form.items() if name not in _NOT_SENT_AGAIN}
        return show(request, "errors/send_again.html", status=403, typed=typed)
    return page(request)


async def _read(request: Request) -> Form:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "This address takes forms as a browser sends them.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, "Go back and shorten it.")
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="replace")
    except ValueError:
        raise HTTPException(400, "This form could not be read. Go back and send it again.") from None
    return Form((name, value.replace("\x00", "").replace("\r\n", "\n")) for name, value in fields)
