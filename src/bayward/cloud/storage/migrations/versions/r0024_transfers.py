"""Make room for where an item is to be kept once its offer is accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision: str | None = "0023"


def upgrade() -> None:
    op.add_column("item", sa.Column("offer_scope", sa.Text))
