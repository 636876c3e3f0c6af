"""Two hosts, one database with its standby, one bell with its replica: whichever goes, the orders go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from arumaldo.demo.report import Report
from tests.platform import eventually

from .hosts import Hub
from .network import Host

pytestmark = pytest.mark.slow

CUSTOMERS = 6
CHARGE = "authCaptureTransaction"


def assert_kept(made: Hub, report: Report) -> None:
    """All live, nothing twice by the vendors' own books, and no process was started again."""
    assert list(report.reasons) == []
    assert (report.live, report.doubles) == (CUSTOMERS, 0)
    assert (report.ledgers["authorizenet"]["charges"], report.ledgers["pressable"]["sites"]) == (CUSTOMERS, CUSTOMERS)
    assert made.all_still_run() == []


def holds(made: Hub, host: Host) -> list[tuple[int, int]]:
    """(id, token) of what this host's worker has in its hands."""
    number = 1 + made.net.hosts.index(host)
    query = "SELECT d.id, d.token FROM deliveries d JOIN workers w ON w.id = d.holder WHERE w.pid = %s"
    return made.rows(query, made.children[f"worker-{number}"].pid)


def goes_on(made: Hub, held: list[tuple[int, int]]) -> bool:
    """Whether all this is done, or in other hands."""
    ids = [number for number, _ in held]
    now = made.rows("SELECT id, token FROM deliveries WHERE id = ANY(%s) AND state = 'waiting'", ids)
    return not set(held) & set(now)


@contextmanager
def all_paid_and_nobody_knows(made: Hub) -> Iterator[None]:
    """Called while customers walk: all of them are charged, and the gateway has not yet said so."""
    before = made.charged()
    made.control("POST", "authorizenet/faults", answer="delay", seconds=6, times=None, match=CHARGE)
    eventually(lambda: made.charged() == before + CUSTOMERS)
    try:
        yield
    finally:
        made.control("DELETE", "authorizenet/faults")


def test_orders_go_on_when_the_master_of_the_bell_is_killed(two_hosts: Hub) -> None:
    bells = two_hosts.bells
    master = bells.master()
    assert master

    def kill() -> None:
        before = two_hosts.charged()
        eventually(lambda: two_hosts.charged() >= before + 2)
        bells.kill(master)

    assert_kept(two_hosts, two_hosts.walk(CUSTOMERS, kill))
    assert bells.master() not in (None, master)


@pytest.mark.parametrize("cut_from", ["everything", "its database"])
def test_orders_go_on_when_a_host_is_cut_off_and_nothing_is_made_twice_when_it_comes_back(
    two_hosts: Hub, cut_from: str
) -> None:
    lost, kept = two_hosts.net.hosts
    only = {"only": two_hosts.net.servers} if cut_from == "its database" else {}

    def cut() -> None:
        with all_paid_and_nobody_knows(two_hosts):
            assert holds(two_hosts, lost)
            with two_hosts.net.cut(lost, **only):
                held = holds(two_hosts, lost)
                eventually(lambda: goes_on(two_hosts, held), patience=10)
                assert two_hosts.answers(kept)
                assert not two_hosts.answers(lost)
        eventually(lambda: two_hosts.answers(lost))

    assert_kept(two_hosts, two_hosts.walk(CUSTOMERS, cut))


def test_orders_and_pages_go_on_when_the_primary_is_killed_and_its_standby_promoted(two_hosts: Hub) -> None:
    primary, standby = two_hosts.databases

    def kill() -> None:
        with all_paid_and_nobody_knows(two_hosts):
            held = [each for host in two_hosts.net.hosts for each in holds(two_hosts, host)]
            assert held
            primary.kill()
            standby.promote()
            eventually(lambda: all(two_hosts.answers(host) for host in two_hosts.net.hosts))
            eventually(lambda: goes_on(two_hosts, held), patience=30)

    assert_kept(two_hosts, two_hosts.walk(CUSTOMERS, kill))
