"""Showing that an address is theirs, on the bus: one mail for each question, and only the newest one counts."""

from __future__ import annotations

import re
import types
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from arumaldo.bus.matters import matters
from arumaldo.errors import OutcomeUnknown, Refused, Unavailable
from arumaldo.flows import contacts
from arumaldo.flows.confirming import TooSoon, ask_again, ask_to_confirm, asked, confirm
from arumaldo.flows.typed import Invalid
from arumaldo.store.people import Confirmation, User

from .conftest import Bus, ProcessDied
from .shop import DAY, Shop

assert contacts  # its steps are registered by the import


class NewShop(Shop):
    """A customer who has just signed up."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        with self.store.of(bus.owner) as rows:
            user = rows.session.query(User).one()
            user.confirmed_at = None
            ask_to_confirm(rows, self.store.keys, user)

    @property
    def inst(self) -> Any:
        return types.SimpleNamespace(store=self.store, keys=self.store.keys)

    def asks_again(self, email: str = "") -> None:
        ask_again(self.inst, self.bus.owner, email)

    def gets(self, mails: int) -> list[str]:
        """The tokens in the mails that have come."""
        self.works(lambda: self.books.mailed.count("confirm") >= mails, step=2)
        found = [re.search(r"/confirm/(\S+)", mail.text) for mail in self.books.sent if mail.kind == "confirm"]
        return [one[1] for one in found if one]

    def is_confirmed(self) -> bool:
        with self.store.hub() as session:
            return session.query(User).one().confirmed_at is not None

    def published(self, type_: str) -> int:
        return int(self.bus.one("SELECT count(*) AS n FROM messages WHERE type = :type", type=type_).n)


@pytest.fixture
def shop(bus: Bus) -> NewShop:
    return NewShop(bus)


def is_listed(shop: NewShop) -> bool:
    """Whether the operator's list says that somebody was not mailed."""
    with shop.store.hub() as session:
        return "not mailed" in [matter.kind for matter in matters(session)]


def rest(shop: NewShop) -> None:
    """Whatever is still to be done."""
    for _ in range(8):
        done = iter([False, True])
        shop.works(lambda done=done: next(done))  # type: ignore[misc]


@pytest.mark.parametrize(
    "trouble", [ProcessDied(), OutcomeUnknown("acme", "the line broke"), Unavailable("acme", "the answer was 503")]
)
def test_one_question_is_one_mail_whatever_happens_after_the_provider_took_it(
    shop: NewShop, trouble: BaseException
) -> None:
    hook = "send_mail" if isinstance(trouble, Unavailable) else "after send_mail"
    shop.books.trouble[hook] = [trouble]
    if isinstance(trouble, ProcessDied):
        shop.is_killed()
    rest(shop)
    assert shop.books.mailed == ["confirm"]
    [token] = shop.gets(1)
    assert confirm(shop.inst, token)


def test_the_newest_link_counts_and_the_ones_before_it_say_nothing(shop: NewShop) -> None:
    shop.gets(1)
    shop.bus.database.move_clock(61)
    shop.asks_again()
    old, new = shop.gets(2)
    assert asked(shop.inst, old) is None
    assert not confirm(shop.inst, old)
    assert not shop.is_confirmed()
    assert confirm(shop.inst, new)
    assert shop.is_confirmed()


def test_a_link_confirms_once_and_a_second_press_changes_nothing(shop: NewShop) -> None:
    [token] = shop.gets(1)
    assert confirm(shop.inst, token)
    at = shop.bus.one("SELECT confirmed_at FROM users").confirmed_at
    shop.bus.database.move_clock(100 * DAY)
    assert confirm(shop.inst, token)
    assert shop.bus.one("SELECT confirmed_at FROM users").confirmed_at == at
    assert shop.published("AddressConfirmed") == 1


def test_a_link_that_is_followed_just_while_another_mail_is_asked_for_holds_nobody_up_and_counts_no_more(
    shop: NewShop,
) -> None:
    [token] = shop.gets(1)
    waiting = (
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor(1) as beside:
        with shop.store.of(shop.bus.owner) as rows:
            user = rows.session.scalars(select(User).with_for_update()).one()
            followed = beside.submit(confirm, shop.inst, token)
            while not shop.bus.one(waiting).n:
                assert not followed.done()
            ask_to_confirm(rows, shop.store.keys, user)
        assert followed.result(timeout=30) is False
    assert not shop.is_confirmed()
    assert confirm(shop.inst, shop.gets(2)[1])


def test_a_link_to_an_address_that_was_replaced_confirms_nobody(shop: NewShop) -> None:
    [old] = shop.gets(1)
    shop.bus.database.move_clock(61)
    shop.asks_again("Right@Example.com")
    assert not confirm(shop.inst, old)
    assert shop.gets(2)
    assert shop.books.sent[-1].to == "right@example.com"
    assert not shop.is_confirmed()


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "\x00", "'; DROP TABLE users"])
def test_a_link_that_nobody_sent_confirms_nobody(shop: NewShop, token: str) -> None:
    assert asked(shop.inst, token) is None
    assert not confirm(shop.inst, token)
    assert not shop.is_confirmed()


def test_a_link_works_for_three_days_and_not_a_second_longer(shop: NewShop) -> None:
    [token] = shop.gets(1)
    ends = shop.bus.one("SELECT extract(epoch FROM expires_at - hub_now())::float AS left FROM confirmations").left
    shop.bus.database.move_clock(ends - 30)
    assert asked(shop.inst, token) is not None
    shop.bus.database.move_clock(31)
    assert not confirm(shop.inst, token)


def test_after_ten_mails_the_next_one_is_a_day_away(shop: NewShop) -> None:
    for _ in range(9):
        shop.bus.database.move_clock(61)
        shop.asks_again()
    shop.bus.database.move_clock(3600)
    with pytest.raises(TooSoon) as refused:
        shop.asks_again()
    assert DAY - 3700 < refused.value.retry_after <= DAY - 3599
    shop.bus.database.move_clock(refused.value.retry_after)
    shop.asks_again()


def test_another_mail_less_than_a_minute_later_is_refused_and_changes_no_address(shop: NewShop) -> None:
    with pytest.raises(TooSoon):
        shop.asks_again("right@example.com")
    assert shop.bus.one("SELECT email FROM users").email == "anna@example.com"


def test_an_address_that_somebody_else_has_is_refused_and_the_old_link_still_works(shop: NewShop) -> None:
    with shop.store.hub() as session:
        session.add(User(reseller_id=shop.bus.owner.reseller_id, email="bert@example.com", password_hash="-"))
    [token] = shop.gets(1)
    shop.bus.database.move_clock(61)
    with pytest.raises(Invalid) as refused:
        shop.asks_again("bert@example.com")
    assert set(refused.value.problems) == {"email"}
    rest(shop)
    assert shop.books.mailed == ["confirm"]
    assert confirm(shop.inst, token)


def test_whoever_is_confirmed_is_not_asked_again_and_keeps_the_address(shop: NewShop) -> None:
    [token] = shop.gets(1)
    confirm(shop.inst, token)
    shop.bus.database.move_clock(61)
    shop.asks_again("another@example.com")
    rest(shop)
    assert shop.books.mailed == ["confirm"]
    assert shop.bus.one("SELECT email FROM users").email == "anna@example.com"


def test_nobody_is_on_the_mail_list_before_the_address_is_confirmed_and_then_once(shop: NewShop) -> None:
    [token] = shop.gets(1)
    rest(shop)
    assert shop.books.listed == []
    for _ in range(2):
        confirm(shop.inst, token)
    rest(shop)
    assert shop.books.listed == ["anna@example.com"]
    assert shop.books.contacts[-1].email == "anna@example.com"
    assert shop.books.contacts[-1].business == "Sunrise"


@pytest.mark.parametrize("hook", ["put_contact", "put_subscriber"])
def test_who_refuses_a_contact_holds_up_no_customer(shop: NewShop, hook: str) -> None:
    shop.books.trouble[hook] = [Refused("acme", "not this one")]
    [token] = shop.gets(1)
    confirm(shop.inst, token)
    rest(shop)
    assert shop.stands() == "payment"
    shop.pays()
    shop.reaches("live")


def test_a_mail_that_was_refused_is_noted_with_its_reason_and_the_next_one_may_go_elsewhere(shop: NewShop) -> None:
    shop.books.trouble["send_mail"] = [Refused("acme", "no such address")]
    rest(shop)
    assert shop.bus.one("SELECT state, problem FROM mails") == ("refused", "no such address")
    assert is_listed(shop)
    shop.bus.database.move_clock(61)
    shop.asks_again("right@example.com")
    [token] = shop.gets(1)
    assert is_listed(shop)
    assert confirm(shop.inst, token)
    assert not is_listed(shop), "who has confirmed another address was reached"


def test_each_question_has_a_link_of_its_own(shop: NewShop) -> None:
    shop.bus.database.move_clock(61)
    shop.asks_again()
    with shop.store.of(shop.bus.owner) as rows:
        kept = rows.all(Confirmation)
        assert len({one.token_hash for one in kept}) == 2
