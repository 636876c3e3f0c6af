"""Where tests meet a sandbox: on a real port of this machine, or in memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

import httpx2
import uvicorn
from starlette.types import ASGIApp

_PATIENCE = 10.0


class LocalServer:
    """Serves an ASGI application over real HTTP on 127.0.0.1, in a thread, for as long as the `with` lasts.

    Faults need this: they cut, drip and hang on real connections. The port is free and is known before anything is
    served, so that a sandbox can be given its address; ports are not taken twice while this object is open.

        with LocalServer() as server:
            sandbox = Acme(f"{server.address}/acme")
            server.serve(create_app([sandbox]))

    or, where the application needs no address, `with LocalServer(app) as server:`.
    """

    def __init__(self, app: ASGIApp | None = None) -> None:
        self._app = app
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        # asyncio turns Nagle's delay off only where the protocol is named.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.address = f"http://localhost:{self.port}"

    def __enter__(self) -> Self:
        if self._app is not None:
            self.serve(self._app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, app: ASGIApp) -> None:
        """Start serving `app`, and return when it answers. RuntimeError: it does not start, or one is served."""
        if self._server is not None:
            raise RuntimeError(f"Port {self.port} already serves an application")
        self._server = _Server(_config(app))
        self._thread = threading.Thread(
            target=self._server.run_and_tell, args=(self._socket,), name=f"local-server-{self.port}", daemon=True
        )
        self._thread.start()
        if not self._server.decided.wait(_PATIENCE) or not self._server.started:
            self.close()
            raise RuntimeError(f"The application does not start on port {self.port}; the log says why")

    def close(self) -> None:
        """Stop serving, end what still hangs, and wait until the thread is gone; a second call changes nothing."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                raise RuntimeError(f"The server on port {self.port} did not stop in {_PATIENCE:g} seconds")
        self._socket.close()


def _config(app: ASGIApp) -> uvicorn.Config:
    # No logging set-up of uvicorn's own: errors go to the log of the process, and requests nowhere.
    return uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)


class _Server(uvicorn.Server):
    """A server that says when it is decided whether it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.decided = threading.Event()

    def run_and_tell(self, listener: socket.socket) -> None:
        try:
            # A start that fails is logged by uvicorn, which then wants to end the whole process.
            with contextlib.suppress(SystemExit):
                self.run([listener])
        finally:
            self.decided.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.decided.set()


def in_memory(app: ASGIApp) -> httpx2.BaseTransport:
    """A transport for a synchronous httpx2 client that runs `app` within the call, without a port.

    For a sandbox's true answers. Faults need a connection, so they need a LocalServer; the application's start-up
    and shutdown are not run.
    """
    return _InMemory(app)


class _InMemory(httpx2.BaseTransport):
    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx2.ASGITransport(app=app)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        whole = httpx2.Request(request.method, request.url, headers=request.headers, content=request.read())
        return asyncio.run(self._answer(whole))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._transport.handle_async_request(request)
        body = b"".join([part async for part in answer.aiter_raw()])
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(body))
