"""Say for which modes of compartments somebody is admitted at a bank."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"


def upgrade() -> None:
    op.add_column("admission", sa.Column("modes", sa.Text))
