"""Make room for cosignatures of accepted checkpoints, and for where banks wrote beacons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create("cosignature", "size", sa.Column("witness", sa.Text, nullable=False))
    _create("beacon", "idx")


def _create(name: str, counted: str, *more: sa.Column[str]) -> None:
    is_note = bool(more)
    op.create_table(
        name,
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column(counted, NUMBER, autoincrement=False, nullable=False),
        *more,
        sa.Column("time", NUMBER, nullable=False),
        *([sa.Column("note", sa.Text, nullable=False)] if is_note else []),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f(f"fk_{name}_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f(f"fk_{name}_tenant_origin"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant", "origin", counted, *(one.name for one in more), name=op.f(f"pk_{name}")
        ),
        sqlite_strict=True,
    )
