"""A plugin that listens to `events` hears each fact once, and its troubles are nobody else's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from arumaldo.workers import LANE_THREADS

from .customer import customer
from .packages import configured, importable, installed
from .platform import Platform, eventually, running

pytestmark = pytest.mark.slow

ONBOARDING = [
    "AccountOpened", "PreviewAsked", "PreviewMade", "PreviewApproved", "PlanChosen", "OrderQuoted",
    "PaymentSubmitted", "OrderPaid", "InvoicePaid", "SiteCreated", "SiteReady", "PagesPublished", "SiteHandedOver",
    "DomainEntered", "ZoneMade", "TargetsKnown", "RecordsPut", "DomainDelegated", "DomainAttached", "DomainConnected",
]  # fmt: skip
"""The facts of one onboarding, in the order in which they become true; those about mails lie between them."""
NOTE, RAISE, HANG = (f'mode = "{mode}"' for mode in ("note", "raise", "hang"))
CUSTOMERS = LANE_THREADS + 2
"""More than a listener that hangs can hold at once, in the one worker that there is."""


@dataclass(frozen=True)
class Heard:
    """One line of what the listener writes down."""

    id: UUID
    type: str
    account: UUID
    mode: str


@dataclass
class Listened:
    """A platform with a listener from outside."""

    platform: Platform
    notes: Path

    def heard(self, accounts: set[UUID]) -> list[Heard]:
        """What was heard of these accounts, in order, repetitions too."""
        lines = self.notes.read_text(encoding="utf-8").splitlines() if self.notes.exists() else []
        notes = [json.loads(line) for line in lines]
        heard = [Heard(UUID(note["id"]), note["type"], UUID(note["account"]), note["mode"]) for note in notes]
        return [each for each in heard if each.account in accounts]

    def published(self, accounts: set[UUID]) -> list[UUID]:
        """The ids of all facts about these accounts."""
        return [key for (key,) in self.platform.rows("SELECT id FROM messages WHERE account_id = ANY(%s)", [*accounts])]

    def onboard(self, customers: int) -> set[UUID]:
        """So many new customers go live; answers their accounts at the moment when the last one is."""
        before = self.accounts()
        report = self.platform.walk(customers)
        assert list(report.reasons) == []
        assert (report.live, report.doubles) == (customers, 0)
        return self.accounts() - before

    def unfinished(self, accounts: set[UUID]) -> int:
        """How many facts about these accounts the listener has not done with."""
        return self._deliveries(accounts, "handler = 'listener:acme_listener' AND state = 'waiting'")

    def disturbed(self, accounts: set[UUID]) -> int:
        """How many steps of their onboarding failed, lost their worker, were set aside, or are not done."""
        wrong = "faults > 0 OR deaths > 0 OR state <> 'done'"
        return self._deliveries(accounts, f"handler NOT LIKE 'listener:%%' AND ({wrong})")

    def _deliveries(self, accounts: set[UUID], which: str) -> int:
        query = f"SELECT count(*) FROM deliveries WHERE account_id = ANY(%s) AND {which}"
        return int(self.platform.rows(query, [*accounts])[0][0])

    def accounts(self) -> set[UUID]:
        """All that there are."""
        return {account for (account,) in self.platform.rows("SELECT id FROM accounts")}


@pytest.fixture(scope="module")
def listened(tmp_path_factory: pytest.TempPathFactory, server_states: Path) -> Iterator[Listened]:
    """The package is built, installed and enabled, and notes what it hears."""
    folder = tmp_path_factory.mktemp("listened")
    notes = folder / "notes"
    with importable(installed(folder, "acme_listener")):
        config = configured(folder, acme_listener=f"notes = '{notes}'\n{NOTE}")
        with running(server_states / "listened", config, workers=1) as up:
            yield Listened(up, notes)


def test_a_listener_from_outside_hears_each_fact_of_an_onboarding_once(listened: Listened) -> None:
    accounts = listened.onboard(3)
    eventually(lambda: not listened.unfinished(accounts))
    heard = listened.heard(accounts)
    assert Counter(each.id for each in heard) == Counter(listened.published(accounts))
    for account in accounts:
        told = [each.type for each in heard if each.account == account]
        assert [kind for kind in told if kind in ONBOARDING] == ONBOARDING


def test_a_listener_that_is_enabled_while_all_is_running_misses_nothing_from_then_on(listened: Listened) -> None:
    hub, text = listened.platform, listened.platform.config.read_text(encoding="utf-8")
    hub.configure(text.partition("\n[plugins.acme_listener]")[0])
    hub.all_follow()
    before = listened.accounts()
    with hub.people, hub.frozen("worker-1"):  # the portal knows of it before the worker does
        hub.configure(text)
        for _ in range(CUSTOMERS):
            customer(hub)
        accounts = listened.accounts() - before
        told = Counter(listened.published(accounts))
    eventually(lambda: Counter(each.id for each in listened.heard(accounts) if each.id in told) == told)
    assert [each.type for each in listened.heard(accounts)].count("AccountOpened") == CUSTOMERS


def test_customers_go_live_while_a_listener_raises_at_everything(listened: Listened) -> None:
    with listened.platform.changed(NOTE, RAISE):
        accounts = listened.onboard(CUSTOMERS)
        eventually(lambda: listened.disturbed(accounts) == 0)
        eventually(lambda: max(Counter(each.id for each in listened.heard(accounts)).values()) > 1)  # told again


def test_customers_go_live_while_a_listener_hangs_at_everything(listened: Listened) -> None:
    release = listened.notes.with_name(f"{listened.notes.name}.release")
    with listened.platform.changed(NOTE, HANG):
        try:
            accounts = listened.onboard(CUSTOMERS)
            eventually(lambda: listened.disturbed(accounts) == 0)
            assert listened.unfinished(accounts) == len(listened.published(accounts)) > CUSTOMERS * len(ONBOARDING)
            held = Counter(each.id for each in listened.heard(listened.accounts()) if each.mode == "hang")
            assert len(held) == LANE_THREADS
            assert max(held.values()) == 1, "they went live only after the first ones it hung at were given up"
        finally:
            release.touch()
        listened.platform.during(lambda: eventually(lambda: not listened.unfinished(accounts)))
    release.unlink()
    assert {each.id for each in listened.heard(accounts)} == set(listened.published(accounts))
