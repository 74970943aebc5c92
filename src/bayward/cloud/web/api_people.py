"""JSON API: people and their roles."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from bayward.cloud.notify import service as notifications
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.details import Details
from bayward.cloud.people.store import PAGE_ROWS, Person
from bayward.cloud.unit import Work
from bayward.cloud.web import keepers, places
from bayward.cloud.web.api_types import (
    PageOut,
    PersonChange,
    PersonIn,
    PersonOut,
    RoleIn,
    RoleOut,
)
from bayward.cloud.web.asking import You
from bayward.cloud.web.person_form import offered_binding, role_of
from bayward.cloud.web.routes import AnyRequest, Asking, api
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import PersonId
from bayward.core.policy import Action
from bayward.core.roles import Binding, Node, Role, active


@api("get", "/people", Action.PERSON_READ)
async def listed(request: AnyRequest, asker: Asking) -> PageOut:
    """People, in the order of their ids; `q` looks into names, units and addresses."""
    text, after = request.query_params.get("q", ""), request.query_params.get("after", "")
    cursor = places.parse(PersonId, after) if after else None

    def read(work: Work, you: You) -> PageOut:
        found = people_store.search(work.tx, you.tenant, text=text, after=cursor, now=work.now)
        shown = found[:PAGE_ROWS]
        return PageOut(
            rows=[_person(work, one) for one in shown],
            after=shown[-1].person if len(found) > PAGE_ROWS else None,
        )

    return await asker.read(places.everything, read)


@api("get", "/people/{person:str}", Action.PERSON_READ)
async def one(asker: Asking, person: FromPath[str]) -> PersonOut:
    """Somebody."""
    person_id = places.parse(PersonId, person)
    return await asker.read(
        places.person(person),
        lambda work, you: _person(work, people.get(work, you.tenant, person_id)),
    )


@api("post", "/people", Action.PERSON_INVITE)
async def invite(asker: Asking, data: JSONBody[PersonIn]) -> PersonOut:
    """Somebody new; staff get an invitation."""
    role = role_of(data.role)

    def take(work: Work, you: You) -> PersonOut:
        offered = offered_binding(work, you.tenant, role, scope=data.scope)
        person = people.add(work, you.tenant, you.person, _details(data), offered)
        if role is not Role.RESIDENT:
            notifications.send_invitation(work, you.tenant, person.person, role.value)
        return _person(work, person)

    return await asker.write(
        lambda work, you: places.newcomer(
            offered_binding(work, you.tenant, role, scope=data.scope)
        )(work, you),
        take,
    )


@api("put", "/people/{person:str}", Action.PERSON_CHANGE)
async def change(asker: Asking, person: FromPath[str], data: JSONBody[PersonChange]) -> PersonOut:
    """Correct what is known about somebody."""
    person_id = places.parse(PersonId, person)
    details = _details(data)
    return await asker.write(
        places.person(person, None, lambda _, __, found: people.is_moved(found, details)),
        lambda work, you: _person(
            work, people.change(work, you.tenant, you.person, person_id, details)
        ),
    )


@api("delete", "/people/{person:str}", Action.PERSON_DISABLE)
async def disable(asker: Asking, person: FromPath[str]) -> None:
    """All access ends at once."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> None:
        people.disable(work, you.tenant, you.person, person_id)
        keepers.dismiss(work, you, person_id)

    await asker.write(places.person(person), take)


@api("post", "/people/{person:str}/roles", Action.ROLE_GRANT)
async def grant(asker: Asking, person: FromPath[str], data: JSONBody[RoleIn]) -> PersonOut:
    """Give a role."""

    def take(work: Work, you: You) -> PersonOut:
        offered = _binding(person, data, work.now)
        people.grant(work, you.tenant, you.person, offered)
        return _person(work, people.get(work, you.tenant, offered.person))

    return await asker.write(
        lambda work, you: places.person(person, _binding(person, data, work.now))(work, you), take
    )


@api("delete", "/people/{person:str}/roles", Action.ROLE_REVOKE)
async def revoke(request: AnyRequest, asker: Asking, person: FromPath[str]) -> None:
    """Take a role back, named by `role` and `scope` in the query."""
    query = request.query_params
    wanted = RoleIn(role=query.get("role", ""), scope=query.get("scope", ""))

    def take(work: Work, you: You) -> None:
        binding = _binding(person, wanted, work.now)
        people.revoke(work, you.tenant, you.person, binding)
        keepers.dismiss(work, you, binding.person)

    await asker.write(places.person(person), take)


def _binding(person: str, given: RoleIn, now: Instant) -> Binding:
    try:
        role = Role(given.role)
    except ValueError:
        raise Invalid("role.not_yours", field="role") from None
    until = None if given.until is None else Instant(given.until)
    return Binding(places.parse(PersonId, person), role, Node.parse(given.scope), now, until)


def _details(given: PersonIn | PersonChange) -> Details:
    return Details(
        name=given.name,
        email=given.email,
        phone=given.phone,
        unit=given.unit,
        language=given.language,
        needs_low=given.needs_low,
    )


def _person(work: Work, person: Person) -> PersonOut:
    held = active(people_store.bindings_of(work.tx, person.tenant, person.person), work.now)
    return PersonOut(
        person=person.person,
        name=person.name,
        email=person.email,
        phone=person.phone,
        unit=person.unit,
        language=person.language,
        needs_low=person.needs_low,
        state=person.state.value,
        roles=[
            RoleOut(role=one.role.value, scope=one.node.path, until=one.not_after) for one in held
        ],
    )
