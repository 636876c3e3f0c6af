"""One platform for all journeys that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .platform import Platform, running


@pytest.fixture(scope="session")
def platform(server_states: Path) -> Iterator[Platform]:
    with running(server_states / "platform") as up:
        yield up


@pytest.fixture(autouse=True)
def close_browsers(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test's customers opened is closed after it."""
    yield
    if "platform" in request.fixturenames:
        request.getfixturevalue("platform").people.close()
