"""`arumaldo check --live` on a whole installation, as an operator runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from .beside import environment_beside
from .platform import HUBCONFIG, Platform

pytestmark = pytest.mark.slow


def checked(environment: Mapping[str, str], *words: str, config: Path = HUBCONFIG) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "arumaldo", "check", "--live", "--config", str(config), *words],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_an_installation_in_order_gets_a_line_for_each_part(platform: Platform) -> None:
    done = checked(environment_beside(platform))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "✓ database", "✓ redis",
        "✓ plugins.openai", "✓ plugins.authorizenet", "✓ plugins.pressable", "✓ plugins.zoho", "✓ plugins.cloudflare",
        "✓ plugins.brevo",
    ]  # fmt: skip
    assert all("sandbox: " in line for line in lines[2:])


def test_a_key_that_was_revoked_is_found_before_a_customer_finds_it(platform: Platform) -> None:
    with platform.switch("openai", "key", "revoked"):
        done = checked(environment_beside(platform), "--json")
    assert done.returncode == 1
    [wrong] = [finding for finding in json.loads(done.stdout)["findings"] if finding["state"] == "wrong"]
    assert wrong["name"] == "plugins.openai"
    assert "api_key" in wrong["said"]


def test_while_the_secret_is_missing_nobody_is_asked(platform: Platform, tmp_path: Path) -> None:
    config = Path(shutil.copy(HUBCONFIG, tmp_path))
    done = checked({**environment_beside(platform), "ARUMALDO_SECRET": ""}, config=config)
    assert done.returncode == 78
    assert "secret" in done.stdout
    assert "✓" not in done.stdout
