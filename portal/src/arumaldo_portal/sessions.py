"""The two cookies: who is logged in, and, before that, which browser a form was given to."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from arumaldo.flows.accounts import Visitor, visitor
from arumaldo_portal.surroundings import installation, is_https, reseller

_MONTH = 30 * 24 * 3600
Page = Callable[[Request], Response]


def keys(request: Request) -> bytes:
    """The key that form tokens are made with."""
    return installation(request).keys.signing_key


def session_token(request: Request) -> str | None:
    """The token of the log-in cookie, whether it is good or not."""
    return request.cookies.get(_name(request, "session"))


def current_visitor(request: Request) -> Visitor | None:
    """Who is logged in here. Asked once per request."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = _find_visitor(request)
    found: Visitor | None = request.state.visitor
    return found


def for_customers(page: Callable[[Request, Visitor], Response]) -> Page:
    """Let only people who are logged in see `page`; the others log in first and come back."""

    @wraps(page)
    def guarded(request: Request) -> Response:
        found = current_visitor(request)
        if found is not None:
            return page(request, found)
        back = request.url.path if request.method in ("GET", "HEAD") else "/onboarding"
        return RedirectResponse(f"/login?next={quote(back)}", 303)

    return guarded


def holder(request: Request) -> str:
    """The random value that this browser holds, to bind forms to; a new one where it has none yet."""
    if token := session_token(request) or request.cookies.get(_name(request, "visit")):
        return token
    if not hasattr(request.state, "new_visit"):
        request.state.new_visit = secrets.token_urlsafe(24)
    made: str = request.state.new_visit
    return made


def keep_visit(request: Request, response: Response) -> None:
    """Give the browser the value that the page's form was bound to, if it is a new one."""
    if hasattr(request.state, "new_visit"):
        _set(request, response, "visit", request.state.new_visit)


def begin_session(request: Request, response: Response, token: str) -> None:
    """From now on this browser is logged in."""
    _set(request, response, "session", token, max_age=_MONTH)


def end_session(request: Request, response: Response) -> None:
    """Take both cookies away."""
    for cookie in ("session", "visit"):
        response.delete_cookie(_name(request, cookie), secure=is_https(request), httponly=True, samesite="lax")


def _find_visitor(request: Request) -> Visitor | None:
    token = session_token(request)
    found = visitor(installation(request), token) if token else None
    # a customer of one reseller is a stranger at another's address
    return found if found and found.owner.reseller_id == reseller(request).id else None


def _set(request: Request, response: Response, cookie: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(
        _name(request, cookie), value, max_age=max_age, secure=is_https(request), httponly=True, samesite="lax"
    )


def _name(request: Request, cookie: str) -> str:
    # A plain HTTP client does not send Secure cookies over http, and `__Host-` demands Secure. So an installation
    # whose address begins with http (the demo, on this machine alone) does without both.
    return f"__Host-{cookie}" if is_https(request) else cookie
