"""A book that was put back from a copy has forgotten mails that were sent: nobody gets one of them twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from arumaldo.flows.mails import post
from arumaldo.store.base import id_from, moment_of, new_id

from .conftest import Bus
from .shop import Shop


@pytest.fixture
def shop(bus: Bus) -> Shop:
    sold = Shop(bus)
    sold.pays()
    sold.reaches("live")
    sold.works(lambda: sold.books.mailed.count("receipt") == 1)
    return sold


def test_a_mail_that_the_restored_book_has_forgotten_is_found_at_the_provider_and_not_sent_again(shop: Shop) -> None:
    with shop.store.hub() as session:
        for table in ("effects WHERE step = 'email.send_mail'", "mails"):
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("INSERT INTO restorations (id, copied_at) VALUES (gen_random_uuid(), hub_now())"))
    with shop.store.of(shop.bus.owner) as rows:
        post(rows, "receipt", shop.order_id)

    def is_sent() -> bool:
        return bool(shop.bus.all("SELECT 1 FROM mails WHERE kind = 'receipt' AND state = 'sent'"))

    shop.works(is_sent)
    assert shop.books.mailed.count("receipt") == 1


def test_what_there_is_once_for_a_thing_has_one_id_with_the_moment_of_the_thing() -> None:
    made, other = new_id(), new_id()
    receipt = id_from(made, "receipt")
    assert receipt == id_from(made, "receipt")
    assert len({made, receipt, id_from(made, "handover"), id_from(other, "receipt")}) == 4
    assert receipt.version == 7
    assert moment_of(receipt) - moment_of(made) == timedelta()
