"""Make room for what outside parties are called, sealed; the names wait as those of revision 14."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision: str | None = "0018"

ROUND = 500
OFFERED = ("offer_party", "offer_authority")


def upgrade() -> None:
    _move_aside()
    op.execute("UPDATE item SET holder = '' WHERE holder_kind = 'party'")
    for column in OFFERED:
        op.drop_column("item", column)
    for column in (*OFFERED, "holder_party", "holder_party_key"):
        op.add_column("item", sa.Column(column, sa.LargeBinary))


def _move_aside() -> None:
    tx = op.get_bind()
    names = ("tenant", "item", "holder_kind", "holder", *OFFERED)
    item = sa.table("item", *map(sa.column, names))
    aside = sa.table("plain_row", *map(sa.column, ("tenant", "relation", "row", "told")))
    read = tx.execute(sa.select(item)).mappings()
    while rows := read.fetchmany(ROUND):
        found = []
        for row in rows:
            told = {name: row[name] for name in OFFERED}
            if row["holder_kind"] == "party":
                told["holder_party"] = row["holder"]
            key = {"tenant": row["tenant"], "item": row["item"]}
            found.append(
                {
                    "tenant": row["tenant"],
                    "relation": "item",
                    "row": json.dumps(key),
                    "told": json.dumps(told),
                }
            )
        tx.execute(aside.insert(), found)
