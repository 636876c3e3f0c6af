"""Webhooks on demand: what a vendor tells us unasked, early, late, twice and forged.

A sandbox whose vendor sends webhooks serves its API as `self.webhooks.around(…)`, and calls `self.webhooks.tell(…)`
when an effect took place. Without a subscription nothing is sent. Deliveries run on the server's own loop, so that
the end of the server drops whatever still waits; they need a real server (`arumaldo.sandbox.local.LocalServer`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("arumaldo.sandbox")
_PATIENCE = 2.0
_REMEMBERED = 1000


@dataclass(frozen=True)
class Notice:
    """One webhook as it goes over the wire; whoever gets it twice knows it by its `id`."""

    event: str
    id: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Build = Callable[[bool], Notice]
"""Makes the notice of one effect: `build(False)` the true one, `build(True)` one that nobody should believe."""


class Subscription(BaseModel):
    """One order: where webhooks go, and how."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    url: str
    """Of this machine alone, over http."""
    when: Literal["after", "early", "late"] = "after"
    """`early`: before the API's answer, which waits for it (2 seconds each at most). `after`: right after the answer.
    `late`: `seconds` after it."""
    seconds: float = Field(default=0.0, ge=0)
    """For `late`, on the vendor's clock (`Sandbox.now`, which a test may move)."""
    times: Literal[1, 2] = 1
    forged: bool = False

    @field_validator("url")
    @classmethod
    def _is_of_this_machine(cls, url: str) -> str:
        if not _is_loopback(url):
            raise ValueError(
                "webhooks go to this machine alone: http://localhost:<port>/… or http://127.0.0.1:<port>/…"
            )
        return url


class Sent(BaseModel, frozen=True):
    """One delivery that was tried."""

    url: str
    event: str
    id: str
    status: int | None
    """Of the answer; None where none came."""


@dataclass(frozen=True)
class _Delivery:
    subscription: Subscription
    notice: Notice


_told: ContextVar[list[_Delivery]] = ContextVar("arumaldo_sandbox_webhooks")


class Webhooks:
    """The subscriptions of one sandbox, and what was sent. Safe for several threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is the vendor's clock."""
        self._now = now
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []
        self._sent: deque[Sent] = deque(maxlen=_REMEMBERED)
        self._tasks: set[asyncio.Task[None]] = set()

    def subscribe(self, subscription: Subscription) -> None:
        """Adds one; a second call with the same adds a second one, which gets everything as well."""
        with self._lock:
            self._subscriptions.append(subscription)

    def subscriptions(self) -> list[Subscription]:
        with self._lock:
            return list(self._subscriptions)

    def sent(self) -> list[Sent]:
        """The last 1,000 deliveries, oldest first; they outlive their subscriptions."""
        with self._lock:
            return list(self._sent)

    def clear(self) -> None:
        """End all subscriptions; what still waits for them is not sent. A second call changes nothing."""
        with self._lock:
            self._subscriptions.clear()

    def tell(self, build: Build) -> None:
        """An effect took place in the request that is being answered; each call is one more event.

        It only notes down, so it may be called under a lock. RuntimeError: the API is not served by `around`.
        """
        for subscription in self.subscriptions():
            told = _told.get(None)
            if told is None:
                raise RuntimeError("Webhooks are told of in a request to an application that Webhooks.around serves")
            told.append(_Delivery(subscription, build(subscription.forged)))

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app`, with the webhooks of each request sent around its answer. Their failure never reaches the caller."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            told: list[_Delivery] = []
            _told.set(told)

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    early = [delivery for delivery in told if delivery.subscription.when == "early"]
                    await asyncio.gather(*(self._deliver(delivery) for delivery in early))
                await send(message)

            try:
                await app(scope, receive, answer)
            finally:
                for delivery in told:
                    if delivery.subscription.when != "early":
                        self._start(self._deliver_when_due(delivery))

        return serve

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_when_due(self, delivery: _Delivery) -> None:
        late = delivery.subscription.when == "late"
        due = self._now() + (delivery.subscription.seconds if late else 0.0)
        while self._stands(delivery.subscription):
            left = due - self._now()
            if not late or left <= 0:
                await self._deliver(delivery)
                return
            # Short naps, because a test may move the vendor's clock meanwhile.
            await asyncio.sleep(min(left, 0.05))

    def _stands(self, subscription: Subscription) -> bool:
        return any(one is subscription for one in self.subscriptions())

    async def _deliver(self, delivery: _Delivery) -> None:
        for _ in range(delivery.subscription.times):
            notice, url = delivery.notice, delivery.subscription.url
            sent = Sent(url=url, event=notice.event, id=notice.id, status=await _post(url, notice))
            with self._lock:
                self._sent.append(sent)


async def _post(url: str, notice: Notice) -> int | None:
    """The status of the answer; None where none came in time, whatever the reason."""
    headers = {"content-type": "application/json"} | notice.headers
    try:
        async with asyncio.timeout(_PATIENCE), httpx2.AsyncClient(trust_env=False) as http:
            return (await http.post(url, content=notice.body, headers=headers)).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        _log.info("A webhook of a sandbox was not taken: %s", type(error).__name__)
        return None


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
