"""A proof says "held" only when everything did."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from arumaldo_prove.result import Control, Result, at, percentiles

GOOD = Result(
    seed=1,
    customers=2,
    seconds=3.0,
    faults={"kill-worker": 1},
    live=1,
    returned=1,
    charges_per_customer={"min": 1, "max": 1},
    wrongly_paid=0,
    sites_per_customer={"min": 0, "max": 1},
    doubles={"charges": 0, "sites": 0},
    undone={"charges": 0, "sites": 0},
    lost=0,
    both=0,
    stuck=0,
    amiss=0,
    unknown_left=0,
    refunds=1,
    settled=0,
    kills=1,
    takeovers=1,
    takeover_s={"p50": 1.0, "p99": 1.0, "max": 1.0},
    takeover_whole_s={"p50": 1.0, "p99": 1.0, "max": 12.0},
    longest_takeovers=[],
    unserved_s=1.5,
    unmanned_s=0.0,
    doubts=1,
    doubt_s={"p50": 2.0, "p99": 2.0, "max": 2.0},
    doubt_beyond_s=0.5,
    doubt_past_sure_s=12.0,
    longest_doubts=[],
    poison={"messages": 1, "most_workers": 3, "alone": 1},
    pages=10,
    portal_errors=0,
    portal_p99_s=0.1,
    portal_p99_bell_away_s=0.2,
    control=[Control("look", 3, 1, 0)],
)


def test_a_site_or_the_money_back_for_everybody_holds() -> None:
    assert GOOD.broken() == []
    assert "The promise held." in GOOD.as_table()
    assert json.loads(GOOD.as_json())["holds"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"doubles": {"charges": 1}},
        {"doubles": {"charges": 1}, "undone": {"charges": 1}},
        {"doubles": {"returns": 1}, "undone": {"returns": 1}},
        {"doubles": {"sites": 2}, "undone": {"sites": 1}},
        {"both": 1},
        {"doubt_beyond_s": 10.1},
        {"poison": {"messages": 1, "most_workers": 4, "alone": 0}},
        {"charges_per_customer": {"min": 1, "max": 2}},
        {"charges_per_customer": {"min": 0, "max": 1}},
        {"live": 0},
        {"lost": 1},
        {"stuck": 1},
        {"amiss": 1},
        {"settled": 1},
        {"unmanned_s": 46.0},
        {"unknown_left": 1},
        {"portal_errors": 1},
        {"takeover_s": {"p50": 1.0, "p99": 10.5, "max": 11.0}},
        {"portal_p99_bell_away_s": 1.5},
    ],
)
def test_one_thing_that_is_wrong_breaks_it(wrong: dict[str, Any]) -> None:
    broken = replace(GOOD, **wrong)
    assert len(broken.broken()) == 1
    assert json.loads(broken.as_json())["holds"] is False


def test_a_site_too_many_that_was_taken_back_breaks_nothing_and_is_told() -> None:
    undone = replace(GOOD, doubles={"charges": 0, "sites": 1}, undone={"charges": 0, "sites": 1})
    assert undone.broken() == []
    assert "sites 1" in undone.as_table()


def test_a_fault_that_was_asked_for_and_never_happened_makes_the_proof_void() -> None:
    quiet = replace(GOOD, faults={"kill-worker": 1, "flush": 0})
    assert quiet.broken() == ["void: flush was asked for and never happened"]


@pytest.mark.parametrize("fault", ["kill-worker", "freeze-worker"])
def test_deaths_without_a_take_over_make_the_proof_void(fault: str) -> None:
    assert len(replace(GOOD, faults={fault: 3}, takeovers=0).broken()) == 1


def test_a_proof_in_which_nobody_dies_needs_no_take_over() -> None:
    assert replace(GOOD, faults={"flush": 3}, takeovers=0).broken() == []


def test_a_page_that_failed_is_told_with_what_was_on_at_that_moment() -> None:
    page = {"page": "GET /", "why": "/ answered 500", "on": ["flush at +0.1 s"]}
    told = replace(GOOD, portal_errors=1, failed_pages=[page])
    assert "/ answered 500 (flush at +0.1 s)" in told.as_table()
    assert json.loads(told.as_json())["failed_pages"] == [page]


def test_a_proof_that_was_too_slow_tells_what_it_waited_for() -> None:
    told = replace(GOOD, longest_takeovers=["build after 11.0 s"], longest_doubts=["hosting.create_site 80.0 s"])
    assert "after 11.0 s" not in told.as_table()
    assert "80.0 s" not in told.as_table()
    late = replace(told, takeover_s={"p50": 1.0, "p99": 11.0, "max": 11.0})
    assert "build after 11.0 s" in late.as_table()
    assert "hosting.create_site 80.0 s" in replace(told, doubt_beyond_s=11.0).as_table()


@pytest.mark.parametrize("control", [Control("token", 0, 1, 0), Control("token", 1, 1, 1)])
def test_a_control_that_shows_no_difference_makes_the_proof_void(control: Control) -> None:
    assert replace(GOOD, control=[control]).broken() == ["void: the control without token proves nothing"]


def test_percentiles_are_of_the_slow_end() -> None:
    assert percentiles([]) == {"p50": 0.0, "p99": 0.0, "max": 0.0}
    assert at([float(second) for second in range(1, 101)], 0.99) == 99.0
    assert at([3.0, 1.0, 2.0], 0.5) == 2.0


def test_a_proof_without_redis_in_which_no_page_was_asked_for_is_void() -> None:
    quiet = replace(GOOD, faults={"redis-stopped": 1}, portal_p99_bell_away_s=None)
    assert quiet.broken() == ["void: Redis was away, and no page was asked for meanwhile"]
    assert replace(quiet, portal_p99_bell_away_s=0.2).broken() == []
