"""Contacts at Zoho: what every CRM owes, and what is particular to this one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from arumaldo_zoho.customers import ZohoCustomers
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from starlette.responses import Response

from arumaldo import Denied, NotFound, Refused, Unavailable
from arumaldo.capabilities.customers import Customers, Person
from arumaldo.sandbox import Fault
from arumaldo.testing.customers import CustomersConformance, Known

from .conftest import Counted, Reseller, Script

EMAIL = "anna@example.com"
ANNA = Person(email=EMAIL, business="Sunrise Bakery")
UNNAMED = Person(email=EMAIL)
RENAMED = Person(email=EMAIL, business="Sunset Bakery")
ROSSI = {"Last_Name": "Rossi", "First_Name": "Anna", "Email": EMAIL, "Phone": "0123", "Description": "Met at the fair"}


class TestZohoCustomers(CustomersConformance):
    @pytest.fixture
    def customers(self, crm: ZohoCustomers) -> Customers:
        return crm  # type: ignore[return-value]

    @pytest.fixture
    def known(self, sandbox: ZohoSandbox) -> Known:
        def names(email: str) -> list[str]:
            found = sandbox.ledger()["contacts"]
            return [entry.facts["name"] for entry in found if entry.reference == email.lower()]

        return names


class TestZohoCustomersWhoseSearchLags(TestZohoCustomers):
    """The same promises while the vendor's index shows nothing that is new."""

    @pytest.fixture(autouse=True)
    def lagging(self, sandbox: ZohoSandbox) -> None:
        sandbox.show_late = 3600


class TestZohoCustomersWhoTellCapitalLettersApart(TestZohoCustomers):
    """The same promises should the vendor's upsert mind the case of an address."""

    @pytest.fixture(autouse=True)
    def exact(self, sandbox: ZohoSandbox) -> None:
        sandbox.switches["matching"] = "exact"


def names(sandbox: ZohoSandbox) -> list[str]:
    return [entry.facts["name"] for entry in sandbox.ledger()["contacts"]]


def test_a_new_contact_is_named_after_the_address_until_the_business_is_known(
    crm: ZohoCustomers, sandbox: ZohoSandbox
) -> None:
    for person, name in ((UNNAMED, "anna"), (ANNA, "Sunrise Bakery"), (RENAMED, "Sunset Bakery")):
        crm.put_contact(person=person)
        assert names(sandbox) == [name]


@pytest.mark.parametrize("late", [0, 5])
def test_somebody_whom_the_reseller_knew_before_stays_as_they_are(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller, late: float
) -> None:
    """Also where they were entered a moment ago, and the search does not find them yet."""
    sandbox.show_late = late
    key = reseller.enter(**ROSSI)
    before = reseller.see(key)
    for person in (UNNAMED, ANNA, RENAMED):
        assert crm.put_contact(person=person).id == key
    assert reseller.see(key) == before


def test_what_the_reseller_noted_about_somebody_is_kept_even_when_no_look_found_them(
    script: Script, scripted: Settings
) -> None:
    """Who comes between the look and the writing loses no note: ours is written to a contact that is new."""
    updated = {"code": "SUCCESS", "status": "success", "action": "update", "details": {"id": "5725767000000001"}}
    script.says("/crm/v8/Contacts/search", {"data": []})
    script.says("/crm/v8/coql", Response(status_code=204))
    script.says("/crm/v8/Contacts/upsert", {"data": [updated]})
    crm = ZohoCustomers(scripted)
    assert crm.put_contact(person=ANNA).id == "5725767000000001"
    assert script.sent["/crm/v8/Contacts/upsert"] == {
        "data": [{"Last_Name": "Sunrise Bakery", "Email": EMAIL}],
        "duplicate_check_fields": ["Email"],
    }
    assert not [asked for asked in script.asked if asked.startswith("PUT")]
    crm.close()


def test_an_address_with_a_quotation_mark_is_looked_for_as_it_is(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    sandbox.show_late = 5
    odd = "o'neil\\@example.com"
    key = reseller.enter(**{**ROSSI, "Email": odd})
    assert crm.put_contact(person=Person(email=odd, business="Sunrise Bakery")).id == key
    assert names(sandbox) == ["Rossi"]


def test_somebody_whom_the_reseller_wrote_in_capital_letters_is_the_same(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    sandbox.switches["matching"] = "exact"
    key = reseller.enter(**{**ROSSI, "Email": "Anna@Example.com"})
    assert crm.put_contact(person=ANNA).id == key
    assert names(sandbox) == ["Rossi"]


def test_a_name_that_a_person_has_corrected_is_theirs_from_then_on(crm: ZohoCustomers, reseller: Reseller) -> None:
    key = crm.put_contact(person=ANNA).id
    reseller.change(key, Last_Name="Rossi")
    before = reseller.see(key)
    crm.put_contact(person=RENAMED)
    assert reseller.see(key) == before


def test_what_a_person_has_added_to_our_contact_stays_when_its_business_is_renamed(
    crm: ZohoCustomers, reseller: Reseller
) -> None:
    key = crm.put_contact(person=ANNA).id
    ours = reseller.see(key)["Description"]
    reseller.change(key, First_Name="Anna", Phone="0123", Description=f"Met at the fair\r\n{ours}\r\nCall on Monday")
    crm.put_contact(person=RENAMED)
    seen = reseller.see(key)
    assert (seen["Last_Name"], seen["First_Name"], seen["Phone"]) == ("Sunset Bakery", "Anna", "0123")
    assert seen["Description"] == 'Met at the fair\nSigned up as "Sunset Bakery".\nCall on Monday'


def test_of_two_contacts_with_one_address_ours_is_the_one_that_is_named(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    key = crm.put_contact(person=ANNA).id
    reseller.enter(**ROSSI)
    assert crm.put_contact(person=RENAMED).id == key
    assert names(sandbox) == ["Sunset Bakery", "Rossi"]


def test_of_two_contacts_that_are_not_ours_it_is_always_the_older_one(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    older, _ = reseller.enter(**ROSSI), reseller.enter(**ROSSI)
    assert [crm.put_contact(person=person).id for person in (ANNA, RENAMED)] == [older, older]
    assert names(sandbox) == ["Rossi", "Rossi"]


def test_a_contact_that_was_thrown_away_is_made_anew(crm: ZohoCustomers, reseller: Reseller) -> None:
    first = crm.put_contact(person=ANNA).id
    reseller.remove(first)
    assert crm.put_contact(person=ANNA).id != first


def test_a_contact_that_is_thrown_away_while_we_rename_it_is_made_anew(script: Script, scripted: Settings) -> None:
    found = {"id": "5725767000000001", "Email": EMAIL, "Last_Name": "anna", "Description": 'Signed up as "anna".'}
    gone = {"code": "INVALID_DATA", "status": "error", "message": "the id given seems to be invalid", "details": {}}
    made = {"code": "SUCCESS", "status": "success", "details": {"id": "5725767000000002"}}
    script.says("/crm/v8/Contacts/search", {"data": [found]})
    script.says("/crm/v8/Contacts/5725767000000001", gone, status=400)
    script.says("/crm/v8/Contacts/upsert", {"data": [made]}, status=201)
    crm = ZohoCustomers(scripted)
    assert crm.put_contact(person=ANNA).id == "5725767000000002"
    crm.close()


def test_a_layout_without_descriptions_still_gets_its_contacts(crm: ZohoCustomers, sandbox: ZohoSandbox) -> None:
    sandbox.switches["description"] = "absent"
    assert crm.put_contact(person=UNNAMED) == crm.put_contact(person=ANNA)
    assert names(sandbox) == ["anna"]


def test_a_long_name_is_cut_between_two_signs(crm: ZohoCustomers, sandbox: ZohoSandbox) -> None:
    crm.put_contact(person=Person(email=EMAIL, business="x" + "🥐" * 60))
    assert names(sandbox) == ["x" + "🥐" * 39]


def test_nothing_is_written_where_nothing_is_new(settings: Settings, counted: Counted) -> None:
    crm = ZohoCustomers(settings, counted.http())
    for _ in range(3):
        crm.put_contact(person=ANNA)
    writes = [sent for sent in counted.sent if sent.startswith(("POST /crm", "PUT /crm")) and "coql" not in sent]
    assert [sent.rstrip("0123456789") for sent in writes] == ["POST /crm/v8/Contacts/upsert", "PUT /crm/v8/Contacts/"]
    crm.close()


def test_a_contact_that_has_the_address_already_is_the_one(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    """Where the reseller has made addresses unique, and the search did not show it."""
    key = reseller.enter(Last_Name="Rossi", Email="rossi@example.com")
    sandbox.switches["contacts"] = "duplicate"
    assert crm.put_contact(person=ANNA).id == key


def test_a_contact_that_shares_something_else_is_somebody_else(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    reseller.enter(Last_Name="Sunrise Bakery", Email="rossi@example.com")
    sandbox.switches.update(contacts="duplicate", twin="Last_Name")
    with pytest.raises(Refused, match="DUPLICATE_DATA at Last_Name"):
        crm.put_contact(person=ANNA)


def test_several_contacts_in_the_way_are_a_matter_for_a_person(
    crm: ZohoCustomers, sandbox: ZohoSandbox, reseller: Reseller
) -> None:
    for _ in range(2):
        reseller.enter(Last_Name="Rossi", Email="rossi@example.com")
    sandbox.switches["contacts"] = "several"
    with pytest.raises(Refused, match="merge"):
        crm.put_contact(person=ANNA)


def test_a_crm_that_is_full_refuses_with_its_own_word(crm: ZohoCustomers, sandbox: ZohoSandbox) -> None:
    sandbox.switches["contacts"] = "refused"
    with pytest.raises(Refused, match="LIMIT_EXCEEDED"):
        crm.put_contact(person=ANNA)


@pytest.mark.parametrize(
    ("lacking", "scope"),
    [
        ("crm", r"ZohoCRM\.modules\.contacts\.ALL"),
        ("search", r"ZohoSearch\.securesearch\.READ"),
        ("coql", r"ZohoCRM\.coql\.READ"),
    ],
)
def test_a_token_without_the_right_is_a_matter_for_a_person_who_reads_which_one(
    crm: ZohoCustomers, sandbox: ZohoSandbox, lacking: str, scope: str
) -> None:
    sandbox.switches["scope"] = lacking
    with pytest.raises(Denied, match=scope):
        crm.put_contact(person=ANNA)


@pytest.mark.parametrize("answer", ["cut", "html", "malformed", "status"])
@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("call", ["upsert", r"PUT /crm/v8/Contacts/\d+"])
def test_an_answer_that_cannot_be_believed_is_asked_for_again_and_makes_one_contact(
    crm: ZohoCustomers, sandbox: ZohoSandbox, call: str, effect: str, answer: str
) -> None:
    if call != "upsert":
        crm.put_contact(person=UNNAMED)
    sandbox.faults.order(Fault.model_validate({"match": call, "effect": effect, "answer": answer, "status": 502}))
    with pytest.raises(Unavailable):
        crm.put_contact(person=ANNA)
    crm.put_contact(person=ANNA)
    assert names(sandbox) == ["Sunrise Bakery"]


@pytest.fixture
def answered(script: Script, scripted: Settings) -> Iterator[ZohoCustomers]:
    """A CRM whose upsert answers whatever a test says."""
    script.says("/crm/v8/Contacts/search", {"data": []})
    script.says("/crm/v8/coql", Response(status_code=204))
    crm = ZohoCustomers(scripted)
    yield crm
    crm.close()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INTERNAL_ERROR", Unavailable),
        ("TOO_MANY_REQUESTS", Unavailable),
        ("NO_PERMISSION", Denied),
        ("RECORD_LOCKED", Refused),
        ("A_WORD_OF_TOMORROW", Refused),
    ],
)
@pytest.mark.parametrize("status", [200, 202, 207, 400])
def test_the_element_decides_whatever_the_status_says(
    answered: ZohoCustomers, script: Script, status: int, code: str, error: type[Exception]
) -> None:
    row = {"code": code, "status": "error", "message": "no", "details": {}}
    script.says("/crm/v8/Contacts/upsert", {"data": [row]}, status=status)
    with pytest.raises(error, match=code) as told:
        answered.put_contact(person=ANNA)
    assert not isinstance(told.value, NotFound)


@pytest.mark.parametrize(
    "row", [None, {}, {"status": "success"}, {"status": "success", "details": {}}, {"status": "?"}]
)
def test_an_answer_without_a_result_is_asked_for_again(answered: ZohoCustomers, script: Script, row: object) -> None:
    script.says("/crm/v8/Contacts/upsert", {"data": [row] if row is not None else []})
    with pytest.raises(Unavailable):
        answered.put_contact(person=ANNA)


def test_what_a_search_brings_of_other_addresses_is_nobody(answered: ZohoCustomers, script: Script) -> None:
    """The vendor looks through all address fields, and may match parts of one."""
    rows = [{"id": "5725767000000001", "Email": f"x{EMAIL}"}, {"id": "5725767000000002", "Email": None}, {"id": "1"}]
    script.says("/crm/v8/Contacts/search", {"data": rows})
    made = {"code": "SUCCESS", "status": "success", "details": {"id": "5725767000000003"}}
    script.says("/crm/v8/Contacts/upsert", {"data": [made]}, status=201)
    assert answered.put_contact(person=ANNA).id == "5725767000000003"
