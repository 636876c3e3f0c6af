"""Every paid order ends in exactly one working site or exactly one full refund, whatever crashes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
import redis

from arumaldo.demo.embedded import Postgres
from arumaldo.demo.files import make_folder
from arumaldo.demo.ports import Ports
from arumaldo.demo.report import Report

from .customer import Onboarded, customer
from .platform import HUBCONFIG, Platform, eventually

pytestmark = pytest.mark.slow

CHARGE = "authCaptureTransaction"
CUSTOMERS, RUSH = 25, 12


def assert_kept(report: Report, customers: int = CUSTOMERS) -> None:
    """All live, each charged once, each with one site; what is not so is told by name."""
    assert list(report.reasons) == []
    assert (report.live, report.doubles) == (customers, 0)
    assert (report.ledgers["authorizenet"]["charges"], report.ledgers["pressable"]["sites"]) == (customers, customers)
    assert report.ledgers["openai"]["responses"] >= customers
    assert report.agrees


def charged(platform: Platform) -> int:
    return platform.live("authorizenet", "charges")


def after_charges(platform: Platform, more: int) -> None:
    """Wait until so many more customers were charged: the middle of the rush."""
    before = charged(platform)
    eventually(lambda: charged(platform) >= before + more)


def test_twenty_five_customers_get_twenty_five_sites_for_twenty_five_charges(platform: Platform) -> None:
    assert_kept(platform.walk(CUSTOMERS))


def test_the_same_when_a_worker_is_killed_in_the_middle(platform: Platform) -> None:
    def kill() -> None:
        after_charges(platform, 5)
        platform.kill("worker-1")

    assert_kept(platform.walk(RUSH, kill), RUSH)


def for_seconds(platform: Platform, seconds: float) -> None:
    """So long, and until somebody was charged meanwhile: what is away has to meet work that goes on."""
    ends_at = time.monotonic() + seconds
    after_charges(platform, 1)
    time.sleep(max(0.0, ends_at - time.monotonic()))


def test_the_same_when_redis_is_stopped_for_twenty_seconds(platform: Platform) -> None:
    def stop() -> None:
        after_charges(platform, 3)
        with platform.tree.supervisor.halted("valkey"):
            for_seconds(platform, 20)

    assert_kept(platform.walk(RUSH, stop), RUSH)


def test_the_same_when_redis_hangs_for_ten_seconds(platform: Platform) -> None:
    def hang() -> None:
        after_charges(platform, 3)
        with platform.frozen("valkey"):
            for_seconds(platform, 10)

    assert_kept(platform.walk(RUSH, hang), RUSH)


def test_the_same_when_redis_is_flushed(platform: Platform) -> None:
    def flush() -> None:
        with redis.Redis.from_url(platform.tree.valkey.url) as client:
            for _ in range(3):
                after_charges(platform, 2)
                client.flushall()

    assert_kept(platform.walk(CUSTOMERS, flush))


def test_the_same_when_the_gateway_books_every_fifth_charge_after_the_caller_hung_up(platform: Platform) -> None:
    late = {"effect": "late", "answer": "cut", "seconds": 3, "share": 0.2, "seed": 1, "times": None, "match": CHARGE}
    with platform.fault("authorizenet", name="late", **late):
        report = platform.walk(RUSH)
        assert platform.control("GET", "authorizenet/faults")["hits"]["late"] > 0
    assert_kept(report, RUSH)


def test_a_worker_killed_between_the_charge_and_its_record_leaves_one_charge_and_one_site(platform: Platform) -> None:
    before = charged(platform)
    with platform.fault("authorizenet", effect="after", answer="hang", match=CHARGE):

        def job() -> Onboarded:
            made = customer(platform).until_paying()
            eventually(lambda: charged(platform) == before + 1)
            for worker in ("worker-1", "worker-2"):
                platform.kill(worker)
            return made.until("live")

        made = platform.during(job)
    assert charged(platform) == before + 1
    assert made.shows_its_site()


def test_a_declined_card_is_told_on_the_payment_page_and_another_one_works(platform: Platform) -> None:
    before = charged(platform)

    def job() -> Onboarded:
        made = customer(platform).until_paying(card="declined")
        made.until("declined")
        page = made.page("/onboarding/payment")
        assert "declined" in page.lower()
        assert "Nothing was charged" in page
        assert charged(platform) == before
        return made.pays().until("live")

    platform.during(job)
    assert charged(platform) == before + 1


def test_while_a_payment_is_in_doubt_the_page_says_so_and_offers_no_second_payment(platform: Platform) -> None:
    before = charged(platform)
    late = {"effect": "late", "answer": "cut", "seconds": 8, "match": CHARGE}

    def job() -> None:
        with platform.fault("authorizenet", **late):
            made = customer(platform).until_paying().until("unknown")
            page = made.page("/onboarding/payment")
            assert "Please do not pay again" in page
            assert not made.can_pay()
            made.until("live")

    platform.during(job)
    assert charged(platform) == before + 1


def test_hosting_that_fails_for_good_ends_in_money_back_and_a_page_that_says_so(platform: Platform) -> None:
    live, all_charges = charged(platform), len(platform.ledger("authorizenet", "charges"))

    def job() -> Onboarded:
        with platform.switch("pressable", "sites", "broken"):
            return customer(platform).until_paying().until("returned")

    made = platform.during(job)
    assert charged(platform) == live
    entries = platform.ledger("authorizenet", "charges")
    assert (len(entries), entries[-1].state) == (all_charges + 1, "undone")
    assert "has been returned" in made.page("/onboarding/progress")


def test_no_id_address_or_stream_of_one_account_opens_anything_of_another(platform: Platform) -> None:
    def job() -> None:
        one, other = customer(platform).until_preview(), customer(platform).until_preview()
        approved = one.preview_id()
        assert one.status(f"/onboarding/preview/{approved}") == httpx2.codes.OK
        one.chooses_a_plan().pays().until("live")
        theirs = one.state()["order_id"]
        previews = one.links("/onboarding/preview")
        assert theirs
        for path in (*previews, f"/onboarding/preview/{approved}"):
            assert other.status(path) == httpx2.codes.NOT_FOUND, path
        assert other.post("/onboarding/preview/approve", preview_id=approved) == httpx2.codes.NOT_FOUND
        assert other.post("/onboarding/payment", order_id=theirs, token="x") in (303, 404)
        assert other.state()["order_id"] is None

    platform.during(job)


def test_the_demo_command_says_in_one_json_line_what_all_ledgers_hold_and_exits_with_0(tmp_path: Path) -> None:
    words = ["demo", "--customers", "2", "--json", "--state", str(tmp_path / "state"), "--config", str(HUBCONFIG)]
    for server in ("web", "sandbox"):
        Ports(make_folder(tmp_path / "state") / "ports.json").claim(server)
    ended = subprocess.run([sys.executable, "-m", "arumaldo", *words], capture_output=True, text=True, check=False)
    try:
        said = json.loads(ended.stdout.splitlines()[-1])
        assert (ended.returncode, said["customers"], said["live"], said["failed"], said["doubles"]) == (0, 2, 2, 0, 0)
        assert (said["ledgers"]["authorizenet"]["charges"], said["ledgers"]["pressable"]["sites"]) == (2, 2)
        assert said["ledgers"]["openai"]["responses"] >= 2
        assert said["seconds"] > 0
    finally:
        Postgres(tmp_path / "state").remove()
