"""Live pages: one reader per process tells every open stream that something is new for its account.

A stream holds no connection and no thread. It says only *that* there is news; the page then fetches itself again,
so nothing has to be told twice in two ways, and a stream that misses an event does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import anyio.to_thread
from anyio import CapacityLimiter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from arumaldo.bus.live import news
from arumaldo.store.journal import MessageRow
from arumaldo.store.scope import Owner, Store
from arumaldo_portal.sessions import current_visitor
from arumaldo_portal.surroundings import installation

EVERY = 0.3
"""Seconds between two looks."""
HEARTBEAT = 15.0
LIFETIME = 50.0
"""A stream ends after so long and the browser opens it again: a session that has ended loses its stream, too."""
PER_ACCOUNT = 12
"""Streams that one account may hold open in one process."""
_LATE = timedelta(seconds=5)  # commits land a little out of order
_AT_ONCE = 1000  # what `news` answers at most

log = logging.getLogger(__name__)
News = tuple[UUID, UUID, str, datetime]


class Listener:
    """One open stream's end of the wire. When nobody takes the events away the oldest are dropped."""

    def __init__(self) -> None:
        self._events: deque[tuple[UUID, str]] = deque(maxlen=100)
        self._rung = asyncio.Event()
        self.ended = False

    def tell(self, message: UUID, kind: str) -> None:
        self._events.append((message, kind))
        self._rung.set()

    def end(self) -> None:
        self.ended = True
        self._rung.set()

    async def wait(self, seconds: float) -> list[tuple[UUID, str]]:
        """What is new, as soon as something is; nothing when `seconds` have passed or the stream ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()
        told = list(self._events)
        self._events.clear()
        return told


class Newsroom:
    """All streams of this process, and the one task that reads for them."""

    def __init__(self, store: Store) -> None:
        """Made in the event loop that serves the streams."""
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._listeners: dict[UUID, set[Listener]] = {}
        self._somebody = asyncio.Event()
        self._since: datetime | None = None
        self._told: dict[UUID, datetime] = {}
        self._ended = False

    def is_full(self, account: UUID) -> bool:
        """Whether this account has as many streams open as it may."""
        return len(self._listeners.get(account, ())) >= PER_ACCOUNT

    @contextlib.contextmanager
    def listening(self, account: UUID) -> Iterator[Listener]:
        """A listener for this account's news, for as long as the `with` lasts."""
        listener = Listener()
        listener.ended = self._ended
        self._listeners.setdefault(account, set()).add(listener)
        self._somebody.set()
        try:
            yield listener
        finally:
            self._listeners[account].discard(listener)
            if not self._listeners[account]:
                del self._listeners[account]
            if not self._listeners:
                self._somebody.clear()

    def end(self) -> None:
        """End all streams, those that come later too; the browser opens them again elsewhere. From any thread."""
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._ended = True
        for listener in [each for listeners in self._listeners.values() for each in listeners]:
            listener.end()

    async def read(self) -> None:
        """Look for news as long as anybody listens; a database that is away is asked again."""
        limiter = CapacityLimiter(1)  # a thread of its own: slow pages do not make streams wait
        while True:
            await self._somebody.wait()
            try:
                found = await anyio.to_thread.run_sync(self._look, list(self._listeners), limiter=limiter)
            except SQLAlchemyError as error:
                log.warning("live pages wait: the database does not answer (%s)", type(error).__name__)
                found = []
            self._tell(found)
            await asyncio.sleep(EVERY)

    def _look(self, accounts: list[UUID]) -> list[News]:
        with self._store.hub() as session:
            if self._since is None:
                self._since = session.scalars(text("SELECT hub_now()")).one()
            found: list[News] = []
            since = self._since - _LATE
            while True:
                part = news(session, accounts, since)
                found += part
                if len(part) < _AT_ONCE:
                    return found
                since = part[-1][3]

    def _tell(self, found: Iterable[News]) -> None:
        for account, message, kind, at in found:
            if message in self._told:
                continue
            self._told[message] = at
            self._since = max(at, self._since or at)
            for listener in self._listeners.get(account, ()):
                listener.tell(message, kind)
        if self._since is not None:
            oldest = self._since - 2 * _LATE
            self._told = {message: at for message, at in self._told.items() if at > oldest}


async def events(request: Request) -> Response:
    """The stream of the account that is logged in. `Last-Event-ID` brings what was missed, perhaps a little more."""
    visitor = await run_in_threadpool(current_visitor, request)
    if visitor is None:
        return PlainTextResponse("Log in first.\n", 401)
    newsroom: Newsroom = request.app.state.newsroom
    if newsroom.is_full(visitor.owner.account_id):
        return PlainTextResponse("Too many pages of this account are open.\n", 429, {"retry-after": "30"})
    return StreamingResponse(
        _stream(newsroom, request, visitor.owner),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _stream(newsroom: Newsroom, request: Request, owner: Owner) -> AsyncIterator[str]:
    until = asyncio.get_running_loop().time() + LIFETIME
    with newsroom.listening(owner.account_id) as listener:
        yield "retry: 1000\n\n"
        # asked after the listener has joined, so that nothing falls in between
        for message, kind in await run_in_threadpool(_missed, request, owner):
            yield _event(message, kind)
        while not listener.ended and asyncio.get_running_loop().time() < until:
            told = await listener.wait(HEARTBEAT)
            yield "".join(_event(message, kind) for message, kind in told) or ": still here\n\n"


def _event(message: UUID, kind: str) -> str:
    return f"id: {message}\ndata: {kind}\n\n"


def _missed(request: Request, owner: Owner) -> list[tuple[UUID, str]]:
    """This account's facts after the one the browser saw last; another account's id finds nothing."""
    try:
        last = UUID(request.headers.get("last-event-id", ""))
    except ValueError:
        return []
    with installation(request).store.of(owner) as rows:
        seen = rows.get(MessageRow, last)
        if seen is None:
            return []
        found = news(rows.session, [owner.account_id], seen.created_at - _LATE)
    return [(message, kind) for _, message, kind, _ in found if message != last]


routes = [Route("/events", events)]
