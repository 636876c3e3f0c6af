"""Two releases work on one database, forth and back, while orders go all the way through.

The next release is this one with a schema that adds, a message that says more, and a message that is new.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from arumaldo.demo.businesses import COUNT, business
from arumaldo.demo.walker import Customer

from .beside import environment_beside, person, web, worker
from .next_release import head, next_release
from .platform import Platform, eventually, running

pytestmark = pytest.mark.slow

PUBLISH = """
import os, sys, uuid
from pathlib import Path
from arumaldo.flows import facts, onboarding
from arumaldo.installation import Installation
from arumaldo.store.scope import Owner

config, reseller, account, order = sys.argv[1:]
inst = Installation(Path(config), os.environ, threads=1)
with inst.store.of(Owner(uuid.UUID(reseller), uuid.UUID(account))) as rows:
    rows.publish(facts.SiteAdmired(order_id=uuid.UUID(order)))
inst.close()
"""


@dataclass
class Strange:
    """A step that only the next release can carry out: how this one left it, and how it ended."""

    number: int
    state: str = ""
    attempts_and_faults: Sequence[int] = ()
    why: str = ""
    ended: str = ""


@dataclass
class Story:
    """Forth and back, and what was seen on the way."""

    revisions: Sequence[str] = ()
    """What `migrate` said: that of the next release, and then once more that of this one."""
    old_message: str = ""
    """How a step ended that this release had asked for when only workers of the next one were there."""
    sites: dict[str, str] = field(default_factory=dict)
    """Who served → the address of the site that came of it."""
    more_fields: Strange = field(default_factory=lambda: Strange(0))
    new_kind: Strange = field(default_factory=lambda: Strange(0))
    admirers: Sequence[Any] = ()
    charges: int = 0
    hosted: int = 0


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next release's sources."""
    return next_release(tmp_path_factory.mktemp("next"))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """This release, with a web process and no worker."""
    with running(tmp_path_factory.mktemp("releases"), workers=0) as up:
        yield up


@pytest.fixture(scope="module")
def story(hub: Platform, after: Path) -> Story:
    with hub.people:
        return lived(hub, after)


def lived(hub: Platform, after: Path) -> Story:
    told = Story()
    began_before = person(hub)
    began_before.answer_questions()
    asked = newest(hub, "PreviewAsked")
    told.revisions = [migrated(environment_beside(hub), after), migrated(environment_beside(hub))]
    with web(hub, "web-next", after) as (_, next_web):
        with worker(hub, "worker-next", after):
            told.old_message = eventually(lambda: ended(hub, asked))
            with worker(hub, "worker-old"), web(hub, "web-old") as (_, old_web):
                told.sites = served({"running": hub, "started": old_web, "next": next_web})
                told.sites["begun before"] = finished(began_before)
            # A step that only the next release knows would hold up the account's later ones, which are looked at below.
            eventually(lambda: not hub.rows("SELECT 1 FROM deliveries WHERE state = 'waiting'"))
        with worker(hub, "worker-back"):
            told.more_fields, told.new_kind = asked_for_more(hub, next_web), admired(hub, after)
            for strange in (told.more_fields, told.new_kind):
                eventually(lambda strange=strange: is_put_back(hub, strange))  # type: ignore[misc]
            told.sites |= served({"back": hub})
        with worker(hub, "worker-next-again", after):
            for strange in (told.more_fields, told.new_kind):
                strange.ended = eventually(lambda strange=strange: ended(hub, strange.number))  # type: ignore[misc]
    told.admirers = hub.rows("SELECT a.tone, o.admired_at FROM admirers a JOIN orders o ON o.id = a.order_id")
    told.charges, told.hosted = hub.live("authorizenet", "charges"), hub.live("pressable", "sites")
    return told


def migrated(environment: Mapping[str, str], source: Path | None = None) -> str:
    """What `arumaldo migrate` says, of the release in `source` where that is not our own."""
    done = told_by("-m", "arumaldo", "migrate", environment=environment, source=source)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def told_by(
    *words: str, environment: Mapping[str, str], source: Path | None = None
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment, **({"PYTHONPATH": str(source)} if source else {})}
    return subprocess.run(
        [sys.executable, *words], env=env, capture_output=True, text=True, check=False, timeout=60, cwd="/"
    )


def served(places: Mapping[str, Platform]) -> dict[str, str]:
    """A new customer at each of these web processes at once, from the sign-up to the open site."""

    def walk(place: Platform) -> str:
        number = secrets.randbelow(COUNT)
        customer = Customer(place.url, place.tree.sandbox_url, business(number), threading.Event())
        with customer.browser:
            return customer.walk()

    with ThreadPoolExecutor(len(places)) as pool:
        return dict(zip(places, pool.map(walk, places.values()), strict=True))


def finished(customer: Customer) -> str:
    """From the preview to the open site; answers its address."""
    customer.approve()
    customer.choose_plan()
    customer.confirm()
    customer.pay()
    return str(eventually(lambda: customer.browser.json("/onboarding/state").get("site_url")))


def newest(hub: Platform, message: str) -> int:
    query = "SELECT max(d.id) FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.type = %s"
    return int(hub.rows(query, message)[0][0])


def ended(hub: Platform, delivery: int) -> str:
    """How it ended; "" while it waits."""
    [(state,)] = hub.rows("SELECT state FROM deliveries WHERE id = %s", delivery)
    return "" if state == "waiting" else state


def asked_for_more(hub: Platform, next_web: Platform) -> Strange:
    """A customer of the next release's portal asks for a preview."""
    person(next_web).answer_questions()
    return Strange(newest(hub, "PreviewAsked"))


def admired(hub: Platform, after: Path) -> Strange:
    """The next release says of the last order what only it can say."""
    [owner_and_order] = hub.rows("SELECT reseller_id, account_id, id FROM orders ORDER BY id DESC LIMIT 1")
    words = ("-c", PUBLISH, str(hub.config), *map(str, owner_and_order))
    done = told_by(*words, environment=environment_beside(hub), source=after)
    assert done.returncode == 0, done.stderr
    return Strange(newest(hub, "SiteAdmired"))


def is_put_back(hub: Platform, strange: Strange) -> bool:
    """Note how this release leaves it, once it has had it in its hands."""
    query = "SELECT state, attempt, faults, deaths, waits_for FROM deliveries WHERE id = %s AND holder IS NULL"
    for state, attempt, faults, deaths, why in hub.rows(query, strange.number):
        strange.state, strange.attempts_and_faults, strange.why = state, (attempt, faults, deaths), why or ""
    return bool(strange.why)


def test_this_release_leaves_a_newer_schema_as_it_is(story: Story) -> None:
    newer = f"{int(head()) + 1:04}"
    assert story.revisions == [f"The database is at revision {newer}."] * 2


def test_this_release_goes_on_and_starts_anew_on_a_newer_schema_that_only_adds(story: Story) -> None:
    assert story.sites.keys() >= {"running", "started"}
    assert all(story.sites.values())


def test_customers_of_both_releases_get_their_sites_while_both_work(story: Story) -> None:
    assert story.sites.keys() >= {"running", "next", "begun before"}


def test_customers_get_their_sites_after_going_back(story: Story) -> None:
    assert story.sites["back"]


def test_every_customer_is_charged_once_and_hosted_once(story: Story) -> None:
    assert (story.charges, story.hosted) == (len(story.sites), len(story.sites)) == (5, 5)


def test_what_this_release_asked_for_the_next_one_carries_out(story: Story) -> None:
    assert story.old_message == "done"


def test_a_message_that_says_more_is_put_back_for_the_next_release(story: Story) -> None:
    strange = story.more_fields
    assert (strange.state, strange.attempts_and_faults) == ("waiting", (0, 0, 0))
    assert "does not know PreviewAsked version 2" in strange.why
    assert strange.ended == "done"


def test_a_message_that_is_new_is_put_back_for_the_next_release(story: Story) -> None:
    strange = story.new_kind
    assert (strange.state, strange.attempts_and_faults) == ("waiting", (0, 0, 0))
    assert "no handler remember_who_admired" in strange.why
    assert strange.ended == "done"
    assert ("warm", None) not in story.admirers
    assert story.admirers


def test_a_newer_schema_that_does_more_than_add_stops_this_release(hub: Platform, tmp_path: Path) -> None:
    more = next_release(tmp_path, only_adds=False)
    with psycopg.connect(hub.tree.postgres.url("postgres", "postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE changed OWNER owner")
    environment = {"ARUMALDO_DATABASE_OWNER": hub.tree.postgres.url("owner", "changed")}
    migrated(environment, more)
    done = told_by("-m", "arumaldo", "migrate", environment=environment)
    assert done.returncode == 78
    assert "a newer release, which does not serve this one" in done.stderr
