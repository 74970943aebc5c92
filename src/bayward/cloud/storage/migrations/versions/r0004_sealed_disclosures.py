"""Make room for sealed disclosures; plain ones wait in a table until the next start seals them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_disclosure()
    _move_aside()
    op.drop_column("happening", "fields")


def _create_disclosure() -> None:
    op.create_table(
        "disclosure",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("idx", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ord", NUMBER, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_disclosure_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f("fk_disclosure_tenant_origin"),
        ),
        sa.PrimaryKeyConstraint("tenant", "origin", "idx", "ord", name=op.f("pk_disclosure")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_disclosure_tenant_key"), "disclosure", ["tenant", "key"])


def _move_aside() -> None:
    op.create_table(
        "plain_disclosure",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("idx", NUMBER, autoincrement=False, nullable=False),
        sa.Column("disclosures", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenant.tenant"], name=op.f("fk_plain_disclosure_tenant")
        ),
        sa.PrimaryKeyConstraint("tenant", "origin", "idx", name=op.f("pk_plain_disclosure")),
        sqlite_strict=True,
    )
    op.execute(
        "INSERT INTO plain_disclosure SELECT tenant, origin, idx, disclosures FROM log_entry"
    )
    op.drop_column("log_entry", "disclosures")
