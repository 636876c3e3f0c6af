"""Who can do its work: what counts as time in which nobody could."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import psycopg
import pytest
from arumaldo_prove.happenings import Diary
from arumaldo_prove.presence import NOBODY_WORKS, Presence


class Stage:
    """One worker that lives, as far as the database can say."""

    web_names = ("web-1",)
    worker_names = ("worker-1",)

    def __init__(self) -> None:
        self.pid: int | None = 11
        self.lives = True
        self.database_answers = True
        self.looks = 0

    def serves(self, web: str) -> bool:
        return True

    def running(self, name: str) -> int | None:
        return self.pid

    def at_work(self) -> dict[str, bool]:
        self.looks += 1
        if not self.database_answers:
            raise psycopg.OperationalError("the server is starting up")
        return {"worker-1": self.lives}


def until(there: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 10
    while not there():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


@pytest.mark.parametrize("trouble", ["lives", "database_answers"])
def test_nobody_works_while_no_worker_lives_or_the_database_is_away(trouble: str) -> None:
    stage, diary = Stage(), Diary()

    def told() -> bool:
        return any(NOBODY_WORKS in each for each in diary.during(0.0, time.monotonic()))

    presence = Presence(cast(Any, stage), diary, list[int]().append)
    try:
        until(lambda: stage.looks > 1)
        assert not told()
        setattr(stage, trouble, False)
        until(told)
        setattr(stage, trouble, True)
        until(lambda: diary.longest(NOBODY_WORKS) > 0)
    finally:
        presence.close()


@pytest.mark.parametrize("after", [None, 12])
def test_each_end_of_a_worker_is_told_once_whoever_ended_it(after: int | None) -> None:
    stage, died = Stage(), list[int]()
    presence = Presence(cast(Any, stage), Diary(), died.append)
    try:
        until(lambda: stage.looks > 1)
        assert died == []
        stage.pid = after
        until(lambda: died)
        looks = stage.looks
        until(lambda: stage.looks > looks + 1)
        assert died == [11]
    finally:
        presence.close()
