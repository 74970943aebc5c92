"""Make room for the words by which receipts from a kiosk are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "receipt_word",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_receipt_word_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f("fk_receipt_word_tenant_origin"),
        ),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_receipt_word")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_receipt_word_hash"), "receipt_word", ["hash"], unique=True)
    op.create_index(
        op.f("ix_receipt_word_tenant_not_after"), "receipt_word", ["tenant", "not_after"]
    )
