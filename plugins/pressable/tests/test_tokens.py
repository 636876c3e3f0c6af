"""Access tokens: few are asked for, none is asked for in a loop, none is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2
import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox
from arumaldo_pressable.settings import Settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arumaldo import Denied, OutcomeUnknown, Unavailable
from arumaldo.sandbox import Fault
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.hosting import new_reference

Sent = list[str]


class Counted:
    """A provider whose requests are written down, as "METHOD /path below the sandbox"."""

    def __init__(self, settings: Settings) -> None:
        self.sent: Sent = []
        self.http = httpx2.Client(event_hooks={"request": [self._note]})
        self.hosting = PressableHosting(settings, self.http)

    def _note(self, request: httpx2.Request) -> None:
        self.sent.append(f"{request.method} {request.url.path.removeprefix('/pressable')}")


@pytest.fixture
def counted(settings: Settings) -> Iterator[Counted]:
    counted = Counted(settings)
    yield counted
    counted.hosting.close()


def at_once(times: int, call: Callable[[], object]) -> list[BaseException | None]:
    """Call from several threads at the same moment; what each one raised."""
    barrier = Barrier(times)

    def one() -> None:
        barrier.wait()
        call()

    with ThreadPoolExecutor(times) as threads:
        return [done.exception() for done in [threads.submit(one) for _ in range(times)]]


def test_one_token_serves_many_calls(counted: Counted) -> None:
    for _ in range(3):
        counted.hosting.find_sites(reference=new_reference())
    assert counted.sent.count("POST /auth/token") == 1


def test_a_token_that_ran_out_at_the_vendor_is_renewed_once(counted: Counted, sandbox: PressableSandbox) -> None:
    counted.hosting.find_sites(reference=new_reference())
    sandbox.shift = 3600
    assert counted.hosting.find_sites(reference=new_reference()) == []
    assert counted.sent == ["POST /auth/token", "GET /v1/sites", "GET /v1/sites", "POST /auth/token", "GET /v1/sites"]


def test_many_workers_with_an_old_token_ask_for_one_new_one(counted: Counted, sandbox: PressableSandbox) -> None:
    counted.hosting.find_sites(reference=new_reference())
    sandbox.expire_tokens()
    assert at_once(6, lambda: counted.hosting.find_sites(reference=new_reference())) == [None] * 6
    assert counted.sent.count("POST /auth/token") == 2


def test_a_vendor_that_refuses_a_new_token_too_is_not_asked_a_third_time(
    counted: Counted, sandbox: PressableSandbox
) -> None:
    sandbox.faults.order(Fault(match="GET /v1/sites", status=401, times=None))
    with pytest.raises(Denied):
        counted.hosting.find_sites(reference=new_reference())
    assert counted.sent.count("GET /v1/sites") == 2
    assert counted.sent.count("POST /auth/token") == 2


def test_an_order_that_met_an_old_token_is_sent_again_and_makes_one_site(
    counted: Counted, sandbox: PressableSandbox
) -> None:
    counted.hosting.find_sites(reference=new_reference())
    sandbox.expire_tokens()
    counted.hosting.create_site(reference=new_reference(), label="Bakery", owner_email="owner@example.com")
    assert len(sandbox.ledger()["sites"]) == 1


def test_wrong_credentials_are_the_operators_matter(settings: Settings) -> None:
    counted = Counted(settings.model_copy(update={"client_id": "another"}))
    with pytest.raises(Denied, match="client_id and client_secret"):
        counted.hosting.find_sites(reference=new_reference())
    assert counted.sent == ["POST /auth/token"]
    counted.hosting.close()


def test_workers_that_waited_share_a_refusal_instead_of_repeating_it(
    settings: Settings, sandbox: PressableSandbox
) -> None:
    sandbox.faults.order(Fault(match="/auth/token", answer="delay", seconds=1.0, times=None))
    counted = Counted(settings.model_copy(update={"client_id": "another"}))
    raised = at_once(5, lambda: counted.hosting.find_sites(reference=new_reference()))
    assert all(isinstance(error, Denied) for error in raised)
    assert counted.sent == ["POST /auth/token"]
    counted.hosting.close()


def test_a_vendor_that_gives_no_token_today_is_asked_again_later(
    pressable: PressableHosting, sandbox: PressableSandbox
) -> None:
    sandbox.faults.order(Fault(match="/auth/token", answer="html", status=502))
    with pytest.raises(Unavailable):
        pressable.create_site(reference=new_reference(), label="Bakery", owner_email="owner@example.com")
    assert sandbox.ledger()["sites"] == []
    assert pressable.find_sites(reference=new_reference()) == []


def test_no_secret_is_told_even_when_the_vendor_repeats_it(caplog: pytest.LogCaptureFixture) -> None:
    async def repeat(request: Request) -> Response:
        return JSONResponse({"message": f"I do not like {(await request.body()).decode()}"}, 403)

    with (
        caplog.at_level(logging.DEBUG),
        LocalServer(Starlette(routes=[Route("/auth/token", repeat, methods=["POST"])])) as server,
    ):
        settings = Settings(base_url=server.address, client_id="me", client_secret="hush-hush-hush")
        hosting = PressableHosting(settings)
        with pytest.raises(Denied) as denied:
            hosting.find_sites(reference=new_reference())
        hosting.close()
    assert "I do not like" in str(denied.value)
    for told in (str(denied.value), repr(settings), caplog.text):
        assert "hush-hush" not in told


def test_no_token_is_told_by_errors_or_logs(
    pressable: PressableHosting, sandbox: PressableSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        sandbox.faults.order(Fault(match="POST /v1/sites", answer="html", status=502))
        with pytest.raises(OutcomeUnknown) as unknown:
            pressable.create_site(reference=new_reference(), label="Bakery", owner_email="owner@example.com")
    tokens = [kept["token"] for kept in sandbox.shelf.all("tokens")]
    assert tokens
    for told in (str(unknown.value), caplog.text):
        assert not any(secret in told for secret in [*tokens, "sandbox-secret"])
