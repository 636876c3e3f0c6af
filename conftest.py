"""Fixtures for all tests of the workspace, and which of them may run at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["arumaldo.testing.fixtures"]

_HOUSE = Path(__file__).parent / "tests"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`--dist loadgroup` runs a group in one process, one test after another, and different groups side by side.

    Two whole platforms at once would starve each other, and so would two tests that start servers or browsers; what
    shares a file shares its fixtures.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    if item.get_closest_marker("slow") is None:
        return item.path.relative_to(_HOUSE.parent).as_posix()
    return "platforms" if item.path.is_relative_to(_HOUSE) else "servers"
