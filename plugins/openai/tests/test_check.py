"""What `arumaldo check --live` learns from the vendor."""

from __future__ import annotations

import pytest
from arumaldo_openai import Settings
from arumaldo_openai.check import check
from arumaldo_openai.sandbox import OpenAiSandbox

from arumaldo import Denied, Unavailable


def settings(served: OpenAiSandbox) -> Settings:
    return Settings.at_sandbox(served.address)


def test_a_key_in_order_is_found_so_without_writing_anything(served: OpenAiSandbox) -> None:
    assert check(settings(served)) == f"the key is accepted and has {settings(served).model}"
    assert not served.ledger()["responses"]


@pytest.mark.parametrize("key", ["revoked", "narrow"])
def test_a_key_that_is_not_accepted_is_a_matter_for_a_person(served: OpenAiSandbox, key: str) -> None:
    served.switches["key"] = key
    with pytest.raises(Denied, match="check `api_key`"):
        check(settings(served))


def test_a_model_that_the_account_does_not_have_is_named(served: OpenAiSandbox) -> None:
    with pytest.raises(Denied, match="check `model`"):
        check(settings(served).model_copy(update={"model": "gpt-0"}))


def test_a_vendor_who_is_busy_is_not_taken_for_a_wrong_key(served: OpenAiSandbox) -> None:
    served.switches["quota"] = "rate"
    with pytest.raises(Unavailable):
        check(settings(served))
