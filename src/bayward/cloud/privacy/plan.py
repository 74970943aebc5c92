"""What becomes of each table when somebody is erased, read from how the columns are declared.

There is no list here to forget a table in: a column that is about a person says so in the schema
(`storage.schema.columns.personal`), and the steps follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import INFO, PERIOD, Erase, Period, Personal


@dataclass(frozen=True, slots=True)
class Step:
    """One statement's worth: where `who` names the person, delete the row or blank `values`."""

    table: sa.Table
    who: sa.Column[Any]
    erase: Erase
    values: Mapping[str, object]


@cache
def steps() -> tuple[Step, ...]:
    """The whole plan; rows that refer to others come before them."""
    found: list[Step] = []
    for table in reversed(s.metadata.sorted_tables):
        found += _steps(table)
    return tuple(sorted(found, key=lambda step: step.erase is not Erase.DELETE))


def personal_columns(table: sa.Table) -> dict[str, Personal]:
    """The columns of a table that are about a person."""
    return {column.name: column.info[INFO] for column in table.columns if INFO in column.info}


def period_of(table: sa.Table) -> Period | None:
    """How long the rows of a table are kept; None: until somebody is erased."""
    found: Period | None = table.info.get(PERIOD)
    return found


TABLES: Mapping[str, sa.Table] = {
    name: table for name, table in s.metadata.tables.items() if period_of(table) is not None
}
"""What is not kept until somebody is erased."""


def blanks(table: sa.Table, who: str | None = None) -> dict[str, object]:
    """What takes the place of everything personal in a row, or of what belongs to one column."""
    return {
        name: None if one.is_sealed or one.found_by else one.blank
        for name, one in personal_columns(table).items()
        if one.erase is Erase.BLANK and who in (None, one.of)
    }


def _steps(table: sa.Table) -> list[Step]:
    declared = personal_columns(table)
    deleted = [name for name, one in declared.items() if one.erase is Erase.DELETE]
    owners = dict.fromkeys(one.of for one in declared.values() if one.erase is Erase.BLANK)
    return [
        *(Step(table, table.c[name], Erase.DELETE, {}) for name in deleted),
        *(Step(table, table.c[who], Erase.BLANK, blanks(table, who)) for who in owners),
    ]
