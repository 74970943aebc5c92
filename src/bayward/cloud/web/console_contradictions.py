"""Logs that contradict themselves: what an incident's page says of it, and the file to keep."""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath

from bayward.cloud.audit import contradictions
from bayward.cloud.audit.contradictions import Contradiction
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import You
from bayward.cloud.web.routes import Asking, show
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.core.ids import IncidentId, TenantId
from bayward.core.policy import Action
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.strict import base64_text
from bayward.ui.views.console_incidents import ShownCheckpoint, ShownContradiction

NUMBER_DIGITS = 18
_ABOUT_LOGS = (EventType.BANK_LOG_REFUSED.value, EventType.TENANT_LOG_DOUBTED.value)


@show("/console/incidents/{incident:str}/evidence/{number:str}", Action.INCIDENT_READ)
async def evidence(asker: Asking, incident: FromPath[str], number: FromPath[str]) -> Response[str]:
    """Both signed checkpoints and the key, as a file."""
    incident_id = places.parse(IncidentId, incident)
    if not (number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS):
        raise NotFound("evidence")

    def find(work: Work, you: You) -> Contradiction:
        found = incidents.get_incident(work, you.tenant, incident_id)
        one = contradictions.get(work, you.tenant, found.bank, int(number))
        if one.at < found.opened_at:
            raise NotFound("evidence")
        return one

    found = await asker.read(places.incident(incident), find)
    name = f"contradiction-{number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(found.text, headers=headers, media_type="application/json")


def of_incident(work: Work, tenant: TenantId, incident: Incident) -> tuple[ShownContradiction, ...]:
    """What an incident about a log shows; nothing for any other."""
    if incident.kind not in _ABOUT_LOGS:
        return ()
    found = contradictions.of_bank(
        work,
        tenant,
        incident.bank,
        incident.opened_at,
        are_ours=incident.kind == EventType.TENANT_LOG_DOUBTED.value,
    )
    return tuple(
        ShownContradiction(
            kind=one.kind.value,
            at=one.at,
            reason=one.reason,
            origin=one.origin,
            lost=one.lost,
            is_signed=one.is_signed,
            known=_checkpoint(one.accepted, one.known),
            offered=_checkpoint(one.shown, one.offered),
            href=f"/console/incidents/{incident.id}/evidence/{one.number}",
        )
        for one in found
    )


def _checkpoint(found: Checkpoint | None, note: str) -> ShownCheckpoint:
    if found is None:
        return ShownCheckpoint(size=None, root="", note=note)
    return ShownCheckpoint(size=found.size, root=base64_text(found.root), note=note)
