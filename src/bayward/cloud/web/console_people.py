"""People: who may collect and who may manage, invited, corrected, disabled."""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from bayward.cloud.notify import service as notifications
from bayward.cloud.people import authn
from bayward.cloud.people import service as people
from bayward.cloud.people import sign_in_store as keys
from bayward.cloud.people import store as people_store
from bayward.cloud.people.store import Person, PersonState
from bayward.cloud.unit import Work
from bayward.cloud.web import keepers, places
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.console_settings import current
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.person_form import (
    GIVEN_HERE,
    PLACED,
    PersonFields,
    details_of,
    fields_of,
    offered_binding,
    person_form,
    role_of,
)
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.errors import Conflict, Invalid
from bayward.core.ids import PersonId, TenantId
from bayward.core.policy import Action as Do
from bayward.core.roles import Binding, Role, active
from bayward.ui.i18n import FALLBACK, catalogues
from bayward.ui.views.base import FieldProblem, Say
from bayward.ui.views.console import Filter, Pager, Shell
from bayward.ui.views.console_admin import AccountState, People, PersonForm, PersonRow

AGAIN = 422
FILTERS = {
    "all": None,
    "resident": Role.RESIDENT,
    "courier": Role.COURIER,
    "bearer": Role.BEARER,
    "custodian": Role.CUSTODIAN,
    "admin": Role.ADMIN,
}


@show("/console/people", Do.PERSON_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """People who may collect or manage."""
    query = request.query_params
    key = query.get("role", "all") if query.get("role", "all") in FILTERS else "all"
    text = query.get("q", "").strip()
    after_text = query.get("after", "")
    after = places.parse(PersonId, after_text) if after_text else None

    def build(words: Words, you: You, frame: Shell) -> People:
        work = words.work
        found = people_store.search(
            work.tx, you.tenant, text=text, role=FILTERS[key], after=after, now=work.now
        )
        shown = found[: people_store.PAGE_ROWS]
        held = people_store.bindings_of_all(
            work.tx, you.tenant, [one.person for one in shown], work.now
        )
        older = None
        if len(found) > people_store.PAGE_ROWS:
            older = f"/console/people?role={key}&q={text}&after={shown[-1].person}"
        return People(
            shell=frame,
            rows=tuple(_row(work, one, held.get(one.person, [])) for one in shown),
            filters=_filters(work, you.tenant, key),
            query=text,
            pager=Pager(older=older),
        )

    return await console(asker, places.everything, build)


@show("/console/people/new", Do.PERSON_READ)
async def blank(asker: Asking) -> Response[str]:
    """An empty form."""
    return await console(
        asker,
        places.everything,
        lambda words, _, frame: person_form(
            words, frame, PersonFields(language=current(words).language)
        ),
    )


@do("/console/people/new", Do.PERSON_INVITE)
async def invite(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[PersonFields]
) -> Response[str] | Redirect:
    """Somebody new; staff get a link to set up an account."""
    role = role_of(data.role)

    def take(work: Work, you: You) -> Person:
        offered = offered_binding(work, you.tenant, role, scope=data.scope)
        person = people.add(work, you.tenant, you.person, details_of(work, you, data), offered)
        if role is not Role.RESIDENT:
            notifications.send_invitation(work, you.tenant, person.person, role.value)
        return person

    try:
        person = await asker.write(
            lambda work, you: places.newcomer(
                offered_binding(work, you.tenant, role, scope=data.scope)
            )(work, you),
            take,
            lambda _, __: Say("change_role", {"person": data.name, "role": _called(role)}),
        )
    except (Invalid, Conflict) as error:
        return await _again(asker, data, error)
    notify(request, "person.invited", person=person.name)
    return back("/console/people")


@show("/console/people/{person:str}", Do.PERSON_READ)
async def one(asker: Asking, person: FromPath[str]) -> Response[str]:
    """Somebody, to correct."""
    person_id = places.parse(PersonId, person)

    def build(words: Words, you: You, frame: Shell) -> PersonForm:
        found = people.get(words.work, you.tenant, person_id)
        held = people_store.bindings_of(words.work.tx, you.tenant, person_id)
        return person_form(words, frame, fields_of(words.work, found, held), found)

    return await console(asker, places.person(person), build)


@do("/console/people/{person:str}", Do.PERSON_CHANGE)
async def change(
    request: AnyRequest, asker: Asking, person: FromPath[str], data: URLEncodedBody[PersonFields]
) -> Response[str] | Redirect:
    """Correct what is known, or give another role (which needs a fresh factor)."""
    person_id = places.parse(PersonId, person)
    role = role_of(data.role)

    def take(work: Work, you: You) -> None:
        people.change(work, you.tenant, you.person, person_id, details_of(work, you, data))

    try:
        await asker.write(
            places.person(
                person,
                None,
                lambda work, you, found: people.is_moved(found, details_of(work, you, data)),
            ),
            take,
            lambda _, __: Say("readdress", {"person": data.name, "email": data.email}),
        )
        await _change_role(asker, person_id, role, data)
    except (Invalid, Conflict) as error:
        return await _again(asker, data, error, person_id)
    notify(request, "person.saved")
    return back(f"/console/people/{person_id}")


@do("/console/people/{person:str}/disable", Do.PERSON_DISABLE)
async def disable(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """All access ends at once."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> Person:
        gone = people.disable(work, you.tenant, you.person, person_id)
        keepers.dismiss(work, you, person_id)
        return gone

    found = await asker.write(
        places.person(person),
        take,
        lambda work, you: Say("disable_person", {"person": Words(work, you.tenant).person(person)}),
    )
    notify(request, "person.disabled", person=found.name)
    return back("/console/people")


@do("/console/people/{person:str}/enable", Do.PERSON_CHANGE)
async def enable(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """Undo that."""
    person_id = places.parse(PersonId, person)
    await asker.write(
        places.person(person, None, lambda work, _, found: _staff_role(work, found) is not None),
        lambda work, you: people.enable(work, you.tenant, you.person, person_id),
        lambda work, you: Say("enable_person", {"person": Words(work, you.tenant).person(person)}),
    )
    notify(request, "person.saved")
    return back(f"/console/people/{person_id}")


@do("/console/people/{person:str}/invite", Do.PERSON_CHANGE)
async def invite_again(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """Send the invitation again; older links are void.

    Somebody who has an account already sets up another password and another authenticator.
    """
    person_id = places.parse(PersonId, person)

    def send(work: Work, you: You) -> str:
        found = people.get(work, you.tenant, person_id)
        role = _staff_role(work, found)
        if role is None:
            raise Conflict("person.no_account")
        notifications.send_invitation(work, you.tenant, person_id, role.value)
        return found.name

    def says(work: Work, you: You) -> Say:
        found = people.get(work, you.tenant, person_id)
        return Say("reset_factor", {"person": found.name, "email": found.email or ""})

    name = await asker.write(
        places.person(person, None, lambda _, __, found: found.state is PersonState.ACTIVE),
        send,
        says,
    )
    notify(request, "person.invited", person=name)
    return back(f"/console/people/{person_id}")


def _staff_role(work: Work, person: Person) -> Role | None:
    held = active(people_store.bindings_of(work.tx, person.tenant, person.person), work.now)
    return next((one.role for one in held if one.role.is_staff), None)


async def _change_role(asker: Asker, person_id: PersonId, role: Role, data: PersonFields) -> None:
    """Give `role` in place of what the form could give, when it is another one or elsewhere."""

    def offered(work: Work, you: You) -> Binding:
        return offered_binding(work, you.tenant, role, person_id, data.scope)

    def current(work: Work, you: You) -> list[Binding]:
        held = active(people_store.bindings_of(work.tx, you.tenant, person_id), work.now)
        return [one for one in held if one.role in GIVEN_HERE]

    def has_it(work: Work, you: You) -> bool:
        node = offered(work, you).node
        return any(
            one.role is role and (role not in PLACED or one.node == node)
            for one in current(work, you)
        )

    if await asker.also(Do.PERSON_READ).read(places.person(person_id), has_it):
        return

    def take(work: Work, you: You) -> None:
        for one in current(work, you):
            people.revoke(work, you.tenant, you.person, one)
        people.grant(work, you.tenant, you.person, offered(work, you))
        keepers.dismiss(work, you, person_id)

    await asker.also(Do.ROLE_GRANT).write(
        lambda work, you: places.person(person_id, offered(work, you))(work, you),
        take,
        lambda _, __: Say("change_role", {"person": data.name, "role": _called(role)}),
    )


async def _again(
    asker: Asker, data: PersonFields, error: Invalid | Conflict, person: PersonId | None = None
) -> Response[str]:
    """The form once more, with what is wrong beside the field."""
    field = str(error.facts.get("field", ""))
    if not field:
        raise error
    problem = FieldProblem(field, error.code, error.facts)

    def build(words: Words, you: You, frame: Shell) -> PersonForm:
        found = None if person is None else people.get(words.work, you.tenant, person)
        return person_form(words, frame, data, found, (problem,))

    return await console(asker.also(Do.PERSON_READ), places.everything, build, status=AGAIN)


def _row(work: Work, person: Person, held: list[Binding]) -> PersonRow:
    role = max((one.role for one in held), key=lambda role: role.rank, default=Role.RESIDENT)
    app = None
    if role.is_staff:
        app = keys.authenticator(work.tx, person.tenant, person.person)
    return PersonRow(
        href=f"/console/people/{person.person}",
        name=person.name,
        unit=person.unit,
        role=role.value,
        email=person.email or "",
        state=AccountState(person.state.value),
        seen_at=person.seen_at,
        second_factor=authn.TOTP if app is not None and app.confirmed_at is not None else "",
    )


def _filters(work: Work, tenant: TenantId, current: str) -> tuple[Filter, ...]:
    counts = people_store.count_by_role(work.tx, tenant, work.now)
    return tuple(
        Filter(
            href="/console/people" if role is None else f"/console/people?role={key}",
            key=key,
            count=None if role is None else counts.get(role, 0),
            is_current=key == current,
        )
        for key, role in FILTERS.items()
    )


def _called(role: Role) -> str:
    """What a role is called on staff's pages."""
    return catalogues()[FALLBACK].text(f"role.{role.value}")
