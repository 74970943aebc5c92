"""SQL of persons and of the roles they are bound to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from bayward.core.ids import Id, PersonId, SiteId, TenantId
from bayward.core.roles import Binding, Node, Role

PAGE_ROWS = 50  # one screen of a list; more is the next page
SEARCH_CHARS_MAX = 80
_LOOKED_AT = [s.person.c[name] for name in ("tenant", "person", "name", "unit", "email")]
UNITS_MAX = 500  # a list to choose from; a longer one helps nobody


class BindingId(Id):
    """One role given to one person."""

    __slots__ = ()
    prefix = "bnd"


class PersonState(StrEnum):
    """Whether somebody can use what he was given."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"
    ERASED = "erased"  # nothing is known of him any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A resident, courier or member of staff."""

    tenant: TenantId
    person: PersonId
    name: str = ""
    email: str | None = None
    phone: str | None = None
    unit: str = ""
    site: SiteId | None = None
    language: str = "en"
    needs_low: bool = False
    state: PersonState = PersonState.INVITED
    created_at: Instant = Instant(0)
    seen_at: Instant | None = None


def insert(tx: sa.Connection, person: Person) -> None:
    """Add somebody."""
    tx.execute(s.person.insert().values(**_row(tx, person)))


def update(tx: sa.Connection, person: Person) -> None:
    """Write somebody back."""
    mine = (s.person.c.tenant == person.tenant) & (s.person.c.person == person.person)
    tx.execute(s.person.update().where(mine).values(**_row(tx, person)))


def seen(tx: sa.Connection, tenant: TenantId, person: PersonId, now: Instant) -> None:
    """Somebody was here."""
    mine = (s.person.c.tenant == tenant) & (s.person.c.person == person)
    tx.execute(s.person.update().where(mine).values(seen_at=now))


def find(tx: sa.Connection, tenant: TenantId, person: PersonId) -> Person | None:
    """Somebody of this tenant."""
    mine = (s.person.c.tenant == tenant) & (s.person.c.person == person)
    row = tx.execute(sa.select(s.person).where(mine)).mappings().one_or_none()
    return None if row is None else _person(tx, row)


def with_email(tx: sa.Connection, email: str, tenant: TenantId | None = None) -> list[Person]:
    """Who has this address, in one tenant or in all of them (before a sign-in, none is known)."""
    tenants: Iterable[str] = [tenant] if tenant is not None else _tenants(tx)
    found: list[sa.RowMapping] = []
    for home in tenants:
        digest = cells.digest(tx, s.person.c.email, home, email)
        if digest is not None:
            here = (s.person.c.tenant == home) & (s.person.c.email_key == digest)
            found += tx.execute(sa.select(s.person).where(here)).mappings()
    return [_person(tx, row) for row in found]


def search(
    tx: sa.Connection,
    tenant: TenantId,
    *,
    text: str = "",
    role: Role | None = None,
    after: PersonId | None = None,
    now: Instant,
) -> list[Person]:
    """People by name, unit or address, in the order of their ids, one page and one row more.

    What is looked for is sealed, so each is opened and looked at until the page is full.
    """
    is_known = s.person.c.state != PersonState.ERASED.value
    query = sa.select(s.person).where(s.person.c.tenant == tenant, is_known)
    if role is not None:
        query = query.where(s.person.c.person.in_(_holders(tenant, role, now)))
    if after is not None:
        query = query.where(s.person.c.person > after)
    query = query.order_by(s.person.c.person)
    part = cells.folded(text[:SEARCH_CHARS_MAX])
    if not part:
        rows = tx.execute(query.limit(PAGE_ROWS + 1)).mappings()
        return [_person(tx, row) for row in rows]
    looked_at = tx.execute(query.with_only_columns(*_LOOKED_AT)).mappings()
    opened = (cells.opened(tx, s.person, row) for row in looked_at)
    fits = (PersonId(one["person"]) for one in opened if _has(one, part))
    found = by_id(tx, tenant, islice(fits, PAGE_ROWS + 1))
    return [found[person] for person in sorted(found)]


def count_by_role(tx: sa.Connection, tenant: TenantId, now: Instant) -> dict[Role, int]:
    """How many people hold each role."""
    holders = sa.func.count(sa.distinct(s.role_binding.c.person))
    query = (
        sa.select(s.role_binding.c.role, holders)
        .where((s.role_binding.c.tenant == tenant) & _counts(now))
        .group_by(s.role_binding.c.role)
    )
    return {Role(role): count for role, count in tx.execute(query)}


def bindings_of(tx: sa.Connection, tenant: TenantId, person: PersonId) -> tuple[Binding, ...]:
    """Everything somebody was given, over or not."""
    columns = s.role_binding.c
    mine = (columns.tenant == tenant) & (columns.person == person)
    rows = tx.execute(sa.select(s.role_binding).where(mine).order_by(columns.binding))
    return tuple(_binding(row) for row in rows)


def bindings_of_all(
    tx: sa.Connection, tenant: TenantId, people: Iterable[PersonId], now: Instant
) -> dict[PersonId, list[Binding]]:
    """What each of these people holds now."""
    columns = s.role_binding.c
    wanted = (columns.tenant == tenant) & columns.person.in_(list(people)) & _counts(now)
    told: dict[PersonId, list[Binding]] = {}
    for row in tx.execute(sa.select(s.role_binding).where(wanted)):
        told.setdefault(PersonId(row.person), []).append(_binding(row))
    return told


def insert_binding(
    tx: sa.Connection, tenant: TenantId, binding_id: BindingId, binding: Binding
) -> None:
    """Give somebody a role."""
    tx.execute(
        s.role_binding.insert().values(
            tenant=tenant,
            binding=binding_id,
            person=binding.person,
            role=binding.role.value,
            scope=binding.node.path,
            not_before=binding.not_before,
            not_after=binding.not_after,
            granted_by=binding.granted_by or "",
        )
    )


def end_bindings(tx: sa.Connection, tenant: TenantId, binding: Binding, now: Instant) -> int:
    """Take a role back; returns how many bindings ended."""
    columns = s.role_binding.c
    theirs = (columns.tenant == tenant) & (columns.person == binding.person)
    same = (columns.role == binding.role.value) & (columns.scope == binding.node.path)
    ended = s.role_binding.update().where(theirs & same & _counts(now)).values(not_after=now)
    return tx.execute(ended).rowcount


def owners(tx: sa.Connection, tenant: TenantId, now: Instant) -> list[PersonId]:
    """Who administers the whole tenant for good and is not disabled."""
    columns = s.role_binding.c
    holders = (
        sa.select(columns.person)
        .distinct()
        .join(s.person, (s.person.c.tenant == tenant) & (s.person.c.person == columns.person))
        .where(
            (columns.tenant == tenant)
            & (columns.role == Role.ADMIN.value)
            & (columns.scope == Node(tenant).path)
            & columns.not_after.is_(None)
            & (columns.not_before <= now)
            & (s.person.c.state != PersonState.DISABLED.value)
        )
    )
    return [PersonId(person) for person in tx.execute(holders).scalars()]


def by_id(tx: sa.Connection, tenant: TenantId, people: Iterable[str]) -> dict[PersonId, Person]:
    """These people, as far as the tenant knows them."""
    wanted = (s.person.c.tenant == tenant) & s.person.c.person.in_(set(people))
    found = (_person(tx, row) for row in tx.execute(sa.select(s.person).where(wanted)).mappings())
    return {person.person: person for person in found}


def tenant_name(tx: sa.Connection, tenant: TenantId) -> str:
    """How the organisation is called."""
    query = sa.select(s.tenant.c.name).where(s.tenant.c.tenant == tenant)
    return str(tx.execute(query).scalar_one())


def units(tx: sa.Connection, tenant: TenantId) -> tuple[str, ...]:
    """Units that are in use, offered while typing."""
    person = s.person.c
    some = sa.select(person.tenant, person.person, person.unit).where(person.tenant == tenant)
    rows = tx.execute(some.where(person.unit.is_not(None))).mappings()
    found = {cells.opened(tx, s.person, row)["unit"] for row in rows}
    return tuple(sorted(found - {""})[:UNITS_MAX])


def _tenants(tx: sa.Connection) -> list[str]:
    return list(tx.execute(sa.select(s.tenant.c.tenant)).scalars())


def _counts(now: Instant) -> sa.ColumnElement[bool]:
    columns = s.role_binding.c
    ends = columns.not_after.is_(None) | (columns.not_after > now)
    return (columns.not_before <= now) & ends


def _holders(tenant: TenantId, role: Role, now: Instant) -> sa.Select[tuple[str]]:
    columns = s.role_binding.c
    held = (columns.tenant == tenant) & (columns.role == role.value) & _counts(now)
    return sa.select(columns.person).where(held)


def _has(told: Mapping[str, Any], part: str) -> bool:
    """Whether this is in what somebody can be looked for by."""
    words = (told["name"], told["unit"], told["email"] or "")
    return any(part in cells.folded(one) for one in words)


def _row(tx: sa.Connection, person: Person) -> dict[str, Any]:
    return cells.sealed(tx, s.person, asdict(person) | {"state": person.state.value})


def _person(tx: sa.Connection, row: sa.RowMapping) -> Person:
    told = cells.opened(tx, s.person, row)
    told["tenant"], told["person"] = TenantId(told["tenant"]), PersonId(told["person"])
    told["site"] = None if told["site"] is None else SiteId(told["site"])
    told["state"] = PersonState(told["state"])
    return Person(**told)


def _binding(row: sa.Row[tuple[object, ...]]) -> Binding:
    return Binding(
        person=PersonId(row.person),
        role=Role(row.role),
        node=Node.parse(row.scope),
        not_before=Instant(row.not_before),
        not_after=None if row.not_after is None else Instant(row.not_after),
        granted_by=PersonId(row.granted_by) if row.granted_by else None,
    )
