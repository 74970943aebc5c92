"""Make room for the one item that an evidence pack is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision: str | None = "0027"


def upgrade() -> None:
    op.add_column("evidence", sa.Column("item", sa.Text, nullable=True))
