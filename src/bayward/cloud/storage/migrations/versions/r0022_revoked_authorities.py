"""Make room for what the issuer of a time-stamp authority's certificate had revoked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision: str | None = "0021"


def upgrade() -> None:
    op.add_column("evidence", sa.Column("tsa_list", sa.LargeBinary, nullable=True))
    op.add_column("evidence", sa.Column("tsa_issuer", sa.LargeBinary, nullable=True))
