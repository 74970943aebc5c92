"""Create legal holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "hold",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hold", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("begins_at", NUMBER),
        sa.Column("ends_at", NUMBER),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("placed_by", sa.Text, nullable=False),
        sa.Column("placed_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lifted_at", NUMBER),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_hold_tenant")),
        sa.PrimaryKeyConstraint("tenant", "hold", name=op.f("pk_hold")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_hold_tenant_lifted_at"), "hold", ["tenant", "lifted_at"])
