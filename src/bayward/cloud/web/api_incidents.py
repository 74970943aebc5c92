"""JSON API: incidents and the override; and the platform's tenants."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from bayward.cloud import orders
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident
from bayward.cloud.notify import service as notifications
from bayward.cloud.people import service as people
from bayward.cloud.people.details import Details
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.api_fleet import command_out
from bayward.cloud.web.api_types import (
    CommandOut,
    IncidentOut,
    NoteIn,
    ReasonIn,
    TenantIn,
    TenantOut,
)
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_incidents import LISTS
from bayward.cloud.web.routes import AnyRequest, Asking, api
from bayward.core.errors import NotFound
from bayward.core.ids import IncidentId, PersonId, TenantId
from bayward.core.policy import Action
from bayward.core.roles import Binding, Node, Role


@api("get", "/incidents", Action.INCIDENT_READ)
async def listed(request: AnyRequest, asker: Asking) -> list[IncidentOut]:
    """The newest incidents; `state` is open, acknowledged, closed or all."""
    state = request.query_params.get("state", "all")
    if state not in LISTS:
        raise NotFound("incident")
    return await asker.read(
        places.everything,
        lambda work, you: [
            _incident(work, you.tenant, one)
            for one in incidents.incidents(work, you.tenant, states=LISTS[state])
        ],
    )


@api("get", "/incidents/{incident:str}", Action.INCIDENT_READ)
async def one(asker: Asking, incident: FromPath[str]) -> IncidentOut:
    """One incident."""
    incident_id = places.parse(IncidentId, incident)
    return await asker.read(
        places.incident(incident), lambda work, you: _found(work, you, incident_id)
    )


@api("post", "/incidents/{incident:str}/acknowledge", Action.INCIDENT_ACKNOWLEDGE)
async def acknowledge(
    asker: Asking, incident: FromPath[str], data: JSONBody[NoteIn]
) -> IncidentOut:
    """I am looking after it."""
    incident_id = places.parse(IncidentId, incident)

    def take(work: Work, you: You) -> IncidentOut:
        incidents.acknowledge(work, you.tenant, incident_id, actor=you.person, note=data.note)
        return _found(work, you, incident_id)

    return await asker.write(places.incident(incident), take)


@api("post", "/incidents/{incident:str}/release", Action.LOCKDOWN_RELEASE, status_code=202)
async def release(
    asker: Asking, incident: FromPath[str], data: JSONBody[ReasonIn]
) -> list[CommandOut]:
    """The override: order the lockdowns of an incident ended."""
    incident_id = places.parse(IncidentId, incident)

    def take(work: Work, you: You) -> list[CommandOut]:
        placed = incidents.release(
            work, you.tenant, incident_id, actor=you.person, reason=data.reason
        )
        return [command_out(orders.get(work, you.tenant, command)) for command in placed]

    return await asker.write(places.incident(incident), take)


@api("post", "/incidents/{incident:str}/close", Action.INCIDENT_CLOSE)
async def close(asker: Asking, incident: FromPath[str], data: JSONBody[ReasonIn]) -> IncidentOut:
    """It is over, and this is why."""
    incident_id = places.parse(IncidentId, incident)

    def take(work: Work, you: You) -> IncidentOut:
        incidents.close(work, you.tenant, incident_id, actor=you.person, reason=data.reason)
        return _found(work, you, incident_id)

    return await asker.write(places.incident(incident), take)


@api("get", "/tenants", Action.TENANT_READ)
async def tenants(asker: Asking) -> list[TenantOut]:
    """All organisations of the platform; nothing that is in them."""
    return await asker.read(
        places.everything,
        lambda work, _: [
            TenantOut(tenant=one.tenant, name=one.name, created_at=one.created_at)
            for one in fleet_store.tenants(work.tx)
            if one.tenant != people.PLATFORM_TENANT
        ],
    )


@api("post", "/tenants", Action.TENANT_CREATE)
async def create_tenant(asker: Asking, data: JSONBody[TenantIn]) -> TenantOut:
    """A new organisation; its owner gets an invitation, and nobody else gets in."""

    def take(work: Work, you: You) -> TenantOut:
        tenant = enrolment.create_tenant(work, data.name)
        enrolment.create_site(work, tenant, data.site, time_zone=data.time_zone)
        offered = Binding(PersonId(""), Role.ADMIN, Node(tenant), work.now, None)
        details = Details(name=data.owner_name, email=data.owner_email)
        owner = people.add(work, tenant, you.person, details, offered)
        notifications.send_invitation(work, tenant, owner.person, Role.ADMIN.value)
        return TenantOut(tenant=tenant, name=data.name, created_at=work.now)

    return await asker.write(places.everything, take)


def _found(work: Work, you: You, incident_id: IncidentId) -> IncidentOut:
    found = incidents.get_incident(work, you.tenant, incident_id)
    return _incident(work, you.tenant, found)


def _incident(work: Work, tenant: TenantId, incident: Incident) -> IncidentOut:
    held = incidents.lockdowns(work, tenant, incident=incident.id)
    return IncidentOut(
        incident=incident.id,
        kind=incident.kind,
        bank=incident.bank,
        compartment=incident.compartment,
        severity=incident.severity,
        state=incident.state.value,
        count=incident.count,
        opened_at=incident.opened_at,
        owner=incident.acknowledged_by,
        lockdowns=[one.scope for one in held],
    )
