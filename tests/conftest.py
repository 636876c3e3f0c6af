"""One platform for all journeys that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("platform")) as up:
        yield up


@pytest.fixture(autouse=True)
def close_browsers(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test's customers opened is closed after it."""
    yield
    if "platform" in request.fixturenames:
        request.getfixturevalue("platform").people.close()
