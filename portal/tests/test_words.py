"""How times and sums are said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from arumaldo_portal.words import address, ago, in_a_while, money, next_payment

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=20), "just now, 14:04 UTC"),
        (timedelta(minutes=2), "2 minutes ago, 14:03 UTC"),
        (timedelta(hours=1), "1 hour ago, 13:05 UTC"),
        (timedelta(days=3), "3 days ago, November 19, 2026, 14:05 UTC"),
    ],
)
def test_times_are_said_from_here_and_by_the_clock(before: timedelta, said: str) -> None:
    assert ago(NOW - before, NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "in a second"), (40, "in 40 seconds"), (90, "in 90 seconds"), (91, "in 2 minutes"), (5400, "in 90 minutes"),
        (5401, "in 2 hours"), (86_400, "tomorrow"),
    ],
)  # fmt: skip
def test_a_time_to_wait_is_said_as_people_do_and_never_too_short(seconds: int, said: str) -> None:
    assert in_a_while(seconds) == said


@pytest.mark.parametrize(
    ("every", "today", "next_one"),
    [
        ("month", date(2026, 11, 22), date(2026, 12, 22)),
        ("month", date(2026, 12, 31), date(2027, 1, 31)),
        ("month", date(2027, 1, 31), date(2027, 2, 28)),
        ("year", date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_the_next_payment_is_on_the_same_day_or_the_months_last(every: str, today: date, next_one: date) -> None:
    assert next_payment(every, today) == next_one


def test_sums_have_their_currency_and_addresses_no_scheme() -> None:
    assert money(123456, "USD") == "$1,234.56"
    assert address("https://bakery.example/") == "bakery.example"
