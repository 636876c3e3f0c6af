"""Providers from outside the workspace owe what ours owe: each package passes its capability's conformance."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from arumaldo import Denied, ProviderError, Unavailable
from arumaldo.capabilities.customers import Customers, Person
from arumaldo.capabilities.email import Email
from arumaldo.sandbox import Fault, create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.customers import CustomersConformance, Known
from arumaldo.testing.email import EmailConformance, Letters, OnTheList, Unsubscribe, new_reference

from .packages import importable, installed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with importable(installed(tmp_path_factory.mktemp("outside"), "acme_crm", "acme_mail")):
        yield


@contextmanager
def served(package: str, sandbox: str) -> Iterator[tuple[Any, Any]]:
    """The package's sandbox, served, and the settings that lead there."""
    with LocalServer() as server:
        played: Any = getattr(importlib.import_module(f"{package}.sandbox"), sandbox)(f"{server.address}/{package}")
        server.serve(create_app([played]))
        yield played, importlib.import_module(f"{package}.settings").Settings.at_sandbox(played.address)
        played.shelf.close()


@pytest.fixture
def acme_crm(outside: None) -> Iterator[tuple[Any, Any]]:
    with served("acme_crm", "AcmeCrmSandbox") as both:
        yield both


@pytest.fixture
def acme_mail(outside: None) -> Iterator[tuple[Any, Any]]:
    with served("acme_mail", "AcmeMailSandbox") as both:
        yield both


@pytest.fixture
def crm(acme_crm: tuple[Any, Any]) -> Iterator[Customers]:
    provider: Any = importlib.import_module("acme_crm.customers").AcmeCustomers(acme_crm[1])
    yield cast(Customers, provider)
    provider.close()


@pytest.fixture
def mailer(acme_mail: tuple[Any, Any]) -> Iterator[Email]:
    provider: Any = importlib.import_module("acme_mail.email").AcmeEmail(acme_mail[1])
    yield cast(Email, provider)
    provider.close()


class TestAcmeCrm(CustomersConformance):
    @pytest.fixture
    def customers(self, crm: Customers) -> Customers:
        return crm

    @pytest.fixture
    def known(self, acme_crm: tuple[Any, Any]) -> Known:
        def names(email: str) -> list[str]:
            cards = acme_crm[0].ledger()["contacts"]
            return [card.facts["name"] for card in cards if card.reference == email.lower()]

        return names

    def test_of_a_contact_nothing_is_emptied(self, customers: Customers, known: Known, email: str) -> None:
        for business in ("Sunrise Bakery", "", " "):
            self.put(customers, email, business)
            assert known(email) == ["Sunrise Bakery"]


class TestAcmeMail(EmailConformance):
    @pytest.fixture
    def email(self, mailer: Email) -> Email:
        return mailer

    @pytest.fixture
    def letters(self, acme_mail: tuple[Any, Any]) -> Letters:
        found: Letters = acme_mail[0].letters
        return found

    @pytest.fixture
    def on_the_list(self, acme_mail: tuple[Any, Any]) -> OnTheList:
        return lambda email: int(acme_mail[0].is_reader(email))

    @pytest.fixture
    def unsubscribe(self, acme_mail: tuple[Any, Any]) -> Unsubscribe:
        leave: Unsubscribe = acme_mail[0].leave
        return leave


def checked(package: str, settings: Any) -> str:
    """What the package's own check says, which is what `arumaldo check --live` prints."""
    said: str = importlib.import_module(f"{package}.check").check(settings)
    return said


@pytest.mark.parametrize("package", ["acme_crm", "acme_mail"])
def test_a_revoked_key_is_a_matter_for_a_person(package: str, request: pytest.FixtureRequest) -> None:
    sandbox, settings = request.getfixturevalue(package)
    assert checked(package, settings) == "the key is accepted"
    sandbox.switches["key"] = "revoked"
    with pytest.raises(Denied, match="key is not known") as told:
        checked(package, settings)
    assert "sandbox-key" not in str(told.value)


@pytest.mark.parametrize("answer", ["cut", "html", "malformed"])
def test_a_contact_that_was_made_and_not_heard_of_is_made_once(
    acme_crm: tuple[Any, Any], crm: Customers, answer: str
) -> None:
    acme_crm[0].faults.order(lost(answer))
    with pytest.raises(ProviderError):
        crm.put_contact(person=Person(email="anna@example.com"))
    crm.put_contact(person=Person(email="anna@example.com"))
    assert len(acme_crm[0].ledger()["contacts"]) == 1


@pytest.mark.parametrize("answer", ["cut", "html", "malformed"])
def test_a_mail_that_was_sent_and_not_heard_of_is_found(acme_mail: tuple[Any, Any], mailer: Email, answer: str) -> None:
    reference, mail = new_reference(), EmailConformance().mail("anna@example.com")
    acme_mail[0].faults.order(lost(answer))
    with pytest.raises(ProviderError):
        mailer.send_mail(reference=reference, mail=mail)
    assert [one.reference for one in mailer.find_mails(reference=reference, mail=mail)] == [reference]


def lost(answer: str) -> Fault:
    """The vendor does what it is asked for, and its answer does not come through."""
    return Fault.model_validate({"answer": answer, "effect": "after", "status": 502})


def test_a_vendor_that_is_overrun_is_left_alone_as_long_as_it_asks(acme_mail: tuple[Any, Any], mailer: Email) -> None:
    acme_mail[0].faults.order(Fault(status=429, retry_after=7))
    with pytest.raises(Unavailable) as told:
        mailer.put_subscriber(email="anna@example.com", business="")
    assert told.value.retry_after == 7
