"""What columns are made of.

Instants are milliseconds (`core.clock.Instant`), lists and records are JSON in text, so that a
row reads the same on SQLite and PostgreSQL. SQLite tables are STRICT: a text in a number's
place is an error there as well.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Flag(sa.types.TypeDecorator[bool]):
    """Yes or no; 1 or 0 on SQLite, whose STRICT tables know no boolean."""

    impl = sa.Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """What the column is made of."""
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.Boolean())

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> bool | None:
        """Give back what was put in."""
        del dialect
        return None if value is None else value != 0


def table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    """A table; STRICT on SQLite."""
    return sa.Table(name, metadata, *parts, sqlite_strict=True)


def key(name: str) -> sa.Column[str]:
    """One id of the primary key."""
    return sa.Column(name, sa.Text, primary_key=True)


def tenant() -> sa.Column[str]:
    """The first column of every key."""
    return sa.Column("tenant", sa.Text, sa.ForeignKey("tenant.tenant"), primary_key=True)


def text(name: str, *, optional: bool = False) -> sa.Column[str]:
    """A text."""
    return sa.Column(name, sa.Text, nullable=optional)


def blob(name: str, *, optional: bool = False) -> sa.Column[bytes]:
    """Bytes."""
    return sa.Column(name, sa.LargeBinary, nullable=optional)


def number(name: str, *, optional: bool = False) -> sa.Column[int]:
    """A whole number."""
    return sa.Column(name, NUMBER, nullable=optional)


def instant(name: str, *, optional: bool = False) -> sa.Column[int]:
    """A time, in milliseconds since 1970."""
    return sa.Column(name, NUMBER, nullable=optional)


def flag(name: str) -> sa.Column[bool]:
    """Yes or no."""
    return sa.Column(name, Flag, nullable=False)


def serial(name: str) -> sa.Column[int]:
    """A number the database counts up by itself; never used twice."""
    return sa.Column(name, NUMBER, primary_key=True, autoincrement=True)


def belongs_to(*columns: str) -> sa.ForeignKeyConstraint:
    """A composite foreign key to the table its last column is named after."""
    return sa.ForeignKeyConstraint(columns, [f"{columns[-1]}.{name}" for name in columns])
