"""Make room for erasures of parties outside, who are in no table of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision: str | None = "0025"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = "asked_by, basis, asked_at, due, problem"


def upgrade() -> None:
    op.rename_table("erasure", "erasure_before")
    op.create_table(
        "erasure",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("due", NUMBER),
        sa.Column("problem", sa.Text),
        sa.Column("leaves_items", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_erasure_tenant")),
        sa.PrimaryKeyConstraint("tenant", "subject", name=op.f("pk_erasure")),
        sqlite_strict=True,
    )
    op.execute(
        f"INSERT INTO erasure (tenant, subject, {KEPT}, leaves_items)"  # noqa: S608 - ours
        f" SELECT tenant, person, {KEPT}, 0 FROM erasure_before"
    )
    op.drop_table("erasure_before")
