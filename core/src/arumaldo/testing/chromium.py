"""A real Chromium for tests of pages, where there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

_PATIENCE = 20_000
"""Milliseconds until something must be seen, on whatever machine: how quick pages are is no matter of tests."""
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def chromium() -> Iterator[Browser]:
    """For a fixture: `yield from chromium()`. Without one the test skips, and where CI=true it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        assert os.environ.get("CI") != "true", "CI tests the pages in Chromium, and it is not installed"
        pytest.skip("Chromium is not installed")
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=_OPTIONS)
        yield browser
        browser.close()
