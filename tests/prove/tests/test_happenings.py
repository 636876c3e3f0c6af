"""Whoever looks at a page that failed can see what was broken at that moment."""

from __future__ import annotations

import time

from arumaldo_prove.happenings import Diary


def test_what_lasts_is_on_while_it_lasts_and_shortly_before_afterwards() -> None:
    diary = Diary()
    with diary.lasting("redis-hung"):
        now = time.monotonic()
        assert [told.partition(" ")[0] for told in diary.during(now, now)] == ["redis-hung"]
        assert diary.shortly_before(now) == []
    later = time.monotonic() + 1
    assert diary.during(later, later + 1) == []
    assert len(diary.shortly_before(later)) == 1
    assert diary.shortly_before(later + 60) == []


def test_what_happens_in_a_moment_is_told_with_its_victim_and_counted() -> None:
    diary = Diary()
    began = time.monotonic()
    diary.note("kill-web", "web-2")
    diary.note("kill-web", "web-1")
    told = diary.during(began, time.monotonic())
    assert told == ["kill-web web-2 at +0.0 s", "kill-web web-1 at +0.0 s"]
    assert diary.counts == {"kill-web": 2}


def test_a_span_is_from_the_beginning_to_the_end() -> None:
    diary = Diary()
    with diary.lasting("redis-stopped"):
        pass
    with diary.lasting("config-broken"):
        pass
    ((began, ended),) = diary.spans("redis-stopped", "redis-hung")
    assert diary.began <= began <= ended <= time.monotonic()


def test_what_comes_of_a_fault_is_told_and_not_counted() -> None:
    diary = Diary()
    with diary.state("nobody serves"):
        now = time.monotonic()
        assert diary.during(now, now) != []
    assert diary.counts == {}


def test_of_a_time_that_lasts_longer_only_what_falls_between_two_moments_counts() -> None:
    diary = Diary()
    with diary.state("nobody works"):
        began = time.monotonic()
        ended = time.monotonic()
    assert diary.seconds_of("nobody works", began, ended) == ended - began
    assert diary.seconds_of("nobody works", ended + 60, ended + 70) == 0
    assert diary.seconds_of("nobody serves", began, ended) == 0
