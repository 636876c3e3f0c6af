"""What `arumaldo check --live` learns from the vendor."""

from __future__ import annotations

import pytest
from arumaldo_pressable.check import check
from arumaldo_pressable.sandbox import PressableSandbox
from arumaldo_pressable.settings import Settings
from pydantic import SecretStr

from arumaldo import Denied, Unavailable
from arumaldo.capabilities.hosting import HostedSite
from arumaldo.sandbox import Fault


def test_credentials_in_order_are_found_so_however_many_sites_there_are(settings: Settings, site: HostedSite) -> None:
    assert check(settings) == "the credentials are accepted and may list sites"


def test_a_scope_without_domains_is_a_matter_for_a_person(
    sandbox: PressableSandbox, settings: Settings, site: HostedSite
) -> None:
    sandbox.faults.order(Fault(match=r"^GET /v1/sites/\d+/domains\n", status=403))
    with pytest.raises(Denied):
        check(settings)


def test_nothing_is_made_by_asking(sandbox: PressableSandbox, settings: Settings) -> None:
    check(settings)
    assert not sandbox.ledger()["sites"]


def test_credentials_that_are_not_accepted_are_a_matter_for_a_person(settings: Settings) -> None:
    with pytest.raises(Denied, match="does not accept client_id and client_secret") as refusal:
        check(settings.model_copy(update={"client_secret": SecretStr("of somebody else")}))
    assert "of somebody else" not in str(refusal.value)


def test_a_vendor_who_is_away_is_not_taken_for_a_wrong_key(settings: Settings) -> None:
    with pytest.raises(Unavailable):
        check(settings.model_copy(update={"base_url": "http://127.0.0.1:1"}))
