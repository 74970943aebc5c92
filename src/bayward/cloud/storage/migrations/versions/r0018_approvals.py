"""Make room for what one person asks at a door for two and another agrees to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision: str | None = "0017"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("compartment", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("reason", sa.LargeBinary),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("until", NUMBER, nullable=False),
        sa.Column("given_by", sa.Text),
        sa.Column("given_at", NUMBER),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_approval_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_approval_tenant_bank")
        ),
        sa.PrimaryKeyConstraint("tenant", "bank", "compartment", "kind", name=op.f("pk_approval")),
        sqlite_strict=True,
    )
