"""How long a question was open is told apart from how long it waited for us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from arumaldo_prove.doubts import Open, Questions, sure_after

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SITE = "hosting.create_site"
SURE = sure_after(SITE)


def question(
    at: float, *, asked: bool = False, closed: bool = False, state: str = "unknown", began: float = 0.0,
    claims: int = 0, called: float | None = None,
) -> Open:  # fmt: skip
    """As the book shows it so many seconds after noon; `called`: when, if that was after the answer could be final."""
    intended_at, began_at, now = (
        NOON + timedelta(seconds=moment) for moment in (began, began if called is None else called, at)
    )
    return Open("one", SITE, state, intended_at, began_at, now, is_asked=asked, claims=claims, is_closed=closed)


def looked_at(*rows: Open) -> Questions:
    questions = Questions()
    for row in rows:
        questions.look([row])
    return questions


def test_the_documented_time_is_what_the_hook_promises() -> None:
    assert SURE > 0


def test_waiting_until_an_empty_answer_is_final_is_not_counted() -> None:
    (doubt,) = looked_at(*(question(at) for at in range(int(SURE)))).all()
    assert (doubt.seconds, doubt.beyond, doubt.past_sure) == (SURE - 1, 0.0, 0.0)


def test_a_question_that_lies_around_after_that_is_counted() -> None:
    (doubt,) = looked_at(*(question(at) for at in range(int(SURE) + 8))).all()
    assert doubt.beyond == pytest.approx(7.0)


@pytest.mark.parametrize(("asked", "closed"), [(True, False), (False, True)])
def test_what_a_worker_holds_and_what_the_vendor_put_off_is_not_counted(asked: bool, closed: bool) -> None:
    (doubt,) = looked_at(*(question(at, asked=asked, closed=closed) for at in range(int(SURE) + 8))).all()
    assert (doubt.beyond, doubt.past_sure) == (0.0, 7.0)


def test_a_look_up_that_the_vendor_fails_gives_the_next_one_its_own_time() -> None:
    (doubt,) = looked_at(*(question(SURE + at, claims=at // 4) for at in range(12))).all()
    assert (doubt.beyond, doubt.past_sure) == (4.0, 11.0)


def test_in_a_restored_book_a_question_is_as_old_as_its_call() -> None:
    (doubt,) = looked_at(*(question(200 + at, called=200) for at in range(4))).all()
    assert (doubt.seconds, doubt.beyond, doubt.past_sure) == (3.0, 3.0, 0.0)


def test_while_the_database_is_away_nothing_is_counted() -> None:
    (doubt,) = looked_at(question(SURE), question(SURE + 30), question(SURE + 31)).all()
    assert (doubt.beyond, doubt.past_sure) == (1.0, 31.0)


def test_a_question_ends_when_the_book_says_so() -> None:
    questions = looked_at(question(1), question(2))
    questions.close([], [("one", NOON, NOON + timedelta(seconds=2.4))])
    (doubt,) = questions.all()
    assert (doubt.seconds, questions.waiting) == (2.4, [])


def test_a_question_that_was_answered_with_no_ends_with_the_next_call() -> None:
    questions = looked_at(question(61))
    again = question(63, began=62, state="intended")
    questions.close([again], [("one", again.intended_at, None)])
    questions.look([again])
    assert [doubt.seconds for doubt in questions.all()] == [62.0]


def test_a_call_that_was_answered_at_once_was_never_in_doubt() -> None:
    questions = looked_at(question(0.4, state="intended"))
    questions.close([], [("one", NOON, NOON + timedelta(seconds=0.8))])
    assert questions.all() == []


def test_a_call_that_stays_open_is_in_doubt_also_when_nobody_could_write_it_down() -> None:
    assert len(looked_at(question(7, state="intended")).all()) == 1


def test_what_took_so_long_is_told() -> None:
    busy = replace(question(SURE + 2), step_said="create_the_site, due in 5 s: the host is busy")
    (doubt,) = looked_at(question(SURE), question(SURE + 1, asked=True), busy).all()
    went_by = (
        "with a worker 1.0 s, waiting 1.0 s; 1.0 s of it at a stretch, create_the_site, due in 5 s: the host is busy"
    )
    assert doubt.told() == f"{SITE} {SURE + 2:.1f} s; after it was sure: {went_by}"


def test_what_waits_its_turn_while_every_thread_has_something_does_not_wait_for_us() -> None:
    looks = [replace(question(SURE + second), is_crowded=True) for second in range(20)]
    (doubt,) = looked_at(question(SURE - 1), *looks).all()
    assert (doubt.beyond, doubt.crowded, doubt.past_sure) == (0.0, 19.0, 19.0)
