"""SQL of what is past its period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from bayward.cloud.privacy.plan import blanks, period_of, personal_columns
from bayward.cloud.storage.schema.columns import (
    IN_PLACE_OF_A_PERSON,
    NO_LONGER_KEPT,
    Erase,
    Period,
)
from bayward.core.clock import DAY_MS, Instant
from bayward.core.ids import TenantId
from bayward.core.whose import is_subject

Key: TypeAlias = tuple[Any, ...]

_THINGS = ("parcel", "incident", "bank", "subject")  # by which a row says what it is about


@dataclass(frozen=True, slots=True)
class Old:
    """A row that is past its period: its primary key, whom it names, and what it is about."""

    key: Key
    people: frozenset[str]
    about: frozenset[str]


def old(
    tx: sa.Connection,
    tenant: TenantId,
    table: sa.Table,
    now: Instant,
    *,
    behind: Key | None,
    count: int,
    days: int | None = None,
) -> list[Old]:
    """Rows of a table whose period is over and in which there is still something to take out.

    `days` is the tenant's own period.
    """
    period = period_of(table)
    assert period is not None, "asked of tables that have one"
    key, who = list(table.primary_key), _whom(table)
    things = [table.c[name] for name in _THINGS if name in table.c]
    query = sa.select(*dict.fromkeys((*key, *who, *things)))
    query = query.where(table.c.tenant == tenant, *_is_over(table, period, now, days))
    if behind is not None:
        query = query.where(sa.tuple_(*key) > behind)
    rows = tx.execute(query.order_by(*key).limit(count)).mappings()
    return [
        Old(
            tuple(row[column] for column in key),
            frozenset(str(row[one]) for one in who if is_subject(str(row[one]))),
            frozenset(str(row[one]) for one in things if row[one] is not None),
        )
        for row in rows
    ]


def count(tx: sa.Connection, tenant: TenantId, table: sa.Table, now: Instant, *, days: int) -> int:
    """How many rows these would be."""
    period = period_of(table)
    assert period is not None, "asked of tables that have one"
    over = _is_over(table, period, now, days)
    query = sa.select(sa.func.count()).select_from(table).where(table.c.tenant == tenant, *over)
    return int(tx.execute(query).scalar_one())


def take_out(
    tx: sa.Connection,
    table: sa.Table,
    keys: Iterable[Key],
    now: Instant,
    *,
    days: int | None = None,
) -> int:
    """Delete these rows, or blank what is about people in them, if their period is still over.

    Gives how many that were.
    """
    period, key = period_of(table), list(table.primary_key)
    assert period is not None, "asked of tables that have one"
    names = [f"its_{column.name}" for column in key]
    given = [dict(zip(names, one, strict=True)) for one in keys]
    if not given:
        return 0
    this = [column == sa.bindparam(f"its_{column.name}") for column in key]
    this += _is_over(table, period, now, days)
    if period.then is Erase.DELETE:
        return tx.execute(table.delete().where(*this), given).rowcount
    return tx.execute(table.update().where(*this).values(_expired(table)), given).rowcount


def _is_over(
    table: sa.Table, period: Period, now: Instant, days: int | None
) -> list[sa.ColumnElement[bool]]:
    """Past its period, and something is left to take out."""
    kept_ms = (period.days if days is None else days) * DAY_MS
    told = [table.c[period.since] <= now - kept_ms]
    if period.then is Erase.BLANK:
        told.append(sa.or_(*_left(table)))
    return told


def _whom(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that hold somebody's id."""
    declared = personal_columns(table).items()
    return [table.c[name] for name, one in declared if one.of == name]


def _expired(table: sa.Table) -> dict[str, object]:
    """What takes the place of what was personal; nobody was erased."""
    return {
        name: NO_LONGER_KEPT if blank == IN_PLACE_OF_A_PERSON else blank
        for name, blank in blanks(table).items()
    }


def _left(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """Conditions of which one is true while a row still says something of somebody."""
    return [
        table.c[name].is_not(None) if blank is None else table.c[name] != blank
        for name, blank in _expired(table).items()
    ]
