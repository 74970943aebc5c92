"""What columns are made of.

Instants are milliseconds (`core.clock.Instant`), lists and records are JSON in text, so that a
row reads the same on SQLite and PostgreSQL. SQLite tables are STRICT: a text in a number's
place is an error there as well.

What is about a person says so where it is declared (`personal`): why it is kept, on what ground,
how long, and what becomes of it when he is erased. `cloud/privacy/plan.py` reads it from here. What
can be read (a name, an address, a text) is declared with `sealed` instead and lies encrypted under
his own key (`cloud/keyring/cells.py`); `personal` asks for the reason why something is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Kind = TypeVar("Kind")

INFO = "personal"  # where a column keeps what `personal` says
PERIOD = "period"  # where a table keeps how long its rows are kept
IN_PLACE_OF_A_PERSON = "erased"  # core.events.ERASED; a schema imports no rules
NO_LONGER_KEPT = "expired"  # the same, of somebody who is there and not named here any more


class Erase(StrEnum):
    """What becomes of a row when the person that a column names is erased."""

    DELETE = "delete"  # the row is about nobody else
    BLANK = "blank"  # the row stays; what is about him is taken out of it


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something is kept, and who is told of it: GDPR articles 5(1)(b), 6(1) and 30(1)(d)."""

    purpose: str
    basis: str
    recipients: str


ACCOUNT = Ground("account", "contract", "the banks where parcels may come: name and dwelling")
DELIVERY = Ground("delivery", "contract", "the banks, the mail server, subscribers of webhooks")
CUSTODY = Ground("custody", "legitimate interests", "subscribers of webhooks")
SECURITY = Ground("security", "legitimate interests", "the banks, subscribers of webhooks")


@dataclass(frozen=True, slots=True)
class Period:
    """How long the rows of a table are kept: GDPR article 5(1)(e).

    `days` are counted from the instant in the column `since`; a row without it is not over. Then
    the row is deleted, or what is about a person in it is blanked. `kind` is one word for pages
    and for the log.
    """

    kind: str
    since: str
    days: int
    then: Erase = Erase.DELETE


@dataclass(frozen=True, slots=True)
class Personal:
    """What a column holds of a person.

    `of` is the column of the same row that says whose it is: another one, or itself. `blank`
    takes its place; where the column is sealed, that is what no value reads as. `plain` is why it
    is not sealed; `found_by` is set for digests, by which a sealed column can be found.
    """

    category: str
    ground: Ground
    of: str
    erase: Erase
    blank: object
    is_sealed: bool = False
    plain: str = ""
    found_by: str = ""


def personal(
    column: sa.Column[Kind],
    category: str,
    ground: Ground,
    *,
    of: str = "",
    erase: Erase = Erase.BLANK,
    blank: object = None,
    plain: str = "",
) -> sa.Column[Kind]:
    """Say that a column is about a person; without `of` it holds his id.

    Anything else than an id has a reason for being `plain`, or is `sealed`.
    """
    if not of and erase is Erase.BLANK and blank is None:
        blank = IN_PLACE_OF_A_PERSON
    elif blank is None and not column.nullable:
        blank = ""
    told = Personal(category, ground, of or column.name, erase, blank, plain=plain)
    column.info[INFO] = told
    return column


def sealed(
    name: str, category: str, ground: Ground, *, of: str, blank: object = None
) -> sa.Column[bytes]:
    """What can be read of a person: kept encrypted under the key of whom `of` names.

    Goes in and comes out through `keyring.cells`, as text, number or truth; what is not there
    reads as `blank`.
    """
    column = blob(name, optional=True)
    column.info[INFO] = Personal(category, ground, of, Erase.BLANK, blank, is_sealed=True)
    return column


def found_by(column: sa.Column[bytes]) -> sa.Column[bytes]:
    """The digest `<name>_key` by which the sealed column can be found, keyed and in any case."""
    told: Personal = column.info[INFO]
    digest = blob(f"{column.name}_key", optional=True)
    digest.info[INFO] = replace(told, is_sealed=False, plain="keyed digest", found_by=column.name)
    return digest


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


def table(
    name: str,
    *parts: sa.schema.SchemaItem,
    is_clustered: bool = False,
    period: Period | None = None,
) -> sa.Table:
    """A table; STRICT on SQLite, and with `is_clustered` kept in its primary key's index.

    Without a period its rows are kept until somebody is erased.
    """
    return sa.Table(
        name,
        metadata,
        *parts,
        sqlite_strict=True,
        sqlite_with_rowid=not is_clustered,
        info={PERIOD: period},
    )


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
