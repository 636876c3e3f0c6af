"""Live pages: each account hears its own news and no other's, and streams end when they should."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx2
import pytest

from arumaldo.sandbox.local import LocalServer
from arumaldo_portal import live

from .conftest import Customer, House

PATIENCE = 40.0


@pytest.fixture
def served(house: House) -> Iterator[LocalServer]:
    """The portal over real HTTP: streams need connections."""
    with LocalServer(house.app) as server:
        yield server
        house.app.state.newsroom.end()


class Stream:
    """One open stream, read in a thread."""

    def __init__(self, server: LocalServer, customer: Customer, last: str = "") -> None:
        headers = {"cookie": f"session={customer.web.cookies.get('session', '')}"}
        if last:
            headers["last-event-id"] = last
        self.lines: list[str] = []
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._client = httpx2.Client(base_url=server.address, headers=headers, timeout=PATIENCE, trust_env=False)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with self._client, self._client.stream("GET", "/events") as answer:
            for line in answer.iter_lines():
                with self._changed:
                    self.lines.append(line)
                    self._changed.notify_all()
        self.ended.set()

    def wait_for(self, line: str) -> bool:
        """Whether this line comes within our patience."""
        with self._changed:
            return self._changed.wait_for(lambda: line in self.lines, PATIENCE)

    @property
    def last_id(self) -> str:
        return next(line for line in reversed(self.lines) if line.startswith("id: ")).removeprefix("id: ")


def test_a_page_hears_at_once_what_happens_in_its_account(served: LocalServer, anna: Customer) -> None:
    anna.sign_up()
    stream = Stream(served, anna)
    assert stream.wait_for("retry: 1000")
    anna.answer_questions()
    assert stream.wait_for("data: PreviewAsked")
    anna.work()
    assert stream.wait_for("data: PreviewMade")


def test_a_page_hears_nothing_of_another_account(served: LocalServer, anna: Customer, bert: Customer) -> None:
    anna.sign_up()
    bert.sign_up()
    hers, his = Stream(served, anna), Stream(served, bert)
    assert hers.wait_for("retry: 1000")
    assert his.wait_for("retry: 1000")
    anna.answer_questions()
    assert hers.wait_for("data: PreviewAsked")
    bert.answer_questions()
    assert his.wait_for("data: PreviewAsked")
    mine = {line for line in his.lines if line.startswith("id: ")}
    assert not mine & {line for line in hers.lines if line.startswith("id: ")}
    assert his.lines.count("data: PreviewAsked") == 1


def test_what_was_missed_is_told_after_the_last_event_that_was_seen(served: LocalServer, anna: Customer) -> None:
    anna.sign_up()
    stream = Stream(served, anna)
    anna.answer_questions()
    assert stream.wait_for("data: PreviewAsked")
    seen = stream.last_id
    anna.work()
    again = Stream(served, anna, last=seen)
    assert again.wait_for("data: PreviewMade")


def test_an_event_of_another_account_brings_nothing_of_it(
    served: LocalServer, anna: Customer, bert: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.sign_up()
    stream = Stream(served, anna)
    anna.answer_questions()
    assert stream.wait_for("data: PreviewAsked")
    anna.work()
    bert.sign_up()
    monkeypatch.setattr(live, "LIFETIME", 0.0)
    strange = Stream(served, bert, last=stream.last_id)
    assert strange.ended.wait(PATIENCE)
    assert not [line for line in strange.lines if line.startswith("data:")]


def test_a_stream_needs_a_log_in(served: LocalServer) -> None:
    assert httpx2.get(f"{served.address}/events", trust_env=False).status_code == 401


def test_a_stream_does_not_outlive_its_session_for_long(
    served: LocalServer, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.sign_up()
    monkeypatch.setattr(live, "LIFETIME", 0.5)
    monkeypatch.setattr(live, "HEARTBEAT", 0.1)
    assert Stream(served, anna).ended.wait(PATIENCE)


def test_one_account_cannot_hold_any_number_of_streams(
    served: LocalServer, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PER_ACCOUNT", 2)
    anna.sign_up()
    for _ in range(2):
        assert Stream(served, anna).wait_for("retry: 1000")
    cookie = {"cookie": f"session={anna.web.cookies['session']}"}
    answer = httpx2.get(f"{served.address}/events", headers=cookie, trust_env=False)
    assert answer.status_code == 429


def test_streams_end_first_when_the_portal_stops(open_house: Callable[..., House]) -> None:
    house = open_house()
    anna = house.customer()
    anna.sign_up()
    with LocalServer(house.app) as server:
        stream = Stream(server, anna)
        assert stream.wait_for("retry: 1000")
        house.app.state.newsroom.end()
        assert stream.ended.wait(PATIENCE)
