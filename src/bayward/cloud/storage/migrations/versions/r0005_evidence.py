"""Evidence packs that were asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("first", NUMBER, nullable=False),
        sa.Column("until", NUMBER, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("asked_index", NUMBER, nullable=False),
        sa.Column("hidden", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("done", NUMBER, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("chain", sa.Text),
        sa.Column("digest", sa.Text),
        sa.Column("stamp", sa.LargeBinary),
        sa.Column("exported_index", NUMBER),
        sa.Column("fetch_until", NUMBER),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_evidence_tenant")),
        sa.PrimaryKeyConstraint("tenant", "evidence", name=op.f("pk_evidence")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_evidence_tenant_asked_at"), "evidence", ["tenant", "asked_at"])
