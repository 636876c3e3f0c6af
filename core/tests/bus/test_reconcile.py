"""What vendors hold beside the book is found: taken away where it may be, and otherwise told to a person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from arumaldo import hookimpl
from arumaldo.bus.bindings import bind
from arumaldo.bus.findings import settle
from arumaldo.bus.matters import matters
from arumaldo.bus.reconcile import Outcome, Reconciler
from arumaldo.bus.work import Reference
from arumaldo.capabilities.billing import Subscription
from arumaldo.capabilities.hosting import HostedSite
from arumaldo.capabilities.kinds import Made
from arumaldo.capabilities.payments import Charge, MoneyBack
from arumaldo.errors import HubError, Unavailable
from arumaldo.money import Money
from arumaldo.store.journal import Effect
from arumaldo.store.scope import Owner

from .conftest import Bus

SITE, CHARGE = "hosting.create_site", "payments.charge"


@dataclass
class Held:
    """A vendor of everything that can be told what it holds."""

    sites: list[HostedSite] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    returns: list[MoneyBack] = field(default_factory=list)
    away: bool = False

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        if self.away:
            raise Unavailable("acme", "it is closed on Sundays")
        return list(self.sites)

    @hookimpl
    def remove_site(self, site_id: str) -> None:
        self.sites = [site for site in self.sites if site.id != site_id]

    @hookimpl
    def list_subscriptions(self, since: datetime) -> list[Subscription]:
        return []

    @hookimpl
    def list_charges(self, since: datetime) -> list[Charge]:
        return list(self.charges)

    @hookimpl
    def get_charge(self, charge_id: str) -> Charge:
        return next(charge for charge in self.charges if charge.id == charge_id)

    @hookimpl
    def find_returns(self, reference: str, charge_id: str) -> list[MoneyBack]:
        return [back for back in self.returns if back.charge_id == charge_id]

    @hookimpl
    def give_back(self, reference: str, charge_id: str, amount: Money) -> MoneyBack:
        back = MoneyBack(id=f"back-{len(self.returns)}", reference=reference, charge_id=charge_id, amount=amount)
        self.returns.append(back)
        return back


@dataclass
class Noted:
    """Repairs that note what they are asked, and adopt what they are told to."""

    known: set[str] = field(default_factory=set)
    returns: list[uuid.UUID] = field(default_factory=list)

    def adopt(self, owner: Owner, provider: str, step: str, made: Made) -> bool:
        return made.id in self.known

    def returned(self, owner: Owner, subject: uuid.UUID) -> None:
        self.returns.append(subject)


@dataclass
class Books:
    """The book of the hub, that of the vendor, and who compares them."""

    bus: Bus
    vendor: Held = field(default_factory=Held)
    repairs: Noted = field(default_factory=Noted)

    def effect(self, step: str, state: str, vendor_id: str | None = None) -> tuple[uuid.UUID, str]:
        """(subject, reference) of one that is in the book, long settled."""
        subject = made_then(3600)
        reference = Reference(subject, 1).at(step)
        with self.bus.store.of(self.bus.owner) as rows:
            effect = Effect(
                subject=subject, step=step, generation=1, reference=reference, provider="acme", state=state,
                vendor_id=vendor_id, created_at=ago(3600),
            )  # fmt: skip
            rows.add(effect)
        return subject, reference

    def site(self, site_id: str, reference: str | None, age: float = 600) -> None:
        self.vendor.sites.append(
            HostedSite(id=site_id, reference=reference, url="http://x.localhost", state="live", made_at=ago(age))
        )

    def charge(self, charge_id: str, reference: str, state: str = "paid", age: float = 600) -> None:
        money = Money(minor=2900)
        self.vendor.charges.append(
            Charge.model_validate(
                {"id": charge_id, "reference": reference, "amount": money, "state": state, "made_at": ago(age)}
            )
        )

    @property
    def reconciler(self) -> Reconciler:
        return Reconciler(self.bus.store, self.bus.configured, self.repairs)

    def compare(self) -> Outcome:
        return self.reconciler.run(ago(86_400))

    def settle(self, finding: uuid.UUID, *, undo: bool) -> None:
        settle(self.bus.store, self.bus.configured, finding, undo=undo)

    def findings(self) -> list[tuple[str, str]]:
        return [(row.vendor_id, row.state) for row in self.bus.all("SELECT * FROM findings ORDER BY vendor_id")]


def made_then(seconds: float) -> uuid.UUID:
    """An id as `new_id` made it so long ago."""
    return uuid.UUID(int=int(ago(seconds).timestamp() * 1000) << 80 | uuid.uuid4().int >> 48)


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


@pytest.fixture
def books(bus: Bus) -> Books:
    both = Books(bus)
    bus.configured.vendor = both.vendor
    with bus.store.of(bus.owner) as rows:
        for capability in ("hosting", "payments"):
            bind(rows.session, bus.owner, capability, "acme", 1)
    return both


def test_what_stands_in_the_book_is_left_alone(books: Books) -> None:
    _, site = books.effect(SITE, "done", "s1")
    _, charge = books.effect(CHARGE, "done", "c1")
    books.site("s1", site)
    books.charge("c1", charge)
    assert books.compare() == Outcome(listed=2)
    assert len(books.vendor.sites) == 1
    assert books.findings() == []


def test_a_second_site_of_one_order_is_taken_away_and_the_first_one_stays(books: Books) -> None:
    _, reference = books.effect(SITE, "done", "s1")
    books.site("s1", reference)
    books.site("s2", reference[:10])
    assert books.compare() == Outcome(listed=2, surplus=1, undone=1)
    assert [site.id for site in books.vendor.sites] == ["s1"]
    assert books.findings() == [("s2", "undone")]
    assert books.compare() == Outcome(listed=1)


def test_a_second_site_is_only_reported_while_the_first_one_is_not_seen(books: Books) -> None:
    _, reference = books.effect(SITE, "done", "s1")
    books.site("s2", reference)
    assert books.compare() == Outcome(listed=1, surplus=1)
    assert [site.id for site in books.vendor.sites] == ["s2"]
    assert books.findings() == [("s2", "open")]


def test_a_site_of_an_order_that_was_undone_is_taken_away(books: Books) -> None:
    _, reference = books.effect(SITE, "undone", "s1")
    books.site("s2", reference)
    assert books.compare().undone == 1
    assert books.vendor.sites == []


def test_surplus_money_is_never_moved_without_a_person(books: Books) -> None:
    _, reference = books.effect(CHARGE, "done", "c1")
    books.charge("c1", reference)
    books.charge("c2", reference)
    assert books.compare() == Outcome(listed=2, surplus=1)
    assert books.vendor.returns == []
    with books.bus.store.hub() as session:
        [matter] = matters(session)
    assert matter.kind == "surplus"
    assert "$29.00" in matter.what
    assert "c2" in matter.what


def test_a_person_gives_surplus_money_back_once_however_often_the_command_is_repeated(books: Books) -> None:
    _, reference = books.effect(CHARGE, "done", "c1")
    books.charge("c2", reference)
    books.compare()
    finding = books.bus.one("SELECT id FROM findings").id
    books.vendor.give_back("of an earlier try that crashed", "c2", Money(minor=2900))
    books.settle(finding, undo=True)
    assert len(books.vendor.returns) == 1
    assert books.findings() == [("c2", "undone")]
    with pytest.raises(HubError, match="not an open finding"):
        books.settle(finding, undo=True)


def test_what_a_person_keeps_is_not_reported_again(books: Books) -> None:
    _, reference = books.effect(CHARGE, "done", "c1")
    books.charge("c2", reference)
    books.compare()
    books.settle(books.bus.one("SELECT id FROM findings").id, undo=False)
    books.compare()
    assert books.findings() == [("c2", "kept")]


def test_what_is_gone_from_the_vendor_goes_from_the_list(books: Books) -> None:
    books.effect(CHARGE, "done", "c1")
    books.charge("c2", "abcdefghijklmnopqrst")
    books.compare()
    books.vendor.charges.clear()
    books.compare()
    assert books.findings() == [("c2", "gone")]


def test_what_others_made_at_the_same_vendor_is_nobodys_business(books: Books) -> None:
    books.site("s1", None)
    books.site("s2", "theirs")
    assert books.compare() == Outcome(listed=2)
    assert len(books.vendor.sites) == 2


@pytest.mark.parametrize("state", ["intended", "unknown"])
def test_what_is_in_doubt_is_left_to_its_step(books: Books, state: str) -> None:
    _, reference = books.effect(SITE, state)
    books.site("s1", reference)
    assert books.compare() == Outcome(listed=1)
    assert len(books.vendor.sites) == 1


def test_what_an_order_of_the_book_made_is_taken_into_it(books: Books) -> None:
    books.repairs.known.add("c1")
    books.charge("c1", "abcdefghijklmnopqrst")
    assert books.compare() == Outcome(listed=1, adopted=1)
    assert books.findings() == []


def test_money_that_came_back_to_the_customer_is_told_to_its_order(books: Books) -> None:
    subject, reference = books.effect(CHARGE, "done", "c1")
    books.charge("c1", reference, state="returned")
    assert books.compare() == Outcome(listed=1)
    assert books.repairs.returns == [subject]


def test_a_vendor_that_is_away_hinders_nobody_else(books: Books) -> None:
    books.vendor.away = True
    books.charge("c2", "abcdefghijklmnopqrst")
    outcome = books.compare()
    assert outcome.surplus == 1
    assert len(outcome.problems) == 1
    assert "closed on Sundays" in outcome.problems[0]
