"""A sandbox's webhooks over real HTTP on loopback: once, twice, early, late, forged, and to nobody's harm."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Notice, Sandbox, create_app
from arumaldo.sandbox.local import LocalServer

HOUR = 3600.0


class Acme(Sandbox):
    """Makes one thing for each POST, and tells of it."""

    name = "acme"
    kinds = ("things",)

    def app(self) -> ASGIApp:
        return self.webhooks.around(Starlette(routes=[Route("/things", self._make, methods=["POST"])]))

    def ledger(self) -> dict[str, list[Entry]]:
        return {"things": [Entry(id=thing["id"]) for thing in self.shelf.all("things")]}

    def _make(self, request: Request) -> Response:
        key = str(self.shelf.next_number("things"))
        self.shelf.put("things", key, {"id": key}, self.now())
        self.webhooks.tell(lambda forged: _notice(key, "wrong" if forged else "right"))
        return JSONResponse({"id": key}, 201)


def _notice(key: str, signature: str) -> Notice:
    body = json.dumps({"id": f"event-{key}", "thing": key}).encode()
    return Notice("thing.made", f"event-{key}", body, {"x-signature": signature})


class Ear:
    """A subscriber: hears every webhook, and answers when it is allowed to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.free = threading.Event()
        self.free.set()

    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/hook", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        event = json.loads(await request.body())["id"]
        await run_in_threadpool(self.free.wait, 30)
        self.heard.append((event, request.headers["x-signature"]))
        return Response(status_code=204)


@dataclass
class World:
    acme: Acme
    ear: Ear
    hook: str
    http: httpx2.Client
    vendor: LocalServer

    def subscribe(self, **order: object) -> None:
        answer = self.http.post("/_control/acme/webhooks", json={"url": self.hook} | order)
        assert answer.status_code == 201, answer.text

    def make(self) -> int:
        return self.http.post("/acme/things").status_code


@pytest.fixture
def world() -> Iterator[World]:
    ear = Ear()
    with LocalServer() as vendor, LocalServer(ear.app()) as subscriber:
        acme = Acme(f"{vendor.address}/acme")
        vendor.serve(create_app([acme]))
        with httpx2.Client(base_url=vendor.address, trust_env=False) as http:
            yield World(acme, ear, f"{subscriber.address}/hook", http, vendor)
        acme.shelf.close()


def wait_until(seen: Callable[[], object]) -> None:
    """Return as soon as `seen()` is true; fail after half a minute."""
    give_up_at = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < give_up_at, "did not happen within 30 seconds"
        time.sleep(0.01)


def test_a_webhook_comes_once_and_the_control_endpoint_says_so(world: World) -> None:
    world.subscribe()
    assert world.make() == 201
    wait_until(world.acme.webhooks.sent)
    told = world.http.get("/_control/acme/webhooks").json()
    assert told["sent"] == [{"url": world.hook, "event": "thing.made", "id": "event-1", "status": 204}]
    assert [one["when"] for one in told["subscriptions"]] == ["after"]
    assert world.ear.heard == [("event-1", "right")]


def test_a_webhook_that_comes_twice_has_one_id(world: World) -> None:
    world.subscribe(times=2)
    world.make()
    wait_until(lambda: len(world.acme.webhooks.sent()) == 2)
    assert world.ear.heard == [("event-1", "right")] * 2


def test_an_early_webhook_is_there_before_the_answer(world: World) -> None:
    world.subscribe(when="early")
    world.make()
    assert world.ear.heard == [("event-1", "right")]


def test_a_slow_subscriber_does_not_hold_the_answer_up(world: World) -> None:
    world.subscribe()
    world.ear.free.clear()
    assert world.make() == 201
    assert world.ear.heard == []
    world.ear.free.set()
    wait_until(world.acme.webhooks.sent)
    assert [sent.status for sent in world.acme.webhooks.sent()] == [204]


def test_a_late_webhook_comes_when_the_vendors_clock_says_so(world: World) -> None:
    world.subscribe(when="late", seconds=HOUR)
    world.subscribe()
    world.make()
    wait_until(world.acme.webhooks.sent)
    assert len(world.ear.heard) == 1
    world.http.post("/_control/acme/clock", json={"seconds": HOUR})
    wait_until(lambda: len(world.ear.heard) == 2)


def test_a_forged_webhook_is_made_as_such(world: World) -> None:
    world.subscribe(forged=True)
    world.make()
    wait_until(world.acme.webhooks.sent)
    assert world.ear.heard == [("event-1", "wrong")]


@pytest.mark.parametrize("when", ["early", "after"])
def test_a_dead_subscriber_hurts_nobody(world: World, when: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        world.subscribe(url=f"http://127.0.0.1:{taken.getsockname()[1]}/", when=when)
        world.subscribe(when=when)
        assert world.make() == 201
        wait_until(lambda: len(world.acme.webhooks.sent()) == 2)
    assert {sent.status for sent in world.acme.webhooks.sent()} == {None, 204}
    assert world.ear.heard == [("event-1", "right")]


def test_an_answer_that_is_lost_does_not_lose_its_webhook(world: World) -> None:
    world.subscribe()
    world.http.post("/_control/acme/faults", json={"effect": "after", "answer": "status"})
    assert world.make() == 503
    wait_until(lambda: world.ear.heard)


def test_ended_subscriptions_hear_nothing_not_even_what_was_waiting(world: World) -> None:
    world.subscribe(when="late", seconds=HOUR)
    world.make()
    assert world.http.delete("/_control/acme/webhooks").json()["subscriptions"] == []
    world.acme.shift = HOUR
    world.subscribe(when="late", seconds=0.5)
    world.make()
    wait_until(world.acme.webhooks.sent)
    assert world.ear.heard == [("event-2", "right")]


def test_what_waits_when_the_sandbox_ends_is_dropped(world: World) -> None:
    world.subscribe(when="late", seconds=HOUR)
    world.make()
    world.vendor.close()
    world.acme.shift = HOUR
    assert world.acme.webhooks.sent() == []
    assert world.ear.heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook",
        "http://192.0.2.1/hook",
        "http://localhost@shop.example/",
        "http://localhost.shop.example/",
        "https://localhost/hook",
        "file:///hook",
        "http://localhost:port/",
        "",
    ],
)
def test_webhooks_leave_this_machine_for_nobody(world: World, url: str) -> None:
    answer = world.http.post("/_control/acme/webhooks", json={"url": url})
    assert answer.status_code == 422
    assert "webhooks go to this machine alone" in answer.json()["error"]
    assert world.acme.webhooks.subscriptions() == []


@pytest.mark.parametrize("order", [{"times": 3}, {"when": "never"}, {"seconds": -1}, {"secret": "x"}])
def test_an_order_that_means_nothing_is_refused(world: World, order: dict[str, object]) -> None:
    assert world.http.post("/_control/acme/webhooks", json={"url": world.hook} | order).status_code == 422
