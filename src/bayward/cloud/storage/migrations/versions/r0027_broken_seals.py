"""Make room for when a seal of an item was first found broken; new seals do not take that back.

What was found before stands in the log, sealed, so a program that has the keys reads it there at
start (`cloud.custody.seals_before`). Until then the item is marked with a time that is none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision: str | None = "0026"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("item", sa.Column("seal_broken_at", NUMBER))
    op.execute("UPDATE item SET seal_broken_at = -1 WHERE seal IS NOT NULL")
