"""The links inside a WordPress, which are absolute: they follow the site to another host.

Done by wp itself in the vendor's queue (see `publishing` for what that means). Each command may run any number of
times, at any time. The option `arumaldo_host` says to which host the links were moved; links are moved back from there
only, because whatever leads to a domain and was not moved to it was put there by the customer.
"""

from __future__ import annotations

import logging
import re
import secrets
import shlex
import time
from dataclasses import dataclass
from hashlib import sha256

from arumaldo import NotFound, Refused
from arumaldo_pressable.client import PER_PAGE, PressableClient
from arumaldo_pressable.commands import ENTER, subshell
from arumaldo_pressable.publishing import PATIENCE, Batch, LogEntry

_log = logging.getLogger(__name__)

_OPTION = "arumaldo_host"
_VERDICT = re.compile(r"arumaldo links ([0-9a-f]{12})-([0-9a-f]{8}) (moved|missing)")
_REMEMBERED = 1000


@dataclass(frozen=True)
class Move:
    """Links that lead to the host `old` shall lead to `new`; `back` to where they came from."""

    old: str
    new: str
    back: bool = False

    @property
    def digest(self) -> str:
        return sha256(f"{self.old} {self.new} {self.back}".encode()).hexdigest()[:12]

    def command(self, nonce: str) -> str:
        """One line for the shell; it reports under `nonce`."""
        # A host as a whole: neither "bakery.co" in "bakery.com", nor what comes after the @ of a mail address.
        links = rf"//{re.escape(self.old)}(?![\w-]|[.:]\w)"
        replace = f"wp search-replace {shlex.quote(links)} {shlex.quote(f'//{self.new}')}"
        # The replacement is done in the database, past the object cache.
        done = f"{replace} --regex --skip-columns=guid --no-report && wp cache flush"
        if self.back:
            moved = f'[ "$(wp option get {_OPTION})" = {shlex.quote(self.old)} ]'
            steps = f"{moved} && {done} && wp option delete {_OPTION}"
        else:
            steps = f"{done} && wp option update {_OPTION} {shlex.quote(self.new)} --autoload=no"
        return subshell(
            ENTER,
            "verdict=missing",
            f"{steps} && verdict=moved",
            f"printf 'arumaldo links %s %s\\n' {self.digest}-{nonce} \"$verdict\"",
        )


class Links:
    """Sees to it that links are moved, and knows from the site's log whether they were."""

    def __init__(self, client: PressableClient) -> None:
        self._client = client
        self._queued: dict[str, Batch] = {}

    def were_moved(self, site_id: str, move: Move) -> bool:
        """Whether this was the last move of the site's links, as far as the log goes back; only asks."""
        digest, _, moved = self._last_report(site_id)
        return moved and digest == move.digest

    def put(self, site_id: str, move: Move) -> bool:
        """Whether the links were moved; where not yet, see to it that they will be. A second call changes nothing."""
        digest, nonce, moved = self._last_report(site_id)
        batch = self._queued.get(site_id)
        if digest == move.digest and moved and (batch is None or batch.digest == digest):
            return True
        if not _is_under_way(batch, move, reported=nonce):
            self.queue(site_id, move)
        return False

    def queue(self, site_id: str, move: Move) -> None:
        """Have the links moved when the site's turn comes. NotFound: the site is gone."""
        batch = Batch(move.digest, secrets.token_hex(4))
        order = {"commands": [move.command(batch.nonce)]}
        try:
            self._client.call("POST", f"/sites/{site_id}/wordpress/commands", repeatable=True, json=order)
        except NotFound:
            raise
        except Refused as refusal:
            # A site that takes no commands at the moment, and nothing is wrong with ours.
            _log.warning("Links of site %s are not moved from %s yet: %s", site_id, move.old, refusal)
        if len(self._queued) >= _REMEMBERED:
            self._queued.clear()
        self._queued[site_id] = batch

    def _last_report(self, site_id: str) -> tuple[str, str, bool]:
        """(digest, nonce, moved) of the newest report; empty where there is none."""
        question = {"page": 1, "per_page": PER_PAGE}
        answer = self._client.call("POST", f"/sites/{site_id}/logs/activity", repeatable=True, json=question)
        for entry in sorted(answer.many(LogEntry), key=lambda entry: entry.id, reverse=True):
            found = _VERDICT.findall(entry.message or "") if entry.name == "ssh.command" else []
            if found:
                digest, nonce, verdict = found[-1]
                return digest, nonce, verdict == "moved"
        return "", "", False


def _is_under_way(batch: Batch | None, move: Move, reported: str) -> bool:
    if batch is None or batch.digest != move.digest or batch.nonce == reported:
        return False
    return time.monotonic() - batch.at <= PATIENCE
