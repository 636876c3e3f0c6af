"""Pauses, restorations, duties and findings; effects that may stand in a lost book; since when a provider fails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
only_adds = True

_NOW = sa.text("hub_now()")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _tables()
    op.add_column("effects", sa.Column("before_restore", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_effects_short_reference", "effects", [sa.text("left(reference, 10)")])
    op.add_column("provider_clocks", sa.Column("failing_since", _TIME, nullable=True))
    op.add_column("provider_clocks", sa.Column("asked_until", _TIME, nullable=True))
    op.execute("INSERT INTO duties (name) VALUES ('reconcile')")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON pauses, restorations, duties, findings TO app")


def _tables() -> None:
    op.create_table(
        "pauses",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pauses")),
    )
    op.create_table(
        "restorations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("copied_at", _TIME, nullable=False),
        sa.Column("restored_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("reconciled_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restorations")),
    )
    op.create_table(
        "duties",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=True),
        sa.Column("began_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duties")),
    )
    _findings()


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", _TIME, nullable=True),
        sa.Column("found_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["reseller_id"], ["resellers.id"], name=op.f("fk_findings_reseller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint(
            "reseller_id", "provider", "step", "vendor_id",
            name=op.f("uq_findings_reseller_id_provider_step_vendor_id"),
        ),
    )  # fmt: skip
    op.create_index("ix_findings_open", "findings", ["found_at"], postgresql_where=sa.text("state = 'open'"))
