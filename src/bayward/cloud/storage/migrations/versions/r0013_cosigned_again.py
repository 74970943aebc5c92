"""Let a log that does not grow be cosigned again: the time becomes part of the key."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision: str | None = "0012"

_KEY = ["tenant", "origin", "size", "witness", "time"]


def upgrade() -> None:
    with op.batch_alter_table("cosignature", table_kwargs={"sqlite_strict": True}) as table:
        table.drop_constraint("pk_cosignature", type_="primary")
        table.create_primary_key("pk_cosignature", _KEY)
