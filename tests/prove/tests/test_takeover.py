"""How long what a dead worker held has waited for another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from arumaldo_prove.happenings import Diary, Happening
from arumaldo_prove.presence import NOBODY_WORKS
from arumaldo_prove.takeover import Takeovers

HELD = (1, 7, datetime(2026, 11, 1, tzinfo=UTC), "build")


class Book:
    """One delivery that dead workers hold, one after the other, until it is `taken` from the one of a token."""

    def __init__(self) -> None:
        self.outcome = "left"
        self.held = HELD
        self.outcomes: dict[int, str] = {}

    def rows(self, query: str, *values: Any) -> list[Any]:
        if "workers" in query:
            return [self.held]
        ids, tokens, _ = values
        return [
            (one, token, "waiting", self.outcomes.get(token, self.outcome))
            for one, token in zip(ids, tokens, strict=True)
        ]


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def takeovers(book: Book, diary: Diary) -> Iterator[Takeovers]:
    watched = Takeovers(cast(Any, book), diary)
    yield watched
    watched.close()


def until(there: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 10
    while not there():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_take_over_lasts_from_the_death_to_the_next_holder(takeovers: Takeovers, book: Book) -> None:
    began = time.monotonic()
    takeovers.died(1)
    book.outcome = "taken"
    until(lambda: takeovers.seconds)
    assert 0 < takeovers.seconds[0] <= time.monotonic() - began


def test_time_in_which_no_worker_lived_is_not_counted(takeovers: Takeovers, book: Book, diary: Diary) -> None:
    now = time.monotonic()
    diary._happened.append(Happening(NOBODY_WORKS, now - 60, now + 60))
    takeovers.died(1)
    book.outcome = "taken"
    until(lambda: takeovers.seconds)
    assert takeovers.seconds == [pytest.approx(0.0, abs=1e-6)]
    assert takeovers.whole[0] > 0


def test_a_take_over_tells_what_became_of_the_work_meanwhile(takeovers: Takeovers, book: Book) -> None:
    takeovers.died(1)
    book.outcome = "taken"
    until(lambda: takeovers.longest)
    assert "build (delivery 1)" in takeovers.longest[0]
    assert "s waiting" in takeovers.longest[0]


def test_a_step_whose_next_holder_dies_as_well_was_taken_over_from_the_first(takeovers: Takeovers, book: Book) -> None:
    takeovers.died(1)
    book.outcomes = {7: "taken", 8: "left"}
    book.held = (1, 8, *HELD[2:])
    takeovers.died(2)
    until(lambda: takeovers.seconds and [one.token for one in takeovers._left] == [8])
    assert len(takeovers.seconds) == 1


def test_what_its_own_holder_ended_was_not_taken_over(takeovers: Takeovers, book: Book) -> None:
    takeovers.died(1)
    book.outcome = "ended by its own holder"
    until(lambda: not takeovers._left)
    assert not takeovers.seconds
