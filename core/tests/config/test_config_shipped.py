"""The file at the root of the repository, as it is and as its comments say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arumaldo.config import parse, parse_file

from .conftest import SECRET

IDS = {"ZOHO_BILLING_ORGANIZATION": "10234695", "CLOUDFLARE_ACCOUNT_ID": "0123456789abcdef" * 2}
"""These have a form of their own."""
SHIPPED = Path(__file__).parents[3] / "hubconfig.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the demo was started once."""
    (tmp_path / ".arumaldo").mkdir()
    (tmp_path / ".arumaldo" / "secret").write_text(SECRET)
    return tmp_path


def test_the_file_of_the_repository_is_right_for_everybody_to_read(folder: Path) -> None:
    copy = folder / "hubconfig.toml"
    copy.write_text(SHIPPED.read_text("utf-8"), "utf-8")
    copy.chmod(0o644)
    main = parse_file(copy, environ={}).for_reseller("main")
    assert len(main.plans) >= 2
    for choice in main.plugins.values():
        assert choice.sandbox == (choice.plugin.sandbox is not None)


def test_its_comments_lead_to_real_accounts(folder: Path) -> None:
    text = re.sub(r"(?m)^# (?=[a-z_]+ = |\[resellers\.)", "", SHIPPED.read_text("utf-8"))
    text = text.replace("sandbox = true", "sandbox = false")
    variables = re.findall(r'(?m)^[a-z_]+ = "env:(\w+)"', text)
    assert variables
    config = parse(text, environ=dict.fromkeys(variables, "real-value-12345") | IDS, base=folder)
    assert not any(choice.sandbox for choice in config.for_reseller("main").plugins.values())
    assert list(config.resellers) == ["main", "bakers"]
