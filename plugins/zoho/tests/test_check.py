"""What `arumaldo check --live` learns from the vendor."""

from __future__ import annotations

import pytest
from arumaldo_zoho.check import check
from arumaldo_zoho.sandbox import ZohoSandbox
from arumaldo_zoho.settings import Settings
from pydantic import SecretStr

from arumaldo import Denied, Unavailable
from arumaldo.sandbox import Fault

from .conftest import Script

WHOLE = (
    "ZohoCRM.modules.contacts.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ,ZohoSubscriptions.customers.ALL,ZohoSubscriptions.products.ALL,"
    "ZohoSubscriptions.plans.CREATE,ZohoSubscriptions.plans.READ,ZohoSubscriptions.subscriptions.ALL,"
    "ZohoSubscriptions.invoices.ALL,ZohoSubscriptions.payments.CREATE,ZohoSubscriptions.payments.DELETE"
)


def test_an_account_in_order_is_found_so(settings: Settings) -> None:
    assert check(settings) == "the refresh token may search contacts and read plans, and its scopes cover the rest"


def test_nothing_is_made_by_asking(settings: Settings, sandbox: ZohoSandbox) -> None:
    check(settings)
    assert not any(sandbox.ledger().values())


def test_a_vendor_that_does_not_tell_its_scopes_is_asked_no_more_than_it_answers(
    settings: Settings, sandbox: ZohoSandbox
) -> None:
    sandbox.switches["granted"] = ""
    assert check(settings) == "the refresh token may search contacts and read plans"


def test_scopes_may_be_given_one_by_one(settings: Settings, sandbox: ZohoSandbox) -> None:
    sandbox.switches["granted"] = WHOLE
    assert "cover the rest" in check(settings)


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("ZohoSearch.securesearch.READ", "ZohoSearch.securesearch.READ"),
        ("ZohoSubscriptions.payments.DELETE", "ZohoSubscriptions.payments.DELETE"),
        ("ZohoSubscriptions.invoices.ALL", "ZohoSubscriptions.invoices.DELETE"),
        ("ZohoCRM.modules.contacts.ALL", "ZohoCRM.modules.contacts.CREATE"),
        ("ZohoCRM.coql.READ", "ZohoCRM.coql.READ"),
        ("ZohoSubscriptions.customers.ALL", "ZohoSubscriptions.customers.UPDATE"),
    ],
)
def test_a_scope_that_is_missing_is_named_before_the_first_order_needs_it(
    settings: Settings, sandbox: ZohoSandbox, left_out: str, named: str
) -> None:
    sandbox.switches["granted"] = ",".join(scope for scope in WHOLE.split(",") if scope != left_out)
    with pytest.raises(Denied, match=named) as told:
        check(settings)
    assert "products" not in told.value.what


@pytest.mark.parametrize(("lacking", "named"), [("crm", "ZohoCRM"), ("search", "ZohoSearch"), ("billing", "the books")])
def test_a_right_that_turns_out_to_be_missing_is_said_for_its_product(
    settings: Settings, sandbox: ZohoSandbox, lacking: str, named: str
) -> None:
    sandbox.switches["scope"] = lacking
    with pytest.raises(Denied, match=named):
        check(settings)


def test_a_dead_refresh_token_is_a_matter_for_a_person(settings: Settings) -> None:
    with pytest.raises(Denied, match="does not accept refresh_token"):
        check(settings.model_copy(update={"refresh_token": SecretStr("revoked")}))


def test_a_client_that_the_data_centre_does_not_know_is_said_with_the_data_centre(settings: Settings) -> None:
    with pytest.raises(Denied, match='data_centre = "us"'):
        check(settings.model_copy(update={"client_id": "of another data centre"}))


def test_an_account_that_lives_elsewhere_is_said_with_the_place(settings: Settings, sandbox: ZohoSandbox) -> None:
    """Before any token is sent to the wrong data centre."""
    sandbox.switches["api_domain"] = "https://www.zohoapis.eu"
    with pytest.raises(Denied, match='write data_centre = "eu"'):
        check(settings.model_copy(update={"api_url": None}))


def test_an_api_of_another_data_centre_is_said_at_once(script: Script, scripted: Settings) -> None:
    script.says("/crm/v8/Contacts/search", {"code": "INVALID_TOKEN", "status": "error"}, status=401)
    with pytest.raises(Denied, match="does not accept the access tokens"):
        check(scripted)


def test_an_organisation_that_is_not_this_accounts_is_said(settings: Settings) -> None:
    with pytest.raises(Denied, match="organization_id"):
        check(settings.model_copy(update={"organization_id": "4711"}))


def test_an_organisation_that_is_not_this_accounts_is_said_whatever_the_status(
    settings: Settings, sandbox: ZohoSandbox
) -> None:
    sandbox.switches["stranger"] = "403"
    with pytest.raises(Denied, match="organization_id") as told:
        check(settings.model_copy(update={"organization_id": "4711"}))
    assert "scopes" not in told.value.what


def test_a_vendor_who_is_away_is_not_taken_for_a_wrong_key(settings: Settings, sandbox: ZohoSandbox) -> None:
    sandbox.faults.order(Fault(match="/crm/", status=503))
    with pytest.raises(Unavailable):
        check(settings)
    with pytest.raises(Unavailable):
        check(settings.model_copy(update={"accounts_url": "http://127.0.0.1:1"}))
