"""Orders, payments, sites: from the price to the page that opens."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from arumaldo.money import Money
from arumaldo.store.base import Owned, Row, part_of

ORDER_MOVES = {
    "chosen": {"quoted", "dropped"},
    "quoted": {"paid", "dropped"},
    "paid": {"live", "failed"},
    "live": set[str](),
    "failed": {"returned"},
    "returned": set[str](),
    "dropped": set[str](),
}
PAYMENT_MOVES = {
    "submitted": {"paid", "declined", "held", "unknown"},
    "unknown": {"paid", "declined", "held"},
    "held": {"paid", "declined"},
    "paid": {"returned"},
    "declined": set[str](),
    "returned": set[str](),
}
SITE_MOVES = {
    "preparing": {"ready", "removed"},
    "ready": {"live", "removed"},
    "live": {"removed"},
    "removed": set[str](),
}
SUBSCRIPTION_MOVES = {
    "open": {"paid", "removed"},
    "paid": {"removed"},
    "removed": set[str](),
}


class Order(Owned, Row):
    """One purchase. Plan version, price, tax, currency and the preview's hash are frozen in it.

    chosen → quoted → paid → live, or paid → failed → returned; `dropped` when another plan was chosen before paying.
    """

    __tablename__ = "orders"
    keys = (
        lambda: part_of("briefs", "brief_id"),
        lambda: part_of("previews", "preview_id"),
        lambda: Index("uq_orders_one_open", "brief_id", unique=True, postgresql_where=text("state <> 'dropped'")),
        lambda: CheckConstraint("net + tax = total", name="adds_up"),
    )

    brief_id: Mapped[uuid.UUID]
    preview_id: Mapped[uuid.UUID]
    preview_digest: Mapped[str]
    plan: Mapped[dict[str, Any]]  # the whole `billing.Plan` as it was when chosen
    address: Mapped[dict[str, Any]]  # `billing.Address`
    state: Mapped[str] = mapped_column(default="chosen")
    net: Mapped[int | None] = mapped_column(BigInteger)
    tax: Mapped[int | None] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    tax_label: Mapped[str] = mapped_column(default="")
    problem: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def price(self) -> Money:
        """What is charged, tax included. Only once it is quoted."""
        if self.total is None or self.currency is None:
            raise ValueError(f"order {self.id} has no price yet")
        return Money(minor=self.total, currency=self.currency)


class Payment(Owned, Row):
    """One try to pay an order. At most one of an order's payments is not declined; the database sees to it."""

    __tablename__ = "payments"
    keys = (
        lambda: part_of("orders", "order_id"),
        lambda: UniqueConstraint("order_id", "generation"),
        lambda: Index("uq_payments_one_open", "order_id", unique=True, postgresql_where=text("state <> 'declined'")),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(index=True)
    generation: Mapped[int]
    token: Mapped[bytes | None]  # sealed; taken away once the outcome is known
    email: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(default="submitted")
    charge_id: Mapped[str | None]
    card: Mapped[str] = mapped_column(default="")
    problem: Mapped[str | None]
    ended_at: Mapped[datetime | None]

    @property
    def money(self) -> Money:
        return Money(minor=self.amount, currency=self.currency)


class Site(Owned, Row):
    """One hosted website, from the moment the host has it."""

    __tablename__ = "sites"
    keys = (lambda: part_of("orders", "order_id"), lambda: UniqueConstraint("order_id"))

    order_id: Mapped[uuid.UUID]
    hosted_id: Mapped[str]  # the host's own id
    url: Mapped[str]
    state: Mapped[str] = mapped_column(default="preparing")
    ready_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]


class SubscriptionRow(Owned, Row):
    """The plan of an order in the books, with the invoice of its first period.

    open → paid once the payment is entered; `removed` when the order failed.
    """

    __tablename__ = "subscriptions"
    keys = (lambda: part_of("orders", "order_id"), lambda: UniqueConstraint("order_id"))

    order_id: Mapped[uuid.UUID]
    kept_id: Mapped[str]  # the books' own id
    invoice_id: Mapped[str]
    invoice_number: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    renews_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
