"""Make room for what of the tenants' logs is in the anchor log; find events by their entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "anchored",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("size", NUMBER, autoincrement=False, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_anchored_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f("fk_anchored_tenant_origin"),
        ),
        sa.PrimaryKeyConstraint("tenant", "origin", "size", name=op.f("pk_anchored")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_anchored_idx"), "anchored", ["idx"])
    op.create_index(
        op.f("ix_happening_tenant_origin_idx"), "happening", ["tenant", "origin", "idx"]
    )
