"""Which of the places are cut, and what counts as held."""

from __future__ import annotations

from arumaldo_prove.explorer import Explored, chosen

PLACES = [f"step:commit-{number}:before" for number in range(10)]


def test_every_place_is_cut_unless_fewer_are_asked_for() -> None:
    assert chosen(PLACES, seed=3, most=None) == PLACES
    assert chosen(PLACES, seed=3, most=10) == PLACES
    assert chosen(PLACES, seed=3, most=100) == PLACES


def test_fewer_places_lie_evenly_along_the_way_and_all_seeds_together_cut_all() -> None:
    found = [chosen(PLACES, seed, most=4) for seed in range(3)]
    assert [len(places) for places in found] == [4, 3, 3]
    assert sorted(place for places in found for place in places) == sorted(PLACES)


def test_it_holds_only_when_each_place_that_was_cut_ended_well() -> None:
    assert Explored(seed=1, places=225, cuts=75, well=75).holds
    assert not Explored(seed=1, places=225, cuts=75, well=74).holds
    assert not Explored(seed=1, places=0, cuts=0, well=0).holds
    assert Explored(1, 225, 75, 75).as_table() == "crash points: 75 of 75, chosen evenly from 225"
