"""Numbers and times as people say them. The browser puts times into the reader's own zone (static/times.js)."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta

from arumaldo.money import Money

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


def ago(moment: datetime, now: datetime | None = None) -> str:
    """ "2 minutes ago, 14:05 UTC"; with the day once it is not today's."""
    now = now or datetime.now(UTC)
    moment = moment.astimezone(UTC)
    clock = f"{moment:%H:%M} UTC" if moment.date() == now.date() else f"{long_date(moment)}, {moment:%H:%M} UTC"
    return f"{_span(now - moment)}, {clock}"


def long_date(day: date) -> str:
    """ "December 22, 2026"."""
    return f"{day:%B} {day.day}, {day.year}"


def in_a_while(seconds: int) -> str:
    """ "in 40 seconds", "in 5 minutes", "in 3 hours", "tomorrow"; rather too late than too early."""
    if seconds > 20 * 3600:
        return "tomorrow"
    for size, name in ((3600, "hour"), (60, "minute")):
        if seconds > 1.5 * size:
            return f"in {-(-seconds // size)} {name}s"
    return "in a second" if seconds <= 1 else f"in {seconds} seconds"


def money(minor: int, currency: str) -> str:
    """ "$29.00"."""
    return str(Money(minor=minor, currency=currency))


def address(url: str) -> str:
    """A website's address as people write it: without the scheme and the last slash."""
    return url.partition("://")[2].rstrip("/") or url


def next_payment(every: str, today: date | None = None) -> date:
    """The same day of the next month or year, or its last day where there is no such day."""
    today = today or datetime.now(UTC).date()
    months = today.month + (12 if every == "year" else 1)
    year, month = today.year + (months - 1) // 12, (months - 1) % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def _span(age: timedelta) -> str:
    for unit, name in _UNITS:
        if (count := age // unit) >= 1:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"
