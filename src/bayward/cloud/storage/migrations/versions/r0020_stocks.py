"""Count what an item of medicine holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision: str | None = "0019"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name in ("offer_count", "stock_count"):
        op.add_column("item", sa.Column(name, NUMBER))
    for name in ("stock_unit", "stock_lot", "stock_expires_on", "stock_marks"):
        op.add_column("item", sa.Column(name, sa.Text))
