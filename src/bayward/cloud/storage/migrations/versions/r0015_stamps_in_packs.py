"""Make room for the stamped checkpoint of the anchor that a pack holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"


def upgrade() -> None:
    op.add_column("evidence", sa.Column("anchor_note", sa.Text, nullable=True))
    op.add_column("evidence", sa.Column("anchor_stamp", sa.LargeBinary, nullable=True))
