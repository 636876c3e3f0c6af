"""Fixtures for all tests of the workspace, and which of them may run at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from arumaldo.testing.chromium import chromium

pytest_plugins = ["arumaldo.testing.fixtures"]

_ROOT = Path(__file__).parent
_LONGEST = PLATFORMS, SERVERS = "platforms", "servers"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one file's tests: while it is open, asyncio runs in their thread, where other tests cannot start it."""
    yield from chromium()


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One process runs a group, one test after another; different groups run side by side.

    Two whole platforms at once would starve each other, and so would two tests that start servers or browsers; what
    shares a file shares its fixtures.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


@cache
def group_of(file: str) -> str:
    """The group of a file's tests: its own, unless it has slow ones."""
    if "pytest.mark.slow" not in (_ROOT / file).read_text(encoding="utf-8"):
        return file
    return PLATFORMS if file.startswith("tests/") else SERVERS


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The groups that take longest begin first, so that at the end nobody waits for one of them alone."""
    order = {group: place for place, group in enumerate(_LONGEST)}
    items.sort(key=lambda item: order.get(group_of(item.nodeid.partition("::")[0]), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    """For `--dist loadscope`, which is what scripts/test says; xdist's own loadgroup does nothing under pytest 9.2."""
    return Groups(config, log) if config.getoption("dist") == "loadscope" else None
