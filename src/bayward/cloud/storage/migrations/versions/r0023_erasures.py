"""Make room for erasures that one administrator asks for and another confirms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision: str | None = "0022"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("due", NUMBER),
        sa.Column("problem", sa.Text),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_erasure_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_erasure_tenant_person"),
        ),
        sa.PrimaryKeyConstraint("tenant", "person", name=op.f("pk_erasure")),
        sqlite_strict=True,
    )
