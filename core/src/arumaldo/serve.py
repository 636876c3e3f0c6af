"""The long-running processes: web, worker, sandboxes."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from sqlalchemy.exc import DBAPIError
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arumaldo.bus.deliveries import Held, held_by
from arumaldo.bus.handlers import HANDLERS, LANES
from arumaldo.bus.rounds import Rounds
from arumaldo.bus.run import Runner
from arumaldo.bus.worker import WorkerProcess, enrol
from arumaldo.config.parse import parse_file
from arumaldo.discovery import load
from arumaldo.errors import ConfigError
from arumaldo.flows.repairs import reconciler
from arumaldo.installation import Installation
from arumaldo.sandbox import Sandbox, Shelf, create_app

log = logging.getLogger(__name__)

PORTALS = "arumaldo.portal"
"""The entry-point group whose one member makes the web application from an `Installation`."""
GRACE = 8
"""Seconds that a web process has, after SIGTERM, to end its streams and finish its pages."""
LANE_THREADS = 4
ALONE_PATIENCE = 15.0
"""Seconds that a step in a process of its own has to end once its worker leaves; less than the worker takes itself."""
ALONE_MARGIN = 5.0
"""Seconds by which such a step ends before others may take it, so that its worker can say how it ended."""
REPLACE_ME = NOT_NOW = 75
"""Exit code (sysexits EX_TEMPFAIL) of a worker that leaves because a step holds a thread for good, and of a step in a
process of its own from which the database went away."""


@contextmanager
def opened(config: Path, environ: Mapping[str, str], *, threads: int | None = None) -> Iterator[Installation]:
    """The installation, closed at the end."""
    _log_to_stderr()
    inst = Installation(config, environ, threads=threads)
    try:
        yield inst
    finally:
        inst.close()


def serve_web(config: Path, environ: Mapping[str, str], host: str, port: int, fd: int | None = None) -> None:
    """Serve pages until SIGTERM, at host and port or on the listening socket `fd`.

    ConfigError when the port is in use or no portal is installed.
    """
    with opened(config, environ) as inst:
        web = Leaving(_portal()(inst))
        _serve(web, host, port, fd, inst.config.hub.trusted_proxies)


def serve_sandboxes(config: Path, environ: Mapping[str, str], state: Path) -> None:
    """Serve the sandboxes of all enabled plugins at `[hub] sandbox_url` until SIGTERM."""
    _log_to_stderr()
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


def serve_worker(config: Path, environ: Mapping[str, str]) -> int:
    """Work until SIGTERM, or until a step overstays; the exit code tells which."""
    importlib.import_module("arumaldo.flows.onboarding")
    stop = threading.Event()
    code = 0

    def overstayed() -> None:
        nonlocal code
        code = REPLACE_ME
        stop.set()

    with opened(config, environ, threads=LANE_THREADS * len(LANES)) as inst:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        runner = Runner(inst.store, HANDLERS, inst, enrol(inst.store), alone=partial(_attempt_alone, config, stop))
        process = WorkerProcess(runner, inst.redis_url, LANE_THREADS, overstayed)
        rounds = Rounds(inst.store, reconciler(inst), runner.worker, inst.config.hub.reconcile_every)
        process.start()
        rounds.start()
        stop.wait()
        rounds.stop()
        log.info("this worker leaves: it claims nothing more, and finishes or hands back what it holds")
        if not process.stop():
            logging.shutdown()
            os._exit(code)  # threads that cannot be ended go with the process, before others take up what they held
    return code


def _attempt_alone(config: Path, leaving: threading.Event, held: Held) -> bool:
    """Whether the step is not to blame for how its process ended: the database was away, or the process was ended with
    its worker, as whoever stops a service ends all of its processes."""
    words = ["attempt", str(held.id), str(held.token), "--config", str(config)]
    ends_at = time.monotonic() + max(held.within / 2, held.within - ALONE_MARGIN)
    with subprocess.Popen([sys.executable, "-m", "arumaldo", *words]) as process:
        while (code := _ended(process)) is None and time.monotonic() < ends_at:
            if leaving.is_set():
                ends_at = min(ends_at, time.monotonic() + ALONE_PATIENCE)
        if code is None:
            process.kill()
            return leaving.is_set()
    return code == NOT_NOW or (code == -signal.SIGTERM and leaving.wait(5.0))


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(0.2)
    except subprocess.TimeoutExpired:
        return None


def attempt(config: Path, environ: Mapping[str, str], delivery: int, token: int) -> None:
    """Run what the holder of `token` holds, once, in this process. Does nothing when it is another's by now."""
    importlib.import_module("arumaldo.flows.onboarding")
    try:
        with opened(config, environ, threads=2) as inst:
            held = held_by(inst.store, delivery, token)
            if held is not None:
                Runner(inst.store, HANDLERS, inst, worker=0).attempt(held)
    except DBAPIError:
        log.warning("the database went away while delivery %s ran alone", delivery)
        raise SystemExit(NOT_NOW) from None


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


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
