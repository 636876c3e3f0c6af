"""A lost book is put back from a copy: nothing is charged or built twice, and nobody's money is forgotten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from arumaldo.demo.tree import environment

from .beside import worker
from .customer import Onboarded, customer
from .platform import Platform, eventually, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(server_states: Path) -> Iterator[Platform]:
    """A platform without workers: the test says when there is one."""
    with running(server_states / "restore", workers=0) as up, up.people:
        yield up


def command(platform: Platform, *words: str) -> str:
    """What `arumaldo <words>` says."""
    place = () if words[0] in ("backup", "restore") else ("--config", str(platform.config))
    env = {**os.environ, **environment(platform.tree)}
    ended = subprocess.run(
        [sys.executable, "-m", "arumaldo", *words, *place], env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def lose_the_book(platform: Platform) -> None:
    """The database is gone, and an empty one stands at its address."""
    with psycopg.connect(platform.tree.postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute("ALTER DATABASE arumaldo ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'arumaldo'")
        server.execute("DROP DATABASE arumaldo WITH (FORCE)")
        server.execute("CREATE DATABASE arumaldo OWNER owner")


def let_the_vendors_lists_settle(platform: Platform) -> None:
    with psycopg.connect(platform.tree.postgres.owner_url) as connection:
        connection.execute("UPDATE hub_clock SET is_test = true, shift = '61 s'")


def surplus(platform: Platform) -> list[str]:
    """The ids of the findings that wait for the operator."""
    listed = json.loads(command(platform, "today", "--json"))
    return [matter["subject"] for matter in listed if matter["kind"] == "surplus"]


def waits_to_pay(hub: Platform) -> Onboarded:
    return customer(hub).until_preview().chooses_a_plan().until("payment")


def test_what_was_paid_and_built_after_the_copy_is_found_adopted_or_told_to_the_operator(
    hub: Platform, tmp_path: Path
) -> None:
    copy = tmp_path / "book.copy"
    with worker(hub, "worker-before"):
        pays_twice, pays_once, on_the_way = waits_to_pay(hub), waits_to_pay(hub), waits_to_pay(hub)
        with hub.fault("authorizenet", effect="after", answer="delay", seconds=12, match="createTransactionRequest"):
            on_the_way.pays()  # the copy holds an effect whose outcome nobody knows
            eventually(lambda: hub.rows("SELECT 1 FROM effects WHERE step = 'payments.charge' AND state = 'intended'"))
            command(hub, "backup", str(copy))
        for person in (pays_twice.pays(), pays_once.pays(), on_the_way, waits_to_pay(hub).pays()):
            person.until("live")

    lose_the_book(hub)
    command(hub, "restore", str(copy))
    eventually(lambda: hub.version)

    with worker(hub, "worker-after"):
        pays_twice.pays()
        assert "paused" in command(hub, "today")
        assert pays_twice.state()["step"] == "paying"
        let_the_vendors_lists_settle(hub)
        for person in (pays_twice, pays_once, on_the_way):
            person.until("live")
            assert person.shows_its_site()
        assert hub.live("authorizenet", "charges") == 4
        assert hub.live("pressable", "sites") == 4
        assert (hub.live("zoho", "subscriptions"), hub.live("zoho", "payments")) == (4, 4)

        found = eventually(lambda: surplus(hub))
        assert len(found) == 3  # charge, subscription and site of the customer whom the copy does not know
        for finding in found:
            command(hub, "settle", finding, "--undo")
        assert surplus(hub) == []
    assert hub.live("authorizenet", "charges") == 3
    assert hub.live("pressable", "sites") == 3
    assert hub.live("zoho", "subscriptions") == 3
