"""What every response carries, and who may send a form."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS = {
    "x-content-type-options": "nosniff",
    # not "no-referrer": with it browsers send `Origin: null` with our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin-allow-popups",
}


def content_policy(*, frames: Sequence[str] = (), scripts: Sequence[str] = (), connects: Sequence[str] = ()) -> str:
    """A Content-Security-Policy for a page of the portal; the arguments are origins beside our own."""
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *scripts],
        "connect-src": ["'self'", *connects],
        "img-src": ["'self'", "data:"],  # the style sheet draws its arrows and ticks with data: images
        "frame-src": list(frames) or ["'none'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


class SecureHeaders:
    """Stands outside everything else, so that error pages and files have the headers too.

    A page that needs a policy of its own sets the header itself; it is left as it is.
    """

    def __init__(self, app: ASGIApp, *, policy: str, https: bool) -> None:
        self._app = app
        self._headers = {**ALWAYS, "content-security-policy": policy, "cache-control": "no-store"}
        if https:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def form_token(key: bytes, holder: str) -> str:
    """What a form must send back: bound to `holder`, the random value of one browser's cookie."""
    digest = hmac.digest(key, b"form token\0" + holder.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_form_token(key: bytes, holder: str, token: str) -> bool:
    """Whether `token` was made for this browser."""
    return hmac.compare_digest(form_token(key, holder).encode(), token.encode())


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site sent this. A client that says neither is judged by its token."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    # the host alone: behind a TLS proxy we do not see the scheme that the browser saw
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
