"""Serves several sandboxes on one port, and takes orders for them.

/<name>/…                         the vendor's own API, behind the faults that were ordered for it
http://<x>.localhost:<port>/…     a website that a hosting vendor serves; <x> may be a whole domain (bakery.example)
/_control/…                       ledgers, faults, clock, switches: JSON, never hit by a fault
/letters, /registrar              pages for whoever plays the customer's own part
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo.sandbox import outside
from arumaldo.sandbox.control import routes
from arumaldo.sandbox.internet import Internet
from arumaldo.sandbox.kit import Sandbox
from arumaldo.sandbox.middleware import FaultMiddleware, Later

_RESERVED = "_control"
_OURS = (_RESERVED, "letters", "registrar")


def create_app(sandboxes: Sequence[Sandbox], *, control: bool = True) -> ASGIApp:
    """One ASGI application for all of `sandboxes`; each one's `app()` is built here, once.

    Below `/<name>` a sandbox's routes see the rest of the path, with `root_path` set. `control` False leaves the
    control endpoints out. On shutdown the late effects that still wait are carried out. ValueError: two sandboxes
    of one name, or a name that cannot be a path.
    """
    names = [sandbox.name for sandbox in sandboxes]
    _check(names)
    internet = Internet(sandboxes)
    for sandbox in sandboxes:
        sandbox.internet = internet
    later = Later()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await later.finish()

    all_routes: list[BaseRoute] = [Host("{site}.localhost", app=_Sites(sandboxes, internet))]
    if control:
        all_routes.append(Mount(f"/{_RESERVED}", routes=routes(sandboxes, internet)))
        all_routes += outside.routes(internet)
    for sandbox in sandboxes:
        all_routes.append(Mount(f"/{sandbox.name}", app=FaultMiddleware(sandbox.app(), sandbox, later)))
    all_routes.append(Mount("/", app=_no_such_vendor(names)))
    return Starlette(routes=all_routes, lifespan=lifespan)


class _Sites:
    """The websites of all sandboxes, by host name: at `<name>.localhost` what a browser finds at `https://<name>`."""

    def __init__(self, sandboxes: Sequence[Sandbox], internet: Internet) -> None:
        self._sandboxes = sandboxes
        self._internet = internet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await run_in_threadpool(self._find, scope["path_params"]["site"])
        await app(scope, receive, send)

    def _find(self, name: str) -> ASGIApp:
        if said := self._internet.obstacle(name):
            return PlainTextResponse(f"{name} cannot be opened. {said}.\n", 502)
        host = f"{name}.localhost"
        return self._site(host) or _no_such_site(host)

    def _site(self, host: str) -> ASGIApp | None:
        sites = (sandbox.site(host) for sandbox in self._sandboxes)
        return next((site for site in sites if site is not None), None)


def _no_such_site(host: str) -> Response:
    return PlainTextResponse(f"There is no website at {host}: no sandbox here hosts one under that name.\n", 404)


def _no_such_vendor(names: Sequence[str]) -> ASGIApp:
    said = f"Nothing is here. The sandboxes on this port are: {', '.join(f'/{name}/' for name in names) or 'none'}.\n"
    said += "Beside them: /letters, /registrar, /_control/ledger.\n"

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(said, 404)(scope, receive, send)

    return answer


def _check(names: Sequence[str]) -> None:
    for name in names:
        if not name or "/" in name or name in _OURS:
            raise ValueError(f"A sandbox cannot be called {name!r}: its name is the first part of its path")
        if names.count(name) > 1:
            raise ValueError(f"Two sandboxes are called {name!r}")
