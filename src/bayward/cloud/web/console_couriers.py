"""Couriers: each with a code of his own, drawn by the banks and mailed to him, for a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.access import couriers
from bayward.cloud.access.store import AdmissionState, AdmissionView
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.details import Details
from bayward.cloud.people.store import Person, PersonState
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import You
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.policy import Action
from bayward.core.roles import Binding, Node, Role, active
from bayward.ui.views.base import Choice, FieldProblem
from bayward.ui.views.console import Filter, Pager, Shell
from bayward.ui.views.console_admin import AccountState, CourierForm, CourierRow, Couriers

CARRIERS = ("FedEx", "UPS", "USPS", "Amazon", "DoorDash", "DHL", "Other")
LIFE_DEFAULT_DAYS = 90
AGAIN = 422
DEPOSITS_MAX = 200  # counted; beyond it the number is not the point
FIELD_CHARS_MAX = 300
LISTS = ("all", "active", "expired")
URL = "/console/couriers"

Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class CourierFields(Struct, frozen=True):
    """A new courier."""

    name: Short = ""
    carrier: Short = ""
    email: Short = ""
    until: Annotated[str, Meta(max_length=10)] = ""


@show(URL, Action.COURIER_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """Couriers, and whether their codes still work."""
    query = request.query_params
    key = query.get("state", "all") if query.get("state", "all") in LISTS else "all"
    after_text = query.get("after", "")
    cursor = places.parse(PersonId, after_text) if after_text else None

    def build(words: Words, you: You, frame: Shell) -> Couriers:
        work = words.work
        found = _couriers(work, you.tenant, cursor)
        shown = found[: people_store.PAGE_ROWS]
        rows = [_row(work, one) for one in shown]
        older = None
        if len(found) > people_store.PAGE_ROWS:
            older = f"{URL}?state={key}&after={shown[-1].person}"
        return Couriers(
            shell=frame,
            rows=tuple(one for one in rows if key in {"all", one.state.value}),
            filters=tuple(
                Filter(f"{URL}?state={one}", one, is_current=one == key) for one in LISTS
            ),
            pager=Pager(older=older),
        )

    return await console(asker, places.everything, build)


@show(f"{URL}/new", Action.COURIER_READ)
async def blank(asker: Asking) -> Response[str]:
    """An empty form."""
    zone = asker.desk.zone
    until = after(asker.now, LIFE_DEFAULT_DAYS * DAY_MS)
    day = datetime.fromtimestamp(until / 1000, tz=zone).date().isoformat()
    fields = CourierFields(until=day)
    return await console(asker, places.everything, lambda _, __, frame: _form(frame, fields))


@do(f"{URL}/new", Action.COURIER_ADMIT)
async def admit(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[CourierFields]
) -> Response[str] | Redirect:
    """Give somebody a code of his own at every bank."""
    try:
        until = _until(data.until, asker.desk.zone)
        name = await asker.write(
            lambda work, you: places.newcomer(_offered(work, you, until))(work, you),
            lambda work, you: _admit(work, you, data, until),
        )
    except (Invalid, Conflict) as error:
        field = str(error.facts.get("field", ""))
        if not field:
            raise
        problem = FieldProblem(field, error.code, error.facts)
        return await console(
            asker.also(Action.COURIER_READ),
            places.everything,
            lambda _, __, frame: _form(frame, data, (problem,)),
            status=AGAIN,
        )
    notify(request, "person.invited", person=name)
    return back(URL)


@do(f"{URL}/{{person:str}}/rotate", Action.COURIER_ADMIT)
async def rotate(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """The old code dies, a new one is mailed."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> str:
        found = people.get(work, you.tenant, person_id)
        held = _live(couriers.admissions(work, you.tenant, person_id))
        if not held:
            raise Conflict("courier.not_admitted")
        for one in held:
            couriers.admit(
                work,
                you.tenant,
                one.bank,
                person=person_id,
                name=found.name,
                carrier=one.carrier,
                until=one.until,
                actor=you.person,
                modes=one.modes,
            )
        return found.name

    name = await asker.write(places.person(person), take)
    notify(request, "courier.rotated", person=name)
    return back(URL)


@do(f"{URL}/{{person:str}}/revoke", Action.COURIER_DISMISS)
async def revoke(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """The code is taken back, everywhere."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> str:
        found = people.get(work, you.tenant, person_id)
        held = active(people_store.bindings_of(work.tx, you.tenant, person_id), work.now)
        for binding in held:
            if binding.role is Role.COURIER:
                people.revoke(work, you.tenant, you.person, binding)
        for one in _live(couriers.admissions(work, you.tenant, person_id)):
            couriers.dismiss(work, you.tenant, one.bank, person=person_id, actor=you.person)
        return found.name

    name = await asker.write(places.person(person), take)
    notify(request, "courier.revoked", person=name)
    return back(URL)


def _offered(work: Work, you: You, until: Instant) -> Binding:
    return Binding(PersonId(""), Role.COURIER, Node(you.tenant), work.now, until)


def _admit(work: Work, you: You, form: CourierFields, until: Instant) -> str:
    if form.carrier not in CARRIERS:
        raise Invalid("courier.carrier", field="carrier")
    if not form.email:
        raise Invalid("field.empty", field="email")
    details = Details(name=form.name, email=form.email)
    offered = _offered(work, you, until)
    person = people.add(work, you.tenant, you.person, details, offered)
    for bank in fleet_store.banks(work.tx, you.tenant):
        if bank.state is fleet_store.BankState.ENROLLED:
            couriers.admit(
                work,
                you.tenant,
                bank.bank,
                person=person.person,
                name=person.name,
                carrier=form.carrier,
                until=until,
                actor=you.person,
            )
    return person.name


def _couriers(work: Work, tenant: TenantId, after_id: PersonId | None) -> list[Person]:
    """Who is a courier, or was."""
    admitted = {one.person for one in couriers.admissions(work, tenant)}
    holders = people_store.search(work.tx, tenant, role=Role.COURIER, after=after_id, now=work.now)
    gone = people_store.by_id(work.tx, tenant, admitted - {one.person for one in holders})
    former = [one for one in gone.values() if after_id is None or one.person > after_id]
    return sorted([*holders, *former], key=lambda one: one.person)


def _row(work: Work, person: Person) -> CourierRow:
    admitted = couriers.admissions(work, person.tenant, person.person)
    live = _live(admitted)
    until = max((one.until for one in admitted), default=None)
    wanted = WantedEvents(actor=person.person, types=(EventType.PARCEL_DEPOSITED,))
    deposits = audit.happenings(work, person.tenant, wanted, count=DEPOSITS_MAX)
    url = f"{URL}/{person.person}"
    return CourierRow(
        href=f"/console/people/{person.person}",
        name=person.name,
        short=person.person.partition("_")[2][-3:].upper(),
        carrier=admitted[0].carrier if admitted else "",
        state=_state(person, live, until, work.now),
        until=until,
        deposits=len(deposits),
        seen_at=deposits[0].event.time if deposits else None,
        rotate_href=f"{url}/rotate" if live else None,
        revoke_href=f"{url}/revoke" if live else None,
    )


def _state(
    person: Person, live: list[AdmissionView], until: Instant | None, now: Instant
) -> AccountState:
    if person.state is PersonState.DISABLED:
        return AccountState.DISABLED
    if live and until is not None and now < until:
        is_known = any(one.state is AdmissionState.ADMITTED for one in live)
        return AccountState.ACTIVE if is_known else AccountState.INVITED
    return AccountState.EXPIRED


def _live(admitted: list[AdmissionView]) -> list[AdmissionView]:
    return [
        one for one in admitted if one.state in {AdmissionState.ADMITTED, AdmissionState.REQUESTED}
    ]


def _form(
    frame: Shell, fields: CourierFields, problems: tuple[FieldProblem, ...] = ()
) -> CourierForm:
    return CourierForm(
        shell=frame,
        carriers=tuple(Choice(one, one, one == fields.carrier) for one in CARRIERS),
        name=fields.name,
        email=fields.email,
        until=fields.until,
        problems=problems,
    )


def _until(text: str, zone: ZoneInfo) -> Instant:
    """The end of that day, where the building stands."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("courier.until", field="until") from None
    end = datetime.combine(day, time.max, tzinfo=zone).astimezone(UTC)
    return Instant(int(end.timestamp() * 1000))
