"""Say where an item is kept, and since when it is out of its compartment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("item", sa.Column("scope", sa.Text))
    op.add_column("item", sa.Column("out_since", NUMBER))
