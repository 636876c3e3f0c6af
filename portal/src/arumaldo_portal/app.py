"""The portal as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from types import FrameType

import anyio.to_thread
from starlette.applications import Starlette
from starlette.routing import Host, Router
from starlette.types import ASGIApp

from arumaldo.installation import Installation
from arumaldo_portal import assets, live
from arumaldo_portal.live import Newsroom
from arumaldo_portal.pages import (
    brand,
    confirming,
    dashboard,
    domain,
    errors,
    health,
    landing,
    onboarding,
    payment,
    people,
    plan,
    preview,
    progress,
    questions,
    shown,
)
from arumaldo_portal.security import SecureHeaders, content_policy

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def create_app(installation: Installation) -> Starlette:
    """The portal of this installation. It opens nothing before its start-up and closes nothing of the caller's."""
    hub = installation.config.hub
    preview_host = Host(hub.preview_host.partition(":")[0], app=Router(shown.routes))
    pages = [
        brand, health, landing, people, confirming, onboarding, questions, preview, plan, payment, progress, dashboard,
        domain,
    ]  # fmt: skip
    app = _Portal(
        routes=[preview_host, *assets.routes, *live.routes, *(route for page in pages for route in page.routes)],
        exception_handlers=errors.handlers,
        lifespan=_lifespan,
    )
    app.state.installation = installation
    app.state.resellers = {}
    return app


class _Portal(Starlette):
    def build_middleware_stack(self) -> ASGIApp:
        """Put the headers around everything, the page for unforeseen errors too."""
        hub = self.state.installation.config.hub
        scheme = hub.base_url.partition("://")[0]
        policy = content_policy(frames=[f"{scheme}://{hub.preview_host}"])
        return SecureHeaders(super().build_middleware_stack(), policy=policy, https=scheme == "https")


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    installation: Installation = app.state.installation
    anyio.to_thread.current_default_thread_limiter().total_tokens = installation.config.hub.threads
    newsroom = app.state.newsroom = Newsroom(installation.store)
    reading = asyncio.create_task(newsroom.read(), name="live-pages")
    with _told_of_signals(newsroom):
        yield
    newsroom.end()
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading


@contextlib.contextmanager
def _told_of_signals(newsroom: Newsroom) -> Iterator[None]:
    """End the streams when the process is told to stop: the server waits for them before it ends this lifespan."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:
        newsroom.end()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
