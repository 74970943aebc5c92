"""The form of a person: what comes in, what it means, and how it is shown again."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from bayward.cloud.access.store import AdmissionState
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people import store as people_store
from bayward.cloud.people.details import Details
from bayward.cloud.people.store import Person, PersonState
from bayward.cloud.unit import Work
from bayward.cloud.web import keepers
from bayward.cloud.web.asking import You
from bayward.cloud.web.words import Words, places_of
from bayward.core.errors import Invalid
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Binding, Node, Role, active
from bayward.ui.i18n import catalogues
from bayward.ui.views.base import Choice, FieldProblem
from bayward.ui.views.console import Action, Shell
from bayward.ui.views.console_admin import AccountState, DoorCode, PersonForm

FIELD_CHARS_MAX = 300
LABELS = {
    Role.RESIDENT: "Resident",
    Role.BEARER: "Bearer",
    Role.CUSTODIAN: "Custodian",
    Role.ADMIN: "Administrator",
}
PLACED = (Role.BEARER, Role.CUSTODIAN)  # bound to a place, where somebody says which
GIVEN_HERE = tuple(LABELS)  # couriers have a page of their own

Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class PersonFields(Struct, frozen=True):
    """What can be said about somebody."""

    name: Short = ""
    email: Short = ""
    phone: Short = ""
    unit: Short = ""
    role: Short = Role.RESIDENT.value
    language: Short = "en"
    is_low: Annotated[str, Meta(max_length=1)] = ""
    scope: Short = ""


def offered_binding(
    work: Work, tenant: TenantId, role: Role, person: PersonId | None = None, scope: str = ""
) -> Binding:
    """Residents belong to the site where there is one, administrators to the whole tenant.

    Who keeps or carries items belongs to the place `scope`; "" is the whole tenant.
    """
    sites = fleet_store.sites(work.tx, tenant)
    is_local = role is Role.RESIDENT and len(sites) == 1
    node = Node(tenant, sites[0].site) if is_local else Node(tenant)
    if role in PLACED and scope:
        node = Node.parse(scope)
    return Binding(person or PersonId(""), role, node, work.now, None)


def details_of(work: Work, you: You, form: PersonFields) -> Details:
    sites = fleet_store.sites(work.tx, you.tenant)
    return Details(
        name=form.name,
        email=form.email or None,
        phone=form.phone or None,
        unit=form.unit,
        site=sites[0].site if len(sites) == 1 else None,
        language=form.language,
        needs_low=bool(form.is_low),
    )


def role_of(text: str) -> Role:
    if text not in {one.value for one in GIVEN_HERE}:
        raise Invalid("role.not_yours", field="role")
    return Role(text)


def person_form(
    words: Words,
    frame: Shell,
    fields: PersonFields,
    person: Person | None = None,
    problems: tuple[FieldProblem, ...] = (),
) -> PersonForm:
    work, person_id = words.work, "" if person is None else str(person.person)
    happenings, _ = words.happenings(WantedEvents(about=person_id), count=20) if person else ((), 0)
    return PersonForm(
        shell=frame,
        url=f"/console/people/{person_id or 'new'}",
        roles=tuple(Choice(one.value, LABELS[one], one.value == fields.role) for one in GIVEN_HERE),
        languages=tuple(
            Choice(code, catalogues()[code].name, code == fields.language)
            for code in catalogues().codes()
        ),
        units=people_store.units(work.tx, words.tenant),
        scopes=tuple(
            Choice(path, name, path == fields.scope)
            for path, name in places_of(work.tx, words.tenant)
        ),
        person_id=person_id,
        name=fields.name,
        email=fields.email,
        phone=fields.phone,
        unit=fields.unit,
        is_low_needed=bool(fields.is_low),
        state=AccountState.INVITED if person is None else AccountState(person.state.value),
        problems=problems,
        door_codes=() if person is None else _door_codes(words, person),
        door_banks=() if person is None else _door_banks(words, person),
        happenings=happenings,
        actions=() if person is None else _actions(person, fields),
    )


def _door_codes(words: Words, person: Person) -> tuple[DoorCode, ...]:
    """Where he may open doors for two."""
    return tuple(
        DoorCode(
            bank_id=one.bank,
            bank=words.bank(one.bank),
            modes=tuple(sorted(one.modes)),
            until=one.until,
            is_waiting=one.state is AdmissionState.REQUESTED,
        )
        for one in keepers.admissions(words.work, words.tenant, person.person)
    )


def _door_banks(words: Words, person: Person) -> tuple[Choice, ...]:
    """Where he could."""
    found = keepers.banks_for(words.work, words.tenant, person.person)
    return tuple(Choice(bank.bank, bank.name) for bank, _ in found)


def fields_of(work: Work, person: Person, held: tuple[Binding, ...]) -> PersonFields:
    given = [one for one in active(held, work.now) if one.role in GIVEN_HERE]
    highest = max(given, key=lambda one: one.role.rank, default=None)
    is_placed = highest is not None and highest.role in PLACED
    return PersonFields(
        name=person.name,
        email=person.email or "",
        phone=person.phone or "",
        unit=person.unit,
        role=(Role.RESIDENT if highest is None else highest.role).value,
        language=person.language,
        is_low="1" if person.needs_low else "",
        scope=highest.node.path if highest is not None and is_placed else "",
    )


def _actions(person: Person, fields: PersonFields) -> tuple[Action, ...]:
    url = f"/console/people/{person.person}"
    if person.state is PersonState.DISABLED:
        erase = f"/console/privacy?person={person.person}"
        return (
            Action(key="enable", href=f"{url}/enable", is_post=True),
            Action(key="report", href=f"{url}/report"),
            Action(key="erase", href=erase, is_dangerous=True),
        )
    told = []
    if Role(fields.role).is_staff:
        key = "invite" if person.state is PersonState.INVITED else "reset_factor"
        told.append(Action(key=key, href=f"{url}/invite", is_post=True))
    told.append(Action(key="report", href=f"{url}/report"))
    told.append(Action(key="disable", href=f"{url}/disable", is_post=True, is_dangerous=True))
    told.append(
        Action(key="erase", href=f"/console/privacy?person={person.person}", is_dangerous=True)
    )
    return tuple(told)
