"""SQL of erasing: what stands in its way, and what it does."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.privacy import periods
from bayward.cloud.privacy.plan import period_of, personal_columns, steps
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import Erase
from bayward.core.clock import Instant
from bayward.core.commands import ForgetPerson
from bayward.core.custody import ParcelState
from bayward.core.events import ERASED
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, Subject, TenantId
from bayward.core.roles import Node, Role
from bayward.core.whose import is_party
from bayward.wire.orders import kind_of_type

_INSIDE = (ParcelState.EXPECTED.value, ParcelState.DEPOSITED.value, ParcelState.HELD.value)
_LIVE = (GrantState.ACTIVE.value, GrantState.OPENING.value)


def state_of(tx: sa.Connection, tenant: TenantId, subject: str) -> str | None:
    """The state of a person or a party; None for a stranger."""
    table = s.party if is_party(subject) else s.person
    mine = (table.c.tenant == tenant) & (table.c[table.name] == subject)
    return tx.execute(sa.select(table.c.state).where(mine)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Ties:
    """What somebody is still in the middle of."""

    parcels: int
    grants: int
    admissions: int
    orders: int
    items: int
    offers: int  # of items


def ties(tx: sa.Connection, tenant: TenantId, person: Subject, now: Instant) -> Ties:
    """Count it."""
    parcel, grant, admission, command = (
        s.parcel.c, s.grant.c, s.admission.c, s.command.c,
    )  # fmt: skip
    his = (parcel.recipient == person) | (parcel.courier == person)
    brought = (parcel.recipient == person) | (parcel.state == ParcelState.EXPECTED.value)
    admitted = admission.state.in_(("requested", "admitted")) & (admission.until > now)
    ordered = (command.actor == person) | (command.about == person)
    return Ties(
        items=_count(tx, s.item, tenant, s.item.c.holder == person),
        offers=_count(tx, s.item, tenant, s.item.c.offer_to == person),
        parcels=_count(tx, s.parcel, tenant, his & brought & parcel.state.in_(_INSIDE)),
        grants=_count(tx, s.grant, tenant, (grant.recipient == person) & grant.state.in_(_LIVE)),
        admissions=_count(tx, s.admission, tenant, (admission.person == person) & admitted),
        orders=_count(tx, s.command, tenant, ordered & command.state.in_(("waiting", "sent"))),
    )


_HAS_A_DISK = ("enrolled", "quarantined")
_FORGET = kind_of_type(ForgetPerson)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A bank that has not confirmed yet that it forgot `people`, who were erased since `since`.

    `away_since` is when it was last connected, `None` while it is.
    """

    bank: BankId
    name: str
    people: int
    since: Instant
    state: str
    is_connected: bool
    away_since: Instant | None


def banks_to_tell(tx: sa.Connection, tenant: TenantId) -> list[BankId]:
    """Every bank that may have a disk with names on it.

    Whoever lived here once may stand in the list of a bank that has been away since.
    """
    mine = (s.bank.c.tenant == tenant) & s.bank.c.state.in_(_HAS_A_DISK)
    found = tx.execute(sa.select(s.bank.c.bank).where(mine).order_by(s.bank.c.bank)).scalars()
    return [BankId(one) for one in found]


def untold(tx: sa.Connection, tenant: TenantId) -> list[Untold]:
    """Banks with an order to forget that is not done."""
    order, bank = s.command.c, s.bank.c
    people, since = sa.func.count().label("people"), sa.func.min(order.created_at).label("since")
    which = (bank.name, bank.state, bank.is_connected, bank.disconnected_at)
    query = (
        sa.select(order.bank, *which, people, since)
        .join(s.bank, (bank.tenant == order.tenant) & (bank.bank == order.bank))
        .where(order.tenant == tenant, order.kind == _FORGET, order.state != "done")
        .group_by(order.bank, *which)
        .order_by(since, order.bank)
    )
    return [
        Untold(
            bank=BankId(row.bank),
            name=row.name,
            people=row.people,
            since=row.since,
            state=row.state,
            is_connected=row.is_connected,
            away_since=None if row.is_connected else row.disconnected_at,
        )
        for row in tx.execute(query)
    ]


def delete_disclosures(tx: sa.Connection, tenant: TenantId, key: str) -> int:
    """Take away everything that is sealed under a key; returns how many records."""
    mine = (s.disclosure.c.tenant == tenant) & (s.disclosure.c.key == key)
    return tx.execute(s.disclosure.delete().where(mine)).rowcount


def blank(tx: sa.Connection, tenant: TenantId, person: str) -> None:
    """Carry out the plan: nothing of him is left but the id of his own row."""
    for step in steps():
        mine = (step.table.c.tenant == tenant) & (step.who == person)
        if step.erase is Erase.DELETE:
            tx.execute(step.table.delete().where(mine))
        else:
            tx.execute(step.table.update().where(mine).values(**step.values))


def owners(tx: sa.Connection, tenant: TenantId, now: Instant) -> list[str]:
    """Who administers the whole tenant now and can sign in."""
    held = _administers(tenant, now)
    person = (s.person.c.tenant == tenant) & (s.person.c.person == s.role_binding.c.person)
    query = sa.select(s.role_binding.c.person).distinct().join(s.person, person)
    return list(tx.execute(query.where(held, s.person.c.state == "active")).scalars())


def is_seasoned(
    tx: sa.Connection, tenant: TenantId, person: str, now: Instant, for_ms: int
) -> bool:
    """Whether somebody has been an administrator, of anything here, for so long."""
    role = s.role_binding.c
    live = role.not_after.is_(None) | (role.not_after > now)
    mine = (role.tenant == tenant) & (role.person == person) & (role.role == Role.ADMIN.value)
    long_ago = role.not_before <= now - for_ms
    return (
        tx.execute(sa.select(role.person).where(mine, live, long_ago).limit(1)).first() is not None
    )


def _administers(tenant: TenantId, now: Instant) -> sa.ColumnElement[bool]:
    role = s.role_binding.c
    live = (role.not_before <= now) & (role.not_after.is_(None) | (role.not_after > now))
    whole = (role.tenant == tenant) & (role.scope == Node(tenant).path)
    return whole & live & (role.role == Role.ADMIN.value)


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one table that are about somebody, as far as they are his to see."""

    table: str
    ground: str
    rows: list[dict[str, object]]


def kept(tx: sa.Connection, tenant: TenantId, person: Subject) -> list[Kept]:
    """Everything the tables hold of somebody: his own columns, and when and in what state.

    Of a row that names him beside others only what is about him is shown.
    """
    found: dict[str, Kept] = {}
    chosen = periods.of(tx, tenant)
    for step in steps():
        declared = personal_columns(step.table)
        mine = (step.table.c.tenant == tenant) & (step.who == person)
        names = {name for name, one in declared.items() if one.of == step.who.name}
        shown = [
            column.name
            for column in step.table.columns
            if column.name in names or (column.name not in declared and _is_plain(column))
        ]
        read = tx.execute(sa.select(step.table).where(mine)).mappings()
        opened = (cells.opened(tx, step.table, row) for row in read)
        rows = [{name: row[name] for name in shown if name in row} for row in opened]
        if rows:
            ground = declared[step.who.name if step.who.name in declared else min(names)].ground
            period = period_of(step.table)
            until = "until erased"
            if period is not None:
                until = f"{chosen[period.kind].days} days from {period.since}"
            told = f"{ground.purpose}; {ground.basis}; kept {until}"
            found.setdefault(step.table.name, Kept(step.table.name, told, [])).rows.extend(rows)
    return [found[name] for name in sorted(found)]


def _is_plain(column: sa.Column[object]) -> bool:
    """Times, states and places: no bytes, no keys of other things."""
    is_time = column.name.endswith(("_at", "not_after", "not_before", "until"))
    return is_time or column.name in {"state", "kind", "type", "time", "method", "role", "carrier"}


def _count(
    tx: sa.Connection, table: sa.Table, tenant: TenantId, which: sa.ColumnElement[bool]
) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(table.c.tenant == tenant, which)
    return int(tx.execute(query).scalar_one())


def is_erased(state: str | None) -> bool:
    """Whether somebody of this state was erased."""
    return state == ERASED
