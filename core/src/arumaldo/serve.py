"""The long-running processes that speak HTTP: web and sandboxes."""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arumaldo.config.parse import parse_file
from arumaldo.discovery import load
from arumaldo.errors import ConfigError
from arumaldo.installation import Installation
from arumaldo.sandbox import Sandbox, Shelf, create_app
from arumaldo.workers import log_to_stderr, opened

log = logging.getLogger(__name__)

PORTALS = "arumaldo.portal"
"""The entry-point group whose one member makes the web application from an `Installation`."""
GRACE = 8
"""Seconds that a web process has, after SIGTERM, to end its streams and finish its pages."""


def serve_web(config: Path, environ: Mapping[str, str], host: str, port: int, fd: int | None = None) -> None:
    """Serve pages until SIGTERM, at host and port or on the listening socket `fd`.

    ConfigError when the port is in use or no portal is installed.
    """
    with opened(config, environ) as inst:
        web = Leaving(_portal()(inst))
        _serve(web, host, port, fd, inst.config.hub.trusted_proxies)


def serve_sandboxes(config: Path, environ: Mapping[str, str], state: Path) -> None:
    """Serve the sandboxes of all enabled plugins at `[hub] sandbox_url` until SIGTERM."""
    log_to_stderr()
    parsed = parse_file(config, environ=environ)
    state.mkdir(parents=True, exist_ok=True)
    address = parsed.hub.sandbox_url
    sandboxes = []
    choices = {name: choice for reseller in parsed.resellers.values() for name, choice in reseller.plugins.items()}
    for name, choice in choices.items():
        if choice.plugin.sandbox is not None:
            made: type[Sandbox] = load(choice.plugin.sandbox)
            sandboxes.append(made(f"{address}/{name}", Shelf(state / f"{name}.sqlite")))
    _serve(create_app(sandboxes), "127.0.0.1", urlsplit(address).port or 80)


class Leaving:
    """Around the portal: a page that is not finished when its process has to go says that one should ask again."""

    def __init__(self, web: ASGIApp) -> None:
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; when the server cancels this before the answer has begun, the answer is 503 with Retry-After."""
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._web(scope, receive, note)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            sorry = PlainTextResponse("This server is being started again. Try once more.\n", 503, {"retry-after": "1"})
            await sorry(scope, receive, send)


def _portal() -> Callable[[Installation], ASGIApp]:
    importlib.import_module("arumaldo.flows.onboarding")
    found = list(entry_points(group=PORTALS))
    if len(found) != 1:
        raise ConfigError(f"{len(found)} portals are installed; install one: the distribution arumaldo-portal.")
    create: Callable[[Installation], ASGIApp] = found[0].load()
    return create


def _serve(web: ASGIApp, host: str, port: int, fd: int | None = None, proxies: Sequence[str] = ()) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            web, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE,
            proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies), server_header=False, date_header=True,
        )
    )  # fmt: skip
    try:
        server.run(sockets=None if fd is None else [socket.socket(fileno=fd)])
    except SystemExit:
        raise ConfigError(f"Port {port} at {host} is in use. End what listens there, or choose another port.") from None
