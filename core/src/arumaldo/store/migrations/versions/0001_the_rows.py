"""The rows: tables, the hub's time, row-level security, and what the role `app` may do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


OF_ACCOUNTS = (
    "bindings",
    "briefs",
    "deliveries",
    "effects",
    "members",
    "messages",
    "orders",
    "payments",
    "previews",
    "sites",
)
"""Tables with `account_id`: under forced row-level security a query sees one account's rows, or none."""


def upgrade() -> None:
    _time()
    _tables()
    _security()


def _time() -> None:
    """`hub_now()` is the database's clock; only a test installation may move it, and only as `owner`."""
    op.execute("""
        CREATE TABLE hub_clock (
          only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
          is_test boolean NOT NULL DEFAULT false,
          shift interval NOT NULL DEFAULT '0',
          CHECK (is_test OR shift = '0')
        )
    """)
    op.execute("INSERT INTO hub_clock DEFAULT VALUES")
    op.execute("""
        CREATE FUNCTION hub_now() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT clock_timestamp() + (SELECT shift FROM hub_clock)'
    """)


def _security() -> None:
    for table, column in [("accounts", "id"), *((table, "account_id") for table in OF_ACCOUNTS)]:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY one_account ON {table}
            USING ({column} = nullif(current_setting('arumaldo.account', true), '')::uuid
                   OR current_setting('arumaldo.hub', true) = 'on')
        """)
    op.execute("GRANT USAGE ON SCHEMA public TO app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON hub_clock, alembic_version FROM app")


def _tables() -> None:
    op.create_table(
        "attempts",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "window_start", name=op.f("pk_attempts")),
    )
    op.create_table(
        "config_versions",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_config_versions")),
    )
    op.create_table(
        "resellers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resellers")),
        sa.UniqueConstraint("slug", name=op.f("uq_resellers_slug")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["resellers.id"], name=op.f("fk_accounts_reseller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("reseller_id", "id", name=op.f("uq_accounts_reseller_id_id")),
    )
    op.create_table(
        "provider_clocks",
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["reseller_id"], ["resellers.id"], name=op.f("fk_provider_clocks_reseller_id")),
        sa.PrimaryKeyConstraint("reseller_id", "provider", name=op.f("pk_provider_clocks")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["resellers.id"], name=op.f("fk_users_reseller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("reseller_id", "email", name=op.f("uq_users_reseller_id_email")),
    )
    op.create_table(
        "bindings",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("capability", sa.String(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_bindings_account_id")),
        sa.PrimaryKeyConstraint("account_id", "capability", name=op.f("pk_bindings")),
    )
    op.create_index(op.f("ix_bindings_provider"), "bindings", ["provider"], unique=False)
    op.create_table(
        "briefs",
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_briefs_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefs")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_briefs_reseller_id_account_id_id")),
    )
    op.create_table(
        "effects",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("looks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_effects_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effects")),
        sa.UniqueConstraint("reference", name=op.f("uq_effects_reference")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_effects_reseller_id_account_id_id")),
        sa.UniqueConstraint("subject", "step", "generation", name=op.f("uq_effects_subject_step_generation")),
    )
    op.create_index(op.f("ix_effects_subject"), "effects", ["subject"], unique=False)
    op.create_index(
        "uq_effects_one_not_refused",
        "effects",
        ["subject", "step"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_index(
        "uq_effects_vendor_id",
        "effects",
        ["reseller_id", "provider", "step", "vendor_id"],
        unique=True,
        postgresql_where=sa.text("vendor_id IS NOT NULL"),
    )
    op.create_table(
        "log_ins",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_log_ins_reseller_id_account_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_log_ins_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_log_ins")),
    )
    op.create_index(op.f("ix_log_ins_user_id"), "log_ins", ["user_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_members_reseller_id_account_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("account_id", "user_id", name=op.f("uq_members_account_id_user_id")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_members_reseller_id_account_id_id")),
    )
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("caused_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_messages_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_messages_reseller_id_account_id_id")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deaths", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("within", sa.Double(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faults", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("waits_for", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_deliveries_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("message_id", "handler", name=op.f("uq_deliveries_message_id_handler")),
    )
    op.create_index(op.f("ix_deliveries_account_id"), "deliveries", ["account_id"], unique=False)
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["lane", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_deliveries_key", "deliveries", ["key", "id"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(
        "uq_deliveries_one_held_per_key",
        "deliveries",
        ["key"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting' AND holder IS NOT NULL"),
    )
    op.create_table(
        "previews",
        sa.Column("brief_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("show_key", sa.String(), nullable=False),
        sa.Column("made_from", sa.Uuid(), nullable=True),
        sa.Column("wish", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id", "brief_id"],
            ["briefs.reseller_id", "briefs.account_id", "briefs.id"],
            name=op.f("fk_previews_reseller_id_account_id_brief_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_previews_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previews")),
        sa.UniqueConstraint("brief_id", "number", name=op.f("uq_previews_brief_id_number")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_previews_reseller_id_account_id_id")),
        sa.UniqueConstraint("show_key", name=op.f("uq_previews_show_key")),
    )
    op.create_index(op.f("ix_previews_brief_id"), "previews", ["brief_id"], unique=False)
    op.create_index(
        "uq_previews_one_making", "previews", ["brief_id"], unique=True, postgresql_where=sa.text("state = 'making'")
    )
    op.create_table(
        "orders",
        sa.Column("brief_id", sa.Uuid(), nullable=False),
        sa.Column("preview_id", sa.Uuid(), nullable=False),
        sa.Column("preview_digest", sa.String(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=True),
        sa.Column("tax", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("tax_label", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.CheckConstraint("net + tax = total", name=op.f("ck_orders_adds_up")),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id", "brief_id"],
            ["briefs.reseller_id", "briefs.account_id", "briefs.id"],
            name=op.f("fk_orders_reseller_id_account_id_brief_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id", "preview_id"],
            ["previews.reseller_id", "previews.account_id", "previews.id"],
            name=op.f("fk_orders_reseller_id_account_id_preview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_orders_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_orders_reseller_id_account_id_id")),
    )
    op.create_index(
        "uq_orders_one_open", "orders", ["brief_id"], unique=True, postgresql_where=sa.text("state <> 'dropped'")
    )
    op.create_table(
        "payments",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("charge_id", sa.String(), nullable=True),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id", "order_id"],
            ["orders.reseller_id", "orders.account_id", "orders.id"],
            name=op.f("fk_payments_reseller_id_account_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_payments_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("order_id", "generation", name=op.f("uq_payments_order_id_generation")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_payments_reseller_id_account_id_id")),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"], unique=False)
    op.create_index(
        "uq_payments_one_open", "payments", ["order_id"], unique=True, postgresql_where=sa.text("state <> 'declined'")
    )
    op.create_table(
        "sites",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("hosted_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id", "order_id"],
            ["orders.reseller_id", "orders.account_id", "orders.id"],
            name=op.f("fk_sites_reseller_id_account_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reseller_id", "account_id"],
            ["accounts.reseller_id", "accounts.id"],
            name=op.f("fk_sites_reseller_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("order_id", name=op.f("uq_sites_order_id")),
        sa.UniqueConstraint("reseller_id", "account_id", "id", name=op.f("uq_sites_reseller_id_account_id_id")),
    )
