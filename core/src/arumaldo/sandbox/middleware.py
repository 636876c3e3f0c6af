"""Carries out the faults that were ordered, between the wire and a sandbox's own application.

    effect     the vendor's books            the caller
    before     never see the request         gets the faulty answer
    after      hold the whole effect         gets the faulty answer; the true one is thrown away
    late       hold it `seconds` later       gets the faulty answer at once

An answer of the kind `delay` is the true one, `seconds` after the effect took place. All of this needs a real
connection under uvicorn (`arumaldo.sandbox.local.LocalServer`): in memory there is nothing to cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import logging
import math
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arumaldo.sandbox.faults import Fault
from arumaldo.sandbox.kit import Sandbox

_log = logging.getLogger("arumaldo.sandbox")
_JSON = b"application/json"
_HALF_A_DOCUMENT = b'{"id": "1", "status": "ok", "items": [{"id": '
_DRIP_LENGTH = 600
_broken_off: ContextVar[bool] = ContextVar("arumaldo_sandbox_broken_off", default=False)


class FaultMiddleware:
    """One sandbox's application behind its faults. A request that no fault hits goes through untouched."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox, later: Later) -> None:
        self._app = app
        self._sandbox = sandbox
        self._later = later
        logging.getLogger("uvicorn.error").addFilter(_is_news)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return
        exchange = _Exchange(body, receive)
        fault = self._sandbox.faults.take(scope["method"], get_route_path(scope), exchange.body)
        if fault is None:
            await self._app(scope, exchange.receive, send)
        elif fault.answer == "delay":
            await self._delay(fault, scope, exchange, send)
        else:
            await self._effect(fault, scope, exchange.body)
            await _ANSWERS[fault.answer](fault, receive, send)

    async def _delay(self, fault: Fault, scope: Scope, exchange: _Exchange, send: Send) -> None:
        answer = await _run(self._app, scope, exchange.body)
        _broken_off.set(True)
        if await _stays(exchange.wire, fault.seconds):
            _broken_off.set(False)
            for message in answer:
                await send(message)

    async def _effect(self, fault: Fault, scope: Scope, body: bytes) -> None:
        if fault.effect == "after":
            await _run(self._app, scope, body)
        elif fault.effect == "late":
            due = self._sandbox.now() + fault.seconds
            self._later.start(self._sandbox.now, due, lambda: _run(self._app, scope, body))


class Later:
    """Effects that take place after their caller was answered; times are those of the vendor's clock."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()

    def start(self, now: Callable[[], float], due: float, effect: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Carry out `effect` as soon as `now()` has reached `due`; each call is one more effect."""
        task = asyncio.create_task(self._run(now, due, effect))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, now: Callable[[], float], due: float, effect: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        while (left := due - now()) > 0 and not self._hurry.is_set():
            # Short naps, because a test may move the vendor's clock meanwhile.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), min(left, 0.05))
        try:
            await effect()
        except Exception:
            _log.exception("A late effect failed inside the sandbox")

    async def finish(self) -> None:
        """Carry out at once whatever still waits, and return when all of it is done: a vendor loses no booking."""
        self._hurry.set()
        while self._tasks:
            await asyncio.wait(self._tasks)


class _Exchange:
    """A request whose body has been read: hands the body out once more, then listens to the wire."""

    def __init__(self, body: bytes, wire: Receive) -> None:
        self.body = body
        self.wire = wire
        self._handed_out = False

    async def receive(self) -> Message:
        if self._handed_out:
            return await self.wire()
        self._handed_out = True
        return {"type": "http.request", "body": self.body, "more_body": False}


async def _whole_body(receive: Receive) -> bytes | None:
    """None when the caller left before the request was complete: that was no request."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _run(app: ASGIApp, scope: Scope, body: bytes) -> list[Message]:
    """Run the vendor to its end without its caller; returns what it would have sent."""
    answer: list[Message] = []
    exchange = _Exchange(body, _nothing_more)

    async def keep(message: Message) -> None:
        answer.append(message)

    await app(dict(scope), exchange.receive, keep)
    return answer


async def _nothing_more() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def _stays(receive: Receive, seconds: float) -> bool:
    """True after `seconds`; False as soon as the caller has left."""
    try:
        await asyncio.wait_for(_departure(receive), None if math.isinf(seconds) else seconds)
    except TimeoutError:
        return True
    return False


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _status(fault: Fault, receive: Receive, send: Send) -> None:
    said = json.dumps({"message": _phrase(fault.status)}).encode()
    await _send(send, fault, fault.status, _JSON, said)


async def _html(fault: Fault, receive: Receive, send: Send) -> None:
    title = html.escape(f"{fault.status} {_phrase(fault.status)}")
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>gateway</body></html>"
    await _send(send, fault, fault.status, b"text/html; charset=utf-8", page.encode())


async def _malformed(fault: Fault, receive: Receive, send: Send) -> None:
    await _send(send, fault, 200, _JSON, _HALF_A_DOCUMENT)


async def _cut(fault: Fault, receive: Receive, send: Send) -> None:
    _broken_off.set(True)
    await send(_start(200, _JSON, length=10 * len(_HALF_A_DOCUMENT)))
    await send({"type": "http.response.body", "body": _HALF_A_DOCUMENT, "more_body": True})


async def _drip(fault: Fault, receive: Receive, send: Send) -> None:
    _broken_off.set(True)
    await send(_start(200, _JSON, length=_DRIP_LENGTH))
    for sent in range(1, _DRIP_LENGTH + 1):
        await send({"type": "http.response.body", "body": b".", "more_body": sent < _DRIP_LENGTH})
        if sent < _DRIP_LENGTH and not await _stays(receive, 1.0):
            return


async def _hang(fault: Fault, receive: Receive, send: Send) -> None:
    _broken_off.set(True)
    await _stays(receive, math.inf)


_ANSWERS: dict[str, Callable[[Fault, Receive, Send], Coroutine[Any, Any, None]]] = {
    "status": _status,
    "cut": _cut,
    "drip": _drip,
    "html": _html,
    "malformed": _malformed,
    "hang": _hang,
}


async def _send(send: Send, fault: Fault, status: int, media: bytes, body: bytes) -> None:
    whole = b"" if status in (204, 304) else body
    await send(_start(status, media, length=len(whole), retry_after=fault.retry_after))
    await send({"type": "http.response.body", "body": whole, "more_body": False})


def _start(status: int, media: bytes, *, length: int, retry_after: float | None = None) -> Message:
    headers = [(b"content-type", media), (b"content-length", str(length).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", f"{retry_after:g}".encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _is_news(record: logging.LogRecord) -> bool:
    """A log filter: what uvicorn reports of a request that was broken off on order is no news.

    uvicorn writes that line in the task, and so in the context, of the request itself.
    """
    return not _broken_off.get()
