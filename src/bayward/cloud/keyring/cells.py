"""What can be read of a person or a party, in the tables: sealed under his own key.

    column key   HKDF-SHA256( subject key )
    cell         nonce ‖ AES-256-GCM( JSON of the value, AAD = table, column, primary key )
    digest       HMAC-SHA256( index key of the tenant, column ‖ value in small letters )

Which columns those are is declared in the schema (`storage.schema.columns.sealed`). Stores write
what `sealed` gives them and read through `opened`; nobody else encrypts a cell. A cell moved to
another row, or changed, does not open; it is told to the program's own log and reads as blank,
like that of somebody whose key was destroyed.

Sealed cells are found by a digest. Its key is one of the keyring's, and is replaced whenever an
epoch of the keys ends (`reindex`): nobody can try addresses against a database from before.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from bayward.cloud.keyring.ring import HOUSE, Keyring
from bayward.cloud.keyring.sealing import HeldKey
from bayward.cloud.keys import decrypt, encrypt
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import INFO, Personal
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.whose import is_subject

_SAFE = "safe"  # where a connection keeps it
_ALL_MAX = 500  # rows read at once where all of a table are

_KNOWN = sa.select(s.tenant.c.index_key).where(s.tenant.c.tenant == sa.bindparam("tenant"))

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Safe:
    """What one transaction needs to seal and open; new keys are made of `random`."""

    ring: Keyring
    now: Instant
    random: Callable[[int], bytes]
    indexes: dict[str, HeldKey] = field(default_factory=dict)  # by tenant, as far as they were used


@dataclass(frozen=True, slots=True)
class _Form:
    """What is sealed in a table; `digests` are the columns some of it is found by.

    `where` and the row's primary key are what no other cell has together.
    """

    name: str
    key: tuple[str, ...]
    cells: Mapping[str, Personal]
    where: Mapping[str, str]
    digests: Mapping[str, str]


def bind(tx: sa.Connection, safe: Safe) -> None:
    """Let the stores seal and open in this transaction."""
    tx.info[_SAFE] = safe


def sealed(tx: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is to be written; it holds its primary key and whose its sealed columns are.

    What belongs to somebody who was erased is left out: a bank that was offline may tell of him
    later.
    """
    safe: Safe = tx.info[_SAFE]
    form, told = _form(table), dict(row)
    its_key = _its_key(form, told)
    for column, one in form.cells.items():
        value = told.get(column)
        if value is None:
            continue
        key = _key_to_seal(safe, table, told["tenant"], told[one.of])
        context = form.where[column] + its_key
        told[column] = None if key is None else encrypt(key.cipher, context, _encoded(value))
        digest = form.digests.get(column)
        if digest is not None:
            index = None if key is None else _index_key(tx, safe, told["tenant"], is_made=True)
            told[digest] = None if index is None else _digest(index, form, column, value)
    for column, digest in form.digests.items():
        if column in told and told[column] is None:
            told[digest] = None
    return told


def opened(tx: sa.Connection, table: sa.Table, row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as it was meant, or as much of it as was read; digests are left out."""
    safe: Safe = tx.info[_SAFE]
    form = _form(table)
    told = {str(name): value for name, value in row.items() if name not in form.digests.values()}
    held: dict[str, HeldKey | None] = {}
    its_key = _its_key(form, told)
    for column, one in form.cells.items():
        cell = told.get(column)
        if cell is None:
            if column in told:
                told[column] = one.blank
            continue
        if one.of not in held:
            held[one.of] = _key_to_open(safe, told["tenant"], told[one.of])
        key = held[one.of]
        try:
            plain = None if key is None else decrypt(key.cipher, form.where[column] + its_key, cell)
            told[column] = one.blank if plain is None else msgspec.json.decode(plain)
        except Invalid:
            keys = {name: told[name] for name in form.key}
            _log.error("cells.broken", table=form.name, column=column, **keys)
            told[column] = one.blank
    return told


def digest(tx: sa.Connection, column: sa.Column[Any], tenant: str, value: str) -> bytes | None:
    """By which a value of a sealed column is found; None: the tenant has none at all."""
    index = _index_key(tx, tx.info[_SAFE], tenant, is_made=False)
    return None if index is None else _digest(index, _form(column.table), column.name, value)


def reindex(tx: sa.Connection, tenant: str) -> str:
    """Make all digests of a tenant anew under a new key; gives its id."""
    safe: Safe = tx.info[_SAFE]
    index = _new_index(tx, safe, tenant)
    for table in s.metadata.sorted_tables:
        form = _form(table)
        if form.digests:
            _reindex(tx, table, form, tenant, index)
    return index.id


def lost_index(tx: sa.Connection) -> list[str]:
    """Tenants whose digests nothing is found by any more: the database is older than the keys."""
    rows = tx.execute(sa.select(s.tenant.c.tenant, s.tenant.c.index_key)).all()
    ring = tx.info[_SAFE].ring
    return [
        str(row.tenant)
        for row in rows
        if row.index_key is not None and ring.find(row.tenant, row.index_key) is None
    ]


def sealed_columns(table: sa.Table) -> dict[str, Personal]:
    """The columns of a table that are sealed."""
    return dict(_form(table).cells)


@cache
def _form(table: sa.Table) -> _Form:
    declared = {one.name: one.info[INFO] for one in table.columns if INFO in one.info}
    return _Form(
        table.name,
        tuple(column.name for column in table.primary_key),
        {name: one for name, one in declared.items() if one.is_sealed},
        {name: f"{table.name}.{name}|cell/v1\n" for name in declared},
        {one.found_by: name for name, one in declared.items() if one.found_by},
    )


def _key_to_open(safe: Safe, tenant: str, whose: str | None) -> HeldKey | None:
    """The same key again; None when it was destroyed."""
    held = safe.ring.held(tenant, _owner(whose))
    if held is None and not safe.ring.is_destroyed(tenant, _owner(whose)):
        held = safe.ring.subject(tenant, HOUSE, safe.now, safe.random)
    return held


def _key_to_seal(safe: Safe, table: sa.Table, tenant: str, whose: str | None) -> HeldKey | None:
    """The key of whom a cell is about, the tenant's own for strangers; None for who was erased.

    Only a row of his own gets somebody a key: a bank may claim anything.
    """
    ring, owner = safe.ring, _owner(whose)
    if owner != HOUSE and table not in (s.person, s.party):
        held = ring.held(tenant, owner)
        if held is not None:
            return held
        if ring.is_destroyed(tenant, owner):
            return None
        owner = HOUSE
    return ring.subject(tenant, owner, safe.now, safe.random)


def _owner(whose: str | None) -> str:
    return whose if whose is not None and is_subject(whose) else HOUSE


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(str(value) if isinstance(value, str) else value)


def _its_key(form: _Form, row: Mapping[str, Any]) -> str:
    return "\n".join([str(row[name]) for name in form.key])


def _index_key(tx: sa.Connection, safe: Safe, tenant: str, *, is_made: bool) -> HeldKey | None:
    if tenant in safe.indexes:
        return safe.indexes[tenant]
    known = tx.execute(_KNOWN, {"tenant": tenant}).scalar_one_or_none()
    if known is not None:
        found = safe.ring.find(tenant, known)
    elif is_made:
        found = _new_index(tx, safe, tenant)
    else:
        return None
    if found is not None:
        safe.indexes[tenant] = found
    return found


def _new_index(tx: sa.Connection, safe: Safe, tenant: str) -> HeldKey:
    made = safe.ring.new_index(tenant, safe.now, safe.random)
    mine = s.tenant.c.tenant == tenant
    tx.execute(s.tenant.update().where(mine).values(index_key=made.id))
    safe.indexes[tenant] = made
    return made


def _digest(index: HeldKey, form: _Form, column: str, value: str) -> bytes:
    plain = f"{form.name}.{column}\n{folded(value)}"
    return hmac.digest(index.secret, plain.encode(), "sha256")


def folded(value: str) -> str:
    """The form that two spellings of one value share."""
    return value.strip().casefold()


def _reindex(tx: sa.Connection, table: sa.Table, form: _Form, tenant: str, index: HeldKey) -> None:
    """Give every row of a tenant its digests."""
    its_key = [table.c[name] == sa.bindparam(f"its_{name}") for name in form.key]
    names: dict[str, Any] = {
        digest: sa.bindparam(f"new_{digest}") for digest in form.digests.values()
    }
    change = table.update().where(*its_key).values(names)
    wanted = {*form.key, *form.digests, *(form.cells[name].of for name in form.digests)}
    for rows in _all(tx, table, form, tenant, [table.c[name] for name in sorted(wanted)]):
        changed = []
        for row in rows:
            told = opened(tx, table, row)
            values = {f"its_{name}": told[name] for name in form.key}
            for column, name in form.digests.items():
                value = told[column]
                values[f"new_{name}"] = (
                    None if value is None else _digest(index, form, column, value)
                )
            changed.append(values)
        tx.execute(change, changed)


def _all(
    tx: sa.Connection, table: sa.Table, form: _Form, tenant: str, columns: Iterable[Any]
) -> Iterator[list[sa.RowMapping]]:
    """Rows that can be found by something, some at a time."""
    last = table.c[form.key[-1]]
    has_any = sa.or_(*(table.c[name].is_not(None) for name in form.digests))
    query = sa.select(*columns).where(table.c.tenant == tenant, has_any)
    query = query.order_by(last).limit(_ALL_MAX)
    rows = list(tx.execute(query).mappings())
    while rows:
        yield rows
        behind = rows[-1][form.key[-1]]
        rows = list(tx.execute(query.where(last > behind)).mappings())
