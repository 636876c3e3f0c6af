"""What every dns provider owes, whoever answers for domains.

    class TestAcmeDns(DnsConformance):
        @pytest.fixture
        def dns(self): ...

A subclass supplies the fixtures below; the tests know nothing but the capability and them.
"""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from arumaldo.capabilities.dns import Dns, Record, Zone
from arumaldo.capabilities.kinds import kind_of
from arumaldo.errors import NotFound, ProviderError, Refused, Unavailable

Delegate = Callable[[str, Sequence[str]], object]
Resolve = Callable[[str], Sequence[str]]

_HOST = [
    Record(type="A", name="@", content="192.0.2.10"),
    Record(type="A", name="@", content="192.0.2.11"),
    Record(type="A", name="www", content="192.0.2.10"),
]


class DnsConformance:
    """Inherit, supply the three fixtures, and every promise of the capability is tested against your provider."""

    unknown_id: ClassVar[str] = "0" * 32
    """An id in the vendor's form under which it has nothing."""
    patience: ClassVar[float] = 15.0
    """Seconds for what does not happen at once."""

    @pytest.fixture
    def dns(self) -> Dns:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def delegate(self) -> Delegate:
        """Names these name servers for a domain at its registrar."""
        raise NotImplementedError

    @pytest.fixture
    def resolve(self) -> Resolve:
        """What a visitor's resolver answers for a name: addresses; empty when nothing."""
        raise NotImplementedError

    @pytest.fixture
    def name(self) -> str:
        """A domain that was never used."""
        return f"bakery-{secrets.token_hex(5)}.example"

    @pytest.fixture
    def zone(self, dns: Dns, name: str) -> Zone:
        return dns.create_zone(reference=new_reference(), name=name)

    @pytest.fixture
    def active(self, dns: Dns, zone: Zone, delegate: Delegate) -> Zone:
        delegate(zone.name, zone.name_servers)
        self.eventually(lambda: dns.get_zone(zone_id=zone.id).state == "active")
        return dns.get_zone(zone_id=zone.id)

    def test_every_hook_is_there_with_every_parameter(self, dns: Dns) -> None:
        hooks = {name: hook for name, hook in vars(Dns).items() if kind_of(hook)}
        assert hooks
        for name, hook in hooks.items():
            given = inspect.signature(getattr(dns, name)).parameters
            assert ["self", *given] == list(inspect.signature(hook).parameters), name

    def test_a_new_zone_waits_for_its_name_servers_to_be_named(self, dns: Dns, zone: Zone, name: str) -> None:
        assert (zone.name, zone.state) == (name, "pending")
        assert len(set(zone.name_servers)) >= 2
        assert dns.get_zone(zone_id=zone.id).name_servers == zone.name_servers

    def test_a_zone_is_found_by_its_name_with_the_time_it_was_made(self, dns: Dns, zone: Zone, name: str) -> None:
        self.eventually(lambda: dns.find_zones(reference=new_reference(), name=name))
        [found] = dns.find_zones(reference=new_reference(), name=name)
        assert (found.id, found.name) == (zone.id, name)
        assert found.made_at is not None

    def test_nothing_is_found_for_a_domain_that_was_never_entered(self, dns: Dns, zone: Zone) -> None:
        assert dns.find_zones(reference=new_reference(), name=f"other-{zone.name}") == []

    def test_a_domain_has_one_zone_however_often_it_is_made(self, dns: Dns, zone: Zone, name: str) -> None:
        with pytest.raises(ProviderError):
            dns.create_zone(reference=new_reference(), name=name)
        self.eventually(lambda: dns.find_zones(reference=new_reference(), name=name))
        assert [one.id for one in dns.find_zones(reference=new_reference(), name=name)] == [zone.id]

    def test_two_workers_at_once_make_one_zone(self, dns: Dns, name: str) -> None:
        with ThreadPoolExecutor(2) as workers:
            calls = [workers.submit(dns.create_zone, reference=new_reference(), name=name) for _ in range(2)]
            made = [call.result() for call in calls if call.exception() is None]
        assert len(made) == 1
        self.eventually(lambda: dns.find_zones(reference=new_reference(), name=name))
        assert [one.id for one in dns.find_zones(reference=new_reference(), name=name)] == [made[0].id]

    def test_a_zone_is_active_once_its_name_servers_are_named(self, active: Zone) -> None:
        assert active.state == "active"

    def test_a_zone_whose_domain_names_other_servers_has_moved(
        self, dns: Dns, active: Zone, delegate: Delegate
    ) -> None:
        delegate(active.name, ["ns1.elsewhere.example", "ns2.elsewhere.example"])
        self.eventually(lambda: dns.get_zone(zone_id=active.id).state == "moved")
        delegate(active.name, active.name_servers)
        self.eventually(lambda: dns.get_zone(zone_id=active.id).state == "active")

    def test_name_servers_of_somebody_else_do_not_make_a_zone_active(
        self, dns: Dns, zone: Zone, delegate: Delegate
    ) -> None:
        delegate(zone.name, ["ns1.elsewhere.example", "ns2.elsewhere.example"])
        assert dns.get_zone(zone_id=zone.id).state == "pending"

    def test_what_is_no_domain_is_refused(self, dns: Dns) -> None:
        with pytest.raises(Refused):
            dns.create_zone(reference=new_reference(), name="nodots")

    def test_records_lead_where_they_were_put(self, dns: Dns, active: Zone, resolve: Resolve) -> None:
        dns.put_records(zone_id=active.id, records=_HOST)
        self.eventually(lambda: sorted(resolve(active.name)) == ["192.0.2.10", "192.0.2.11"])
        self.eventually(lambda: list(resolve(f"www.{active.name}")) == ["192.0.2.10"])

    def test_putting_the_same_records_again_changes_nothing(self, dns: Dns, active: Zone, resolve: Resolve) -> None:
        for _ in range(2):
            dns.put_records(zone_id=active.id, records=_HOST)
            self.eventually(lambda: sorted(resolve(active.name)) == ["192.0.2.10", "192.0.2.11"])

    def test_workers_that_put_the_same_records_at_once_do_not_double_them(
        self, dns: Dns, active: Zone, resolve: Resolve
    ) -> None:
        def put(_: int) -> None:
            dns.put_records(zone_id=active.id, records=_HOST)

        with ThreadPoolExecutor(3) as workers:
            # One that finds the others at it may give up for now; it is called again then.
            for call in [workers.submit(put, number) for number in range(3)]:
                assert call.exception() is None or isinstance(call.exception(), Unavailable)
        put(0)
        self.eventually(lambda: sorted(resolve(active.name)) == ["192.0.2.10", "192.0.2.11"])

    def test_other_records_take_their_place_and_those_of_other_names_stay(
        self, dns: Dns, active: Zone, resolve: Resolve
    ) -> None:
        dns.put_records(zone_id=active.id, records=_HOST)
        moved = [Record(type="A", name="@", content="192.0.2.99")]
        dns.put_records(zone_id=active.id, records=moved)
        self.eventually(lambda: list(resolve(active.name)) == ["192.0.2.99"])
        assert list(resolve(f"www.{active.name}")) == ["192.0.2.10"]

    def test_an_alias_takes_the_place_of_addresses(self, dns: Dns, active: Zone, resolve: Resolve) -> None:
        dns.put_records(zone_id=active.id, records=_HOST)
        alias = [Record(type="CNAME", name="www", content="host.example.net")]
        dns.put_records(zone_id=active.id, records=alias)
        self.eventually(lambda: list(resolve(f"www.{active.name}")) == ["host.example.net"])
        dns.put_records(zone_id=active.id, records=_HOST)
        self.eventually(lambda: list(resolve(f"www.{active.name}")) == ["192.0.2.10"])

    def test_records_can_be_put_before_the_name_servers_are_named(
        self, dns: Dns, zone: Zone, delegate: Delegate, resolve: Resolve
    ) -> None:
        dns.put_records(zone_id=zone.id, records=_HOST)
        delegate(zone.name, zone.name_servers)
        self.eventually(lambda: sorted(resolve(zone.name)) == ["192.0.2.10", "192.0.2.11"])

    @pytest.mark.parametrize("ours", [True, False])
    def test_a_site_is_open_at_every_moment_until_its_shield_is_ready_and_then(
        self, dns: Dns, active: Zone, resolve: Resolve, ours: bool
    ) -> None:
        dns.put_records(zone_id=active.id, records=_HOST)
        self.eventually(lambda: resolve(active.name) and resolve(f"www.{active.name}"))

        def is_ready() -> bool:
            shield = dns.put_shield(zone_id=active.id, records=_HOST, ours=ours)
            assert resolve(active.name)
            assert resolve(f"www.{active.name}")
            assert shield.ready or shield.reason
            return shield.ready

        self.eventually(is_ready)
        shield = dns.put_shield(zone_id=active.id, records=_HOST, ours=ours)
        assert shield.encrypted != "none" or shield.reason
        assert dns.put_shield(zone_id=active.id, records=_HOST, ours=ours) == shield

    def test_a_shielded_site_can_go_straight_again(self, dns: Dns, active: Zone, resolve: Resolve) -> None:
        self.eventually(lambda: dns.put_shield(zone_id=active.id, records=_HOST, ours=True).ready)
        dns.put_records(zone_id=active.id, records=_HOST)
        self.eventually(lambda: sorted(resolve(active.name)) == ["192.0.2.10", "192.0.2.11"])

    def test_a_zone_that_is_left_stays_without_what_was_put_into_it(
        self, dns: Dns, active: Zone, resolve: Resolve
    ) -> None:
        theirs = [Record(type="A", name="shop", content="192.0.2.77")]
        dns.put_records(zone_id=active.id, records=[*_HOST, *theirs])
        for _ in range(2):
            dns.leave_zone(zone_id=active.id, records=_HOST)
            self.eventually(lambda: not resolve(active.name) and not resolve(f"www.{active.name}"))
        assert list(resolve(f"shop.{active.name}")) == ["192.0.2.77"]
        assert dns.get_zone(zone_id=active.id).id == active.id
        dns.leave_zone(zone_id=self.unknown_id, records=_HOST)

    def test_nothing_can_be_put_into_a_zone_that_is_not_there(self, dns: Dns) -> None:
        with pytest.raises(NotFound):
            dns.put_records(zone_id=self.unknown_id, records=_HOST)
        with pytest.raises(NotFound):
            dns.get_zone(zone_id=self.unknown_id)

    def test_a_removed_zone_is_gone_and_its_name_is_free(self, dns: Dns, zone: Zone, name: str) -> None:
        for zone_id in (zone.id, zone.id, self.unknown_id):
            dns.remove_zone(zone_id=zone_id)
        with pytest.raises(NotFound):
            dns.get_zone(zone_id=zone.id)
        self.eventually(lambda: dns.find_zones(reference=new_reference(), name=name) == [])
        assert dns.create_zone(reference=new_reference(), name=name).id != zone.id

    def eventually(self, seen: Callable[[], object]) -> None:
        """Return as soon as `seen()` is true; fails when `patience` ends."""
        give_up_at = time.monotonic() + self.patience
        while not seen():
            assert time.monotonic() < give_up_at, f"did not happen within {self.patience:g} seconds"
            time.sleep(0.05)


def new_reference() -> str:
    """A reference of the hub's own form: lower-case base32."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(20))
