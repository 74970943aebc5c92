"""Make room for sealed cells; plain ones wait in a table until the next start seals them."""

from __future__ import annotations

import json
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"

ROUND = 500
SEALED: dict[str, tuple[str, ...]] = {
    "person": ("name", "email", "phone", "unit", "site", "needs_low"),
    "parcel": ("tracking",),
    "delivery": ("address", "facts"),
    "command": ("body",),
    "incident": ("reason",),
    "lockdown": ("reason",),
    "hold": ("authority",),
}
KEYS = {"lockdown": ("tenant", "bank", "scope")}


def upgrade() -> None:
    op.create_table(
        "plain_row",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("relation", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_plain_row_tenant")),
        sa.PrimaryKeyConstraint("tenant", "relation", "row", name=op.f("pk_plain_row")),
        sqlite_strict=True,
    )
    op.add_column("tenant", sa.Column("index_key", sa.Text))
    op.add_column("delivery", sa.Column("webhook", sa.Text))
    op.add_column("command", sa.Column("about", sa.Text))
    _calls_move()
    for table, columns in SEALED.items():
        _move_aside(table, columns)
    op.drop_index("ix_person_tenant_email_key", "person")
    op.drop_column("person", "email_key")
    for table, columns in SEALED.items():
        for column in columns:
            op.drop_column(table, column)
            op.add_column(table, sa.Column(column, sa.LargeBinary))
    for table, column, is_unique in (("person", "email", True), ("parcel", "tracking", False)):
        op.add_column(table, sa.Column(f"{column}_key", sa.LargeBinary))
        name = op.f(f"ix_{table}_tenant_{column}_key")
        op.create_index(name, table, ["tenant", f"{column}_key"], unique=is_unique)


def _calls_move() -> None:
    """A call held the whole event, with whatever was typed into it; now it says where that stands.

    Where that was is not known for those that are still to be made.
    """
    op.execute("UPDATE delivery SET webhook = address WHERE channel = 'webhook'")
    op.execute("UPDATE delivery SET address = '', facts = '{}' WHERE channel = 'webhook'")
    op.execute(
        "UPDATE delivery SET state = 'expired', next_at = NULL, last_error = 'upgraded'"
        " WHERE channel = 'webhook' AND state IN ('queued', 'retrying', 'dead')"
    )


def _move_aside(table: str, columns: Iterable[str]) -> None:
    tx, key = op.get_bind(), KEYS.get(table, ("tenant", table))
    old = sa.table(table, *(sa.column(name) for name in (*key, *columns)))
    aside = sa.table("plain_row", *map(sa.column, ("tenant", "relation", "row", "told")))
    read = tx.execute(sa.select(old)).mappings()
    while rows := read.fetchmany(ROUND):
        found = [
            {
                "tenant": row["tenant"],
                "relation": table,
                "row": json.dumps({name: row[name] for name in key}),
                "told": json.dumps({name: row[name] for name in columns}),
            }
            for row in rows
        ]
        tx.execute(aside.insert(), found)
        if table == "command":
            _say_whom(tx, rows)


def _say_whom(tx: sa.Connection, rows: Iterable[sa.RowMapping]) -> None:
    """An order is sealed under the key of whom it names, else of who gave it."""
    names = ("tenant", "command", "about", "actor")
    command = sa.table("command", *(sa.column(name) for name in names))
    for row in rows:
        named = json.loads(row["body"]).get("person")
        mine = (command.c.tenant == row["tenant"]) & (command.c.command == row["command"])
        tx.execute(command.update().where(mine).values(about=named or command.c.actor))
