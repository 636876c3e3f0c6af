"""What a worker dropped because the database went away is free at once, and what it has in its hands stays its own."""

from __future__ import annotations

import uuid

from sqlalchemy.exc import OperationalError

from arumaldo.bus.dropped import let_go
from arumaldo.bus.work import Work

from .conftest import Bus, ThingMade, ThingOrdered


def test_an_attempt_that_lost_the_database_is_let_go_of_by_its_worker_and_done_by_another(bus: Bus) -> None:
    away = [True]

    def step(message: ThingOrdered, work: Work) -> None:
        if away:
            raise OperationalError(None, None, Exception("the connection is lost"))
        with work.transaction() as rows:
            rows.publish(ThingMade(order_id=message.order_id))

    bus.handle(step)
    (delivery,) = bus.publish(ThingOrdered(order_id=uuid.uuid4()))
    one, other = bus.runner(), bus.runner()
    one.run(delivery)
    away.clear()
    other.run(delivery)
    assert bus.one("SELECT state, holder FROM deliveries") == ("waiting", one.worker), "its worker's heart beats"
    assert let_go(bus.store, other.worker, other.at.values) == 0
    assert let_go(bus.store, one.worker, one.at.values) == 1
    other.run(delivery)
    assert bus.one("SELECT state FROM deliveries WHERE handler = 'step'").state == "done"


def test_what_a_thread_has_in_its_hands_is_not_let_go_of(bus: Bus) -> None:
    let_go_of: list[int] = []

    def step(message: ThingOrdered, work: Work) -> None:
        let_go_of.append(let_go(bus.store, one.worker, lambda: list(one.at.values())))
        with work.transaction() as rows:
            rows.publish(ThingMade(order_id=message.order_id))

    bus.handle(step)
    one = bus.runner()
    for delivery in bus.publish(ThingOrdered(order_id=uuid.uuid4())):
        one.run(delivery)
    assert let_go_of == [0]
    assert bus.one("SELECT state, token FROM deliveries WHERE handler = 'step'") == ("done", 1)
    assert one.at == {}
