"""Who there is and what they may do: people, their units and addresses, their roles.

Whether somebody may do any of this is decided by the caller, in the same transaction
(`core.policy`); here is how it is done and what is told to the log.
"""

from __future__ import annotations

from dataclasses import fields, replace

from bayward.cloud.people import sign_in_store, store
from bayward.cloud.people.details import Details
from bayward.cloud.people.store import BindingId, Person, PersonState
from bayward.cloud.unit import OPERATOR, Work
from bayward.core.clock import Instant
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.policy import Principal
from bayward.core.roles import Binding, Node, Role

SYSTEM = "system"  # the actor of what no person did
# The tenant that holds whoever runs the platform; it owns no sites and no banks.
PLATFORM_TENANT = OPERATOR


def add(
    work: Work, tenant: TenantId, actor: PersonId | None, details: Details, offered: Binding | None
) -> Person:
    """Somebody new, with his first role; `offered.person` is replaced by the new id.

    Raises `Conflict("person.email_taken")` when the tenant knows the address.
    """
    _address_is_free(work, tenant, details.email)
    nobody = Person(tenant=tenant, person=work.ids.new(PersonId), created_at=work.now)
    person = _with(nobody, details)
    store.insert(work.tx, person)
    _told(work, person, EventType.PERSON_CREATED, actor)
    if offered is not None:
        grant(work, tenant, actor, replace(offered, person=person.person))
    return person


def change(
    work: Work, tenant: TenantId, actor: PersonId | None, person_id: PersonId, details: Details
) -> Person:
    """Correct what is known about somebody."""
    before = get(work, tenant, person_id)
    if details.email is not None and before.email != details.email:
        _address_is_free(work, tenant, details.email, but_for=person_id)
    after = _with(before, details)
    if after == before:
        return before
    store.update(work.tx, after)
    names = (field.name for field in fields(Details))
    changed = ",".join(name for name in names if getattr(before, name) != getattr(after, name))
    _told(work, after, EventType.PERSON_CHANGED, actor, changed)
    return after


def is_moved(before: Person, details: Details) -> bool:
    """Whether his links and codes would go somewhere else."""
    after = _with(before, details)
    return (before.email, before.phone) != (after.email, after.phone)


def disable(work: Work, tenant: TenantId, actor: PersonId | None, person_id: PersonId) -> Person:
    """Nothing he holds works any more, from now on and everywhere he is signed in."""
    person = get(work, tenant, person_id)
    if person.state is PersonState.DISABLED:
        raise Conflict("person.disabled", person=person_id)
    after = replace(person, state=PersonState.DISABLED)
    store.update(work.tx, after)
    sign_in_store.delete_sessions_of(work.tx, tenant, person_id)
    _told(work, after, EventType.PERSON_CHANGED, actor, "disabled")
    return after


def enable(work: Work, tenant: TenantId, actor: PersonId | None, person_id: PersonId) -> Person:
    """Undo `disable`; sessions that were ended stay ended."""
    person = get(work, tenant, person_id)
    if person.state is not PersonState.DISABLED:
        raise Conflict("person.not_disabled", person=person_id)
    has_been_here = person.seen_at is not None
    after = replace(person, state=PersonState.ACTIVE if has_been_here else PersonState.INVITED)
    store.update(work.tx, after)
    _told(work, after, EventType.PERSON_CHANGED, actor, "enabled")
    return after


def activate(work: Work, person: Person) -> None:
    """He has signed in for the first time."""
    if person.state is PersonState.INVITED:
        store.update(work.tx, replace(person, state=PersonState.ACTIVE))


def grant(work: Work, tenant: TenantId, actor: PersonId | None, offered: Binding) -> None:
    """Give a role; raises `Conflict("role.held")` when he has just this one already."""
    held = store.bindings_of(work.tx, tenant, offered.person)
    same = (
        mine.role is offered.role and mine.node == offered.node and mine.is_active(work.now)
        for mine in held
    )
    if any(same):
        raise Conflict("role.held", role=offered.role.value)
    store.insert_binding(
        work.tx, tenant, work.ids.new(BindingId), replace(offered, granted_by=actor)
    )
    _told_role(work, tenant, EventType.ROLE_GRANTED, actor, offered)


def revoke(work: Work, tenant: TenantId, actor: PersonId | None, binding: Binding) -> None:
    """Take a role back; raises `NotFound` when he does not hold it."""
    if not store.end_bindings(work.tx, tenant, binding, work.now):
        raise NotFound("role.not_held")
    _told_role(work, tenant, EventType.ROLE_REVOKED, actor, binding)


def get(work: Work, tenant: TenantId, person_id: PersonId) -> Person:
    """Somebody of this tenant; raises `NotFound`, also for who was erased."""
    person = store.find(work.tx, tenant, person_id)
    if person is None or person.state is PersonState.ERASED:
        raise NotFound("person.unknown")
    return person


def principal(work: Work, tenant: TenantId, person_id: PersonId) -> Principal:
    """Somebody with what he may do now; a disabled person may nothing."""
    person = get(work, tenant, person_id)
    is_disabled = person.state is PersonState.DISABLED
    held = () if is_disabled else store.bindings_of(work.tx, tenant, person_id)
    return Principal(person_id, None if tenant == PLATFORM_TENANT else tenant, held)


def is_last_owner(work: Work, tenant: TenantId, person_id: PersonId) -> bool:
    """Whether without him nobody would administer the tenant."""
    return store.owners(work.tx, tenant, work.now) == [person_id]


def bound(
    role: Role, node: Node, now: Instant, person: PersonId, until: Instant | None = None
) -> Binding:
    """A role from now on."""
    return Binding(person, role, node, now, until)


def _with(person: Person, details: Details) -> Person:
    return replace(
        person,
        name=" ".join(details.name.split()),
        email=details.email.strip() if details.email else None,
        phone=details.phone or None,
        unit=details.unit.strip(),
        site=details.site,
        language=details.language,
        needs_low=details.needs_low,
    )


def _address_is_free(
    work: Work, tenant: TenantId, email: str | None, but_for: PersonId | None = None
) -> None:
    if email is None:
        return
    if any(other.person != but_for for other in store.with_email(work.tx, email, tenant)):
        raise Conflict("person.email_taken", field="email")


def _told(
    work: Work, person: Person, kind: EventType, actor: PersonId | None, detail: str | None = None
) -> None:
    event = Event(
        type=kind, time=work.now, actor=actor or SYSTEM, subject=person.person, detail=detail
    )
    work.emit(event, tenant=person.tenant)


def _told_role(
    work: Work, tenant: TenantId, kind: EventType, actor: PersonId | None, binding: Binding
) -> None:
    work.emit(
        Event(
            type=kind,
            time=work.now,
            actor=actor or SYSTEM,
            subject=binding.person,
            role=binding.role.value,
            scope=binding.node.path,
            not_after=binding.not_after,
        ),
        tenant=tenant,
    )
