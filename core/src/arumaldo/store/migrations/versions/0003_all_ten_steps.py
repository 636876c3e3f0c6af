"""Confirmed addresses, mails, subscriptions and domains; a clock for each job of a plugin.

It adds only, but the release before it cannot read a configuration that names providers for the new capabilities, so
it does not claim to serve that one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_TABLES = ("confirmations", "mails", "subscriptions", "domains")


def upgrade() -> None:
    op.add_column("users", sa.Column("confirmed_at", _TIME, nullable=True))
    op.execute("UPDATE users SET confirmed_at = created_at")  # nobody who could go on is held up
    op.execute("DELETE FROM provider_clocks")  # they are named otherwise, and begin anew with the next call
    _confirmations()
    _mails()
    _subscriptions()
    _domains()
    for table in _TABLES:
        _secure(table)


def _owned(table: str, *, part_of: tuple[str, str] | None = None) -> list[sa.Column[object] | sa.Constraint]:
    """What every table of an account's rows has; `part_of` is the column that points to another such table."""
    keys: list[sa.Column[object] | sa.Constraint] = [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("hub_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f(f"uq_{table}_reseller_id_account_id_id")),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f(f"fk_{table}_reseller_id_account_id"),
        ),
    ]
    if part_of is not None:
        column, whole = part_of
        keys.append(
            sa.ForeignKeyConstraint(
                ["reseller_id", "account_id", column],
                [f"{whole}.reseller_id", f"{whole}.account_id", f"{whole}.id"],
                name=op.f(f"fk_{table}_reseller_id_account_id_{column}"),
            )
        )
    return keys


def _secure(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY one_account ON {table}
        USING (account_id = nullif(current_setting('arumaldo.account', true), '')::uuid
               OR current_setting('arumaldo.hub', true) = 'on')
    """)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO app")


def _confirmations() -> None:
    op.create_table(
        "confirmations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("confirmed_at", _TIME, nullable=True),
        *_owned("confirmations"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_confirmations_user_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_confirmations_token_hash")),
    )
    op.create_index(op.f("ix_confirmations_user_id"), "confirmations", ["user_id"])


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("sent_at", _TIME, nullable=True),
        *_owned("mails"),
        sa.UniqueConstraint("about", "kind", name=op.f("uq_mails_about_kind")),
    )


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.String(), nullable=False),
        sa.Column("invoice_number", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("renews_at", _TIME, nullable=True),
        sa.Column("paid_at", _TIME, nullable=True),
        *_owned("subscriptions", part_of=("order_id", "orders")),
        sa.UniqueConstraint("order_id", name=op.f("uq_subscriptions_order_id")),
    )


def _domains() -> None:
    op.create_table(
        "domains",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("zone_id", sa.String(), nullable=True),
        sa.Column("name_servers", postgresql.JSONB(), nullable=False),
        sa.Column("records", postgresql.JSONB(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("shield", postgresql.JSONB(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("waiting_at", _TIME, nullable=True),
        sa.Column("delegated_at", _TIME, nullable=True),
        sa.Column("attached_at", _TIME, nullable=True),
        sa.Column("live_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        *_owned("domains", part_of=("site_id", "sites")),
    )
    for name, column in (("uq_domains_claimed", "name"), ("uq_domains_one_of_site", "site_id")):
        op.create_index(name, "domains", [column], unique=True, postgresql_where=sa.text("state <> 'left'"))
