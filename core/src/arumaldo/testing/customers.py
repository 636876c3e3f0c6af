"""What every customers provider owes, whoever keeps the contacts.

    class TestAcmeCrm(CustomersConformance):
        @pytest.fixture
        def customers(self): ...

A subclass supplies the fixtures below; the tests know nothing but the capability and them.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from arumaldo.capabilities.customers import Contact, Customers, Person
from arumaldo.capabilities.kinds import kind_of
from arumaldo.errors import Refused

Known = Callable[[str], list[str]]

_numbers = itertools.count(1)
_NAMES = [
    "مخبز السعادة",
    "株式会社 ひまわり",
    "🥐🥖",
    "👩‍🍳" * 40,
    "<b>Bold</b>",
    "<script>alert(1)</script>",
    'O\'Brien & "Sons"',
    "two\nlines",
    "Bäckerei " * 13 + "Ost",
    "x" * 120,
    " ",
]


class CustomersConformance:
    """Inherit, supply the two fixtures, and every promise of the capability is tested against your provider."""

    @pytest.fixture
    def customers(self) -> Customers:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def known(self) -> Known:
        """The names of all contacts that the CRM has for an e-mail address, by a way of your own."""
        raise NotImplementedError

    @pytest.fixture
    def email(self) -> str:
        """An address that was never used."""
        return f"anna-{next(_numbers)}@example.com"

    def test_every_hook_is_there_with_every_parameter(self, customers: Customers) -> None:
        hooks = {name: hook for name, hook in vars(Customers).items() if kind_of(hook)}
        assert hooks
        for name, hook in hooks.items():
            given = inspect.signature(getattr(customers, name)).parameters
            assert ["self", *given] == list(inspect.signature(hook).parameters), name

    def test_a_person_becomes_a_contact(self, customers: Customers, known: Known, email: str) -> None:
        assert self.put(customers, email).id
        assert len(known(email)) == 1

    def test_the_same_person_again_is_the_same_contact(self, customers: Customers, known: Known, email: str) -> None:
        first = self.put(customers, email)
        assert self.put(customers, email) == first
        assert len(known(email)) == 1

    def test_an_address_is_the_same_in_capital_letters(self, customers: Customers, known: Known, email: str) -> None:
        assert self.put(customers, email.upper()) == self.put(customers, email)
        assert len(known(email)) == 1

    def test_a_person_put_by_several_workers_at_once_is_one_contact(
        self, customers: Customers, known: Known, email: str
    ) -> None:
        spellings, start = [email, email.upper(), email.title(), email], Barrier(4)

        def put(spelling: str) -> Contact:
            start.wait()
            return self.put(customers, spelling)

        with ThreadPoolExecutor(4) as workers:
            made = [worker.result() for worker in [workers.submit(put, spelling) for spelling in spellings]]
        assert len({contact.id for contact in made}) == 1
        assert len(known(email)) == 1

    def test_the_business_is_known_once_it_has_a_name(self, customers: Customers, known: Known, email: str) -> None:
        first = self.put(customers, email)
        assert self.put(customers, email, "Sunrise Bakery") == first
        assert "Sunrise Bakery" in known(email)[0]

    def test_a_business_that_changes_its_name_is_known_by_the_new_one(
        self, customers: Customers, known: Known, email: str
    ) -> None:
        first = self.put(customers, email, "Sunrise Bakery")
        assert self.put(customers, email, "Sunset Bakery") == first
        assert ["Sunset Bakery" in name for name in known(email)] == [True]

    def test_a_business_that_is_not_named_again_keeps_its_name(
        self, customers: Customers, known: Known, email: str
    ) -> None:
        for business in ("Sunrise Bakery", "", " "):
            self.put(customers, email, business)
            assert ["Sunrise Bakery" in name for name in known(email)] == [True]

    @pytest.mark.parametrize("business", _NAMES)
    def test_a_business_name_in_any_script_is_taken_and_taken_again(
        self, customers: Customers, known: Known, email: str, business: str
    ) -> None:
        first = self.put(customers, email, business)
        assert self.put(customers, email, business) == first
        assert len(known(email)) == 1

    def test_an_address_with_a_plus_is_another_one_than_without(
        self, customers: Customers, known: Known, email: str
    ) -> None:
        name, _, host = email.partition("@")
        assert self.put(customers, f"{name}+shop@{host}") != self.put(customers, email)
        assert self.put(customers, f"{name}+shop@{host}") == self.put(customers, f"{name}+shop@{host}")
        assert len(known(f"{name}+shop@{host}")) == 1

    @pytest.mark.parametrize("nonsense", ["nobody", "two words@example.com", "@example.com", "anna@"])
    def test_what_is_no_address_is_refused(self, customers: Customers, nonsense: str) -> None:
        with pytest.raises(Refused):
            self.put(customers, nonsense)

    def put(self, customers: Customers, email: str, business: str = "") -> Contact:
        return customers.put_contact(person=Person(email=email, business=business))
