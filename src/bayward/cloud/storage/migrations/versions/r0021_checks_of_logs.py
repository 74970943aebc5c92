"""Remember how many entries the last check of a log has read; incidents that are about no bank.

Checks of before did not say how much they had read, so they are done again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision: str | None = "0020"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("log", sa.Column("verified_size", NUMBER))
    op.execute("UPDATE log SET verified_at = NULL, verify_problem = NULL")
    op.drop_index("uq_incident_live", "incident")
    with op.batch_alter_table("incident", table_kwargs={"sqlite_strict": True}) as table:
        table.alter_column("bank", existing_type=sa.Text, nullable=True)
    _unique("uq_incident_live", ["tenant", "bank", "kind"], "state <> 'closed'")
    _unique("uq_incident_live_of_tenant", ["tenant", "kind"], "state <> 'closed' AND bank IS NULL")


def _unique(name: str, columns: list[str], where: str) -> None:
    chosen = sa.text(where)
    op.create_index(
        name, "incident", columns, unique=True, sqlite_where=chosen, postgresql_where=chosen
    )
