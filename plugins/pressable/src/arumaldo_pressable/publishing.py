"""Pages into a WordPress that only takes orders and never answers.

The vendor queues shell commands and says nothing about them but "Success". What they print shows up, in its last
kilobyte, in the site's activity log. So `publish` reads the log for the report of our last command, and where there
is none, or it is not the one we want, it queues the whole batch.

Why nothing is doubled: it need not know what is queued already. Each command decides when it runs (see `commands`), so
a batch that is queued twice, or half and then whole, ends in the same pages. What this process remembers of its
queueing saves the vendor work and nothing else; a process that remembers nothing does the same, once more.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from arumaldo import NotFound, Refused
from arumaldo.capabilities.hosting import SitePage
from arumaldo_pressable.client import NAME, PER_PAGE, PressableClient
from arumaldo_pressable.commands import all_commands, bundles, digest, verdict_in

_log = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds for which a queued batch may be silent before it is queued again."""
_FRESH = timedelta(minutes=10)
_REMEMBERED = 1000


class LogEntry(BaseModel):
    id: int
    timestamp: datetime
    name: str
    message: str | None = None


@dataclass(frozen=True)
class Report:
    """What the last command of a batch printed."""

    digest: str
    nonce: str
    shown: bool
    at: datetime


@dataclass(frozen=True)
class Batch:
    """What this process queued last for a site."""

    digest: str
    nonce: str
    at: float = field(default_factory=time.monotonic)


class Publisher:
    """Keeps the pages of sites as they were asked for."""

    def __init__(self, client: PressableClient) -> None:
        self._client = client
        self._queued: dict[str, Batch] = {}

    def publish(self, site_id: str, title: str, pages: list[SitePage]) -> bool:
        """Whether the site shows these pages; where it does not yet, see to it that it will.

        At most two quick requests and one more for every 48 kB of pages. A second call changes nothing, and queues
        again only what has not been reported for a while or was reported missing. Refused: two pages with one slug.
        """
        if len({page.slug for page in pages}) < len(pages):
            raise Refused(NAME, "was given two pages with the same slug; give each page its own")
        wanted = digest(title, pages)
        report = self._last_report(site_id)
        batch = self._queued.get(site_id)
        if report is not None and _is_settled(report, batch, wanted):
            return True
        if not _is_under_way(report, batch, wanted):
            self._queue(site_id, title, pages)
        return False

    def _last_report(self, site_id: str) -> Report | None:
        question = {"page": 1, "per_page": PER_PAGE}
        answer = self._client.call("POST", f"/sites/{site_id}/logs/activity", repeatable=True, json=question)
        for entry in sorted(answer.many(LogEntry), key=lambda entry: entry.id, reverse=True):
            verdict = verdict_in(entry.message or "") if entry.name == "ssh.command" else None
            if verdict:
                return Report(*verdict, at=entry.timestamp)
        return None

    def _queue(self, site_id: str, title: str, pages: list[SitePage]) -> None:
        batch = Batch(digest(title, pages), secrets.token_hex(4))
        try:
            for bundle in bundles(all_commands(title, pages, f"{batch.digest}-{batch.nonce}")):
                self._client.call(
                    "POST", f"/sites/{site_id}/wordpress/commands", repeatable=True, json={"commands": bundle}
                )
        except NotFound:
            raise
        except Refused as refusal:
            # A site may be live before it takes commands, and nothing else is wrong with ours.
            _log.warning("Site %s takes no commands yet: %s", site_id, refusal)
        if len(self._queued) >= _REMEMBERED:
            self._queued.clear()
        self._queued[site_id] = batch


def _is_settled(report: Report, batch: Batch | None, wanted: str) -> bool:
    """An old report may have been overtaken by the customer, and other pages may be under way since."""
    if not report.shown or report.digest != wanted:
        return False
    if batch is not None and batch.digest != wanted:
        return False
    return (batch is not None and batch.nonce == report.nonce) or report.at > datetime.now(UTC) - _FRESH


def _is_under_way(report: Report | None, batch: Batch | None, wanted: str) -> bool:
    if batch is None or batch.digest != wanted or time.monotonic() - batch.at > PATIENCE:
        return False
    return report is None or report.nonce != batch.nonce
