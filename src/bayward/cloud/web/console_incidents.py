"""Incidents: the list, one incident with its story, who has it, and the override."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Stream
from msgspec import Meta, Struct

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import Wanted as WantedParcels
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident, Locked, Release, State
from bayward.cloud.notify import service as notifications
from bayward.cloud.notify.store import State as DeliveryState
from bayward.cloud.notify.store import Wanted as WantedDeliveries
from bayward.cloud.unit import Work
from bayward.cloud.web import doubts, live, places
from bayward.cloud.web.asking import Asker, StepUpNeeded, StepUpRefused, You
from bayward.cloud.web.console_contradictions import of_incident
from bayward.cloud.web.console_parcels import rows as parcel_rows
from bayward.cloud.web.frame import console, incident_facts, notify, shell
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.wall import scene
from bayward.cloud.web.words import BORING, Words
from bayward.core.clock import MINUTE_MS, Instant, after
from bayward.core.commands import SCOPE_BANK
from bayward.core.errors import Invalid
from bayward.core.events import TEXT_CHARS_MAX, EventType
from bayward.core.ids import IncidentId, TenantId
from bayward.core.policy import Action
from bayward.ui.views.base import FieldProblem, Say
from bayward.ui.views.console import Filter, Pager, ParcelRow, Shell
from bayward.ui.views.console_incidents import (
    IncidentPage,
    IncidentRow,
    Incidents,
    IncidentState,
    ReleaseState,
)
from bayward.ui.views.mail import Severity

ROWS = 50
STORY_MAX = 100
AGAIN = 422
ANSWER_MS = 15 * MINUTE_MS  # what is promised: somebody looks at an alarm within this
BEFORE_MS = 2 * MINUTE_MS  # what led to it is part of the story
AFTER_MS = 10 * MINUTE_MS
LISTS = {
    "open": (State.OPEN,),
    "acknowledged": (State.ACKNOWLEDGED,),
    "closed": (State.CLOSED,),
    "all": (),
}


class NoteForm(Struct, frozen=True):
    """What somebody has to say."""

    note: Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] = ""


class CloseForm(Struct, frozen=True):
    """Why it is over."""

    reason: Annotated[str, Meta(max_length=4 * TEXT_CHARS_MAX)] = ""


class ReasonForm(Struct, frozen=True):
    """Why, and a fresh code."""

    reason: Annotated[str, Meta(max_length=4 * TEXT_CHARS_MAX)] = ""
    code: Annotated[str, Meta(max_length=16)] = ""


@show("/console/incidents", Action.INCIDENT_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """All incidents that match."""
    key = request.query_params.get("state", "all")
    chosen = key if key in LISTS else "all"
    before = _cursor(request.query_params.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Incidents:
        found = incidents.incidents(
            words.work, you.tenant, states=LISTS[chosen], before=before, count=ROWS + 1
        )
        shown = found[:ROWS]
        older = None
        if len(found) > ROWS:
            older = f"/console/incidents?state={chosen}&after={shown[-1].opened_at}"
        return Incidents(
            shell=frame,
            rows=tuple(_row(words, one) for one in shown),
            filters=tuple(
                Filter(f"/console/incidents?state={one}", one, is_current=one == chosen)
                for one in LISTS
            ),
            pager=Pager(older=older),
        )

    return await console(asker, places.everything, build)


@show("/console/incidents/{incident:str}", Action.INCIDENT_READ)
async def one(asker: Asking, incident: FromPath[str]) -> Response[str]:
    """One incident."""
    incident_id = places.parse(IncidentId, incident)
    return await console(
        asker,
        places.incident(incident),
        lambda words, _, frame: _page(words, frame, incident_id),
    )


@show("/console/incidents/{incident:str}/live", Action.INCIDENT_READ)
async def one_live(asker: Asking, incident: FromPath[str]) -> Stream:
    """What changes on it."""
    incident_id = places.parse(IncidentId, incident)

    def build(work: Work, you: You) -> IncidentPage:
        words = Words(work, you.tenant)
        return _page(words, shell(words, you), incident_id)

    return await live.stream(asker, places.incident(incident), build)


@do("/console/incidents/{incident:str}/acknowledge", Action.INCIDENT_ACKNOWLEDGE)
async def acknowledge(
    request: AnyRequest, asker: Asking, incident: FromPath[str], data: URLEncodedBody[NoteForm]
) -> Redirect:
    """I am looking after it."""
    incident_id = places.parse(IncidentId, incident)
    await asker.write(
        places.incident(incident),
        lambda work, you: incidents.acknowledge(
            work, you.tenant, incident_id, actor=you.person, note=data.note.strip()
        ),
    )
    notify(request, "incident.acknowledged")
    return back(f"/console/incidents/{incident_id}")


@do("/console/incidents/{incident:str}/close", Action.INCIDENT_CLOSE)
async def close(
    request: AnyRequest, asker: Asking, incident: FromPath[str], data: URLEncodedBody[CloseForm]
) -> Response[str] | Redirect:
    """It is over, and this is why."""
    incident_id = places.parse(IncidentId, incident)
    try:
        await asker.write(
            places.incident(incident),
            lambda work, you: incidents.close(
                work, you.tenant, incident_id, actor=you.person, reason=data.reason
            ),
        )
    except Invalid as error:
        problem = FieldProblem("reason", error.code, error.facts)
    else:
        notify(request, "incident.closed")
        return back(f"/console/incidents/{incident_id}")
    return await _again(asker, incident_id, data.reason, problem)


@do("/console/incidents/{incident:str}/release", Action.LOCKDOWN_RELEASE)
async def release(
    request: AnyRequest, asker: Asking, incident: FromPath[str], data: URLEncodedBody[ReasonForm]
) -> Response[str] | Redirect:
    """The override: order the lockdown ended, with a reason and a fresh code."""
    incident_id = places.parse(IncidentId, incident)
    try:
        await asker.write(
            places.incident(incident),
            lambda work, you: incidents.release(
                work, you.tenant, incident_id, actor=you.person, reason=data.reason
            ),
            lambda work, you: _says(Words(work, you.tenant), incident_id),
        )
    except StepUpNeeded:
        problem = FieldProblem("code", "field.empty")
    except StepUpRefused as error:
        problem = FieldProblem("code", error.code)
    except Invalid as error:
        problem = FieldProblem("reason", error.code, error.facts)
    else:
        notify(request, "incident.release_requested")
        return back(f"/console/incidents/{incident_id}")
    return await _again(asker, incident_id, data.reason, problem)


async def _again(
    asker: Asker, incident: IncidentId, reason: str, problem: FieldProblem
) -> Response[str]:
    """The page once more, with what was typed and what is wrong with it."""
    return await console(
        asker.also(Action.INCIDENT_READ),
        places.incident(incident),
        lambda words, _, frame: _page(words, frame, incident, reason, (problem,)),
        status=AGAIN,
    )


def _says(words: Words, incident_id: IncidentId) -> Say:
    found = incidents.get_incident(words.work, words.tenant, incident_id)
    built = fleet_store.layout(words.work.tx, words.tenant, found.bank)
    return Say("release_lockdown", {"bank": words.bank(found.bank), "doors": len(built)})


def _page(
    words: Words,
    frame: Shell,
    incident_id: IncidentId,
    reason: str = "",
    problems: tuple[FieldProblem, ...] = (),
) -> IncidentPage:
    work, tenant = words.work, words.tenant
    found = incidents.get_incident(work, tenant, incident_id)
    held = incidents.lockdowns(work, tenant, incident=incident_id)
    drawn = scene(words, words.banks[found.bank]) if found.bank in words.banks else None
    story = _story(words, found)
    return IncidentPage(
        shell=frame,
        incident_id=incident_id,
        url=f"/console/incidents/{incident_id}",
        row=_row(words, found),
        timeline=words.timeline(story),
        is_locked_down=bool(held),
        scope=_scope(words, found, held),
        doors_affected=_doors_affected(held, len(drawn.layout) if drawn else 0),
        release=_release(found, held),
        reason=reason,
        problems=problems,
        closed_at=found.closed_at,
        closed_by=words.person(found.closed_by),
        closed_why=found.reason or "",
        alerts=_alerts(words, tenant, incident_id),
        wall=drawn.wall if drawn and drawn.layout else None,
        contradictions=of_incident(work, tenant, found),
        behind=_behind(words, story),
    )


# What matters around an incident, besides all that happened at its own doors.
NEARBY = {
    EventType.DOOR_FORCED_OPEN,
    EventType.DOOR_OPEN_TOO_LONG,
    EventType.DOOR_LOST,
    EventType.LOCKDOWN_ENGAGED,
    EventType.LOCKDOWN_RELEASED,
    EventType.ACCESS_GRANTED,
    EventType.ACCESS_REFUSED,
    EventType.KEYPAD_PAUSED,
    EventType.BANK_CERTIFICATE_ENDS,
    EventType.COURIER_SIGNED_IN,
    EventType.BANK_STARTED,
    EventType.BANK_CONNECTED,
    EventType.BANK_DISCONNECTED,
    EventType.BANK_SILENT,
    EventType.BANK_LOG_REFUSED,
    EventType.TENANT_LOG_DOUBTED,
    EventType.LOG_FAULT_FOUND,
    EventType.BANK_ENROLLED,
    EventType.STORAGE_RECOVERED,
    EventType.TIME_SUSPECTED,
}


def _story(words: Words, incident: Incident) -> list[Happened]:
    """What the incident's own events say, and what happened at the bank around its first one."""
    own = audit.happenings(
        words.work, words.tenant, WantedEvents(incident=incident.id), count=STORY_MAX
    )
    around = audit.happenings(words.work, words.tenant, _near(incident), count=STORY_MAX)
    first, last = incident.opened_at - BEFORE_MS, incident.last_at + AFTER_MS
    if incident.released_at is not None:
        last = max(last, incident.released_at)
    doors = {one.event.compartment for one in own}
    near = [
        one
        for one in around
        if first <= one.event.time <= last
        and (incident.bank or one.event.bank is None)
        and (one.event.type in NEARBY or one.event.compartment in doors - {None})
    ]
    return list({one.seq: one for one in [*own, *near]}.values())


def _behind(words: Words, story: list[Happened]) -> tuple[ParcelRow, ...]:
    """The parcels that lay behind a door when it was forced."""
    forced = tuple(
        one.event.parcel
        for one in story
        if one.event.type is EventType.DOOR_FORCED_OPEN and one.event.parcel is not None
    )
    if not forced:
        return ()
    wanted = WantedParcels(parcels=forced, states=doubts.WAS_INSIDE)
    return parcel_rows(words, custody.parcels(words.work, words.tenant, wanted))


def _near(incident: Incident) -> WantedEvents:
    if not incident.bank:
        return WantedEvents(types=(EventType(incident.kind),))
    return WantedEvents(
        bank=incident.bank, types=tuple(kind for kind in EventType if kind not in BORING)
    )


def _row(words: Words, incident: Incident) -> IncidentRow:
    is_open = incident.state is State.OPEN
    return IncidentRow(
        href=f"/console/incidents/{incident.id}",
        kind=incident.kind,
        facts=incident_facts(words, incident),
        severity=Severity(incident.severity),
        state=IncidentState(incident.state.value),
        bank=words.where(incident.bank),
        at=incident.opened_at,
        owner=words.person(incident.acknowledged_by),
        due_at=after(incident.opened_at, ANSWER_MS) if is_open else None,
    )


def _scope(words: Words, incident: Incident, held: list[Locked]) -> str:
    bank = words.where(incident.bank)
    if not held or any(one.scope == SCOPE_BANK for one in held):
        return bank
    doors = ", ".join(words.door(one.scope) for one in held)
    return f"{bank}, {doors}"


def _doors_affected(held: list[Locked], doors: int) -> int:
    return doors if any(one.scope == SCOPE_BANK for one in held) else len(held)


def _release(incident: Incident, held: list[Locked]) -> ReleaseState:
    if any(one.release is Release.REFUSED for one in held):
        return ReleaseState.REFUSED
    if any(one.release is Release.REQUESTED for one in held):
        return ReleaseState.REQUESTED
    return ReleaseState.NONE if incident.released_at is None else ReleaseState.CONFIRMED


def _alerts(
    words: Words, tenant: TenantId, incident_id: IncidentId
) -> tuple[tuple[str, str, Instant], ...]:
    wanted = WantedDeliveries(subject=incident_id, states=(DeliveryState.SENT,))
    found = notifications.deliveries(words.work, tenant, wanted)
    return tuple(
        (words.person(one.person) or one.address, one.channel.value, one.sent_at or one.created_at)
        for one in found
    )


def _cursor(text: str) -> Instant | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Invalid("http.invalid", field="after")
    return Instant(int(text[:15]))
