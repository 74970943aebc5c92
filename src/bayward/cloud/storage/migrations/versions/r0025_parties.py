"""Make room for parties outside with keys of their own; those of items get theirs at start.

What an item's party is called lies sealed under the tenant's key in the columns it stays in, so it
can be opened only by a program that has the keys (`cloud.custody.moving`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision: str | None = "0024"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_party()
    op.add_column("happening", sa.Column("party_id", sa.Text))
    op.create_index(
        op.f("ix_happening_tenant_party_id"),
        "happening",
        ["tenant", "party_id"],
        sqlite_where=sa.text("party_id IS NOT NULL"),
    )
    op.drop_column("item", "holder_party_key")  # a party is found by his id
    # An offer goes to one: to a person, and then nobody outside is named in it.
    op.execute("UPDATE item SET offer_party = NULL WHERE offer_to IS NOT NULL")


def _create_party() -> None:
    op.create_table(
        "party",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("name", sa.LargeBinary),
        sa.Column("name_key", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("named_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_party_tenant")),
        sa.PrimaryKeyConstraint("tenant", "party", name=op.f("pk_party")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_party_tenant_name_key"), "party", ["tenant", "name_key"], unique=True)
    op.create_index(op.f("ix_party_tenant_named_at"), "party", ["tenant", "named_at"])
