"""SQL of sealed disclosures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place
from bayward.core.ids import TenantId
from bayward.core.whose import is_party

_ADD = s.disclosure.insert()
_COLUMNS = [column.name for column in s.disclosure.columns]
_PERSON = sa.select(s.person.c.state).where(
    s.person.c.tenant == sa.bindparam("tenant"), s.person.c.person == sa.bindparam("subject")
)
_PARTY = sa.select(s.party.c.state).where(
    s.party.c.tenant == sa.bindparam("tenant"), s.party.c.party == sa.bindparam("subject")
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The fields of one entry that belong to one subject; `ord` is where the first one stands."""

    tenant: TenantId
    origin: str
    idx: int
    ord: int
    key: str
    period: str
    sealed: bytes


def insert(tx: sa.Connection, rows: Sequence[Sealed]) -> None:
    """Keep what opens some entries."""
    if rows:
        tx.execute(_ADD, [{name: getattr(row, name) for name in _COLUMNS} for row in rows])


def of_range(
    tx: sa.Connection, tenant: TenantId, origin: str, first: int, count: int
) -> list[Sealed]:
    """What opens entries `first` up to `first + count`."""
    wanted = s.disclosure.c.idx.between(first, first + count - 1)
    return _read(tx, tenant, (s.disclosure.c.origin == origin) & wanted)


def of_places(tx: sa.Connection, tenant: TenantId, places: Iterable[Place]) -> list[Sealed]:
    """What opens these entries."""
    wanted: dict[str, list[int]] = {}
    for place in places:
        wanted.setdefault(place.origin, []).append(place.index)
    table = s.disclosure.c
    found: list[Sealed] = []
    for origin, indexes in wanted.items():
        found += _read(tx, tenant, (table.origin == origin) & table.idx.in_(indexes))
    return found


def of_key(tx: sa.Connection, tenant: TenantId, key: str) -> list[Sealed]:
    """Everything that is sealed under a subject's key."""
    return _read(tx, tenant, s.disclosure.c.key == key)


def put_in_place(tx: sa.Connection, row: Sealed, rows: Sequence[Sealed]) -> None:
    """Keep these instead of a row of the same entry."""
    table = s.disclosure.c
    place = (table.origin == row.origin) & (table.idx == row.idx) & (table.ord == row.ord)
    tx.execute(s.disclosure.delete().where(table.tenant == row.tenant, place))
    insert(tx, rows)


def delete_of_key(tx: sa.Connection, tenant: TenantId, key: str) -> int:
    """Take everything away that is sealed under a subject's key; returns how many rows."""
    mine = (s.disclosure.c.tenant == tenant) & (s.disclosure.c.key == key)
    return tx.execute(s.disclosure.delete().where(mine)).rowcount


def subject_state(tx: sa.Connection, tenant: TenantId, subject: str) -> str | None:
    """The state of a person or a party of this tenant; None for a stranger."""
    query = _PARTY if is_party(subject) else _PERSON
    found = tx.execute(query, {"tenant": tenant, "subject": subject}).scalar_one_or_none()
    return None if found is None else str(found)


def _read(tx: sa.Connection, tenant: TenantId, which: sa.ColumnElement[bool]) -> list[Sealed]:
    table = s.disclosure.c
    query = sa.select(s.disclosure).where(table.tenant == tenant, which)
    rows = tx.execute(query.order_by(table.origin, table.idx, table.ord))
    return [Sealed(*row) for row in rows]
