"""JSON API: evidence packs."""

from __future__ import annotations

from dataclasses import replace

from litestar import Response
from litestar.params import FromPath, JSONBody

from bayward.cloud.audit import evidence, hideable
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.custody import items
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.api_types import EvidenceIn, EvidenceOut, PageOut
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_evidence import ZIP
from bayward.cloud.web.console_parcels import as_file
from bayward.cloud.web.routes import Asking, api
from bayward.core.clock import Instant
from bayward.core.policy import Action
from bayward.ui.views.base import Say


@api("post", "/audit/exports", Action.LOG_EXPORT, status_code=202)
async def ask(asker: Asking, data: JSONBody[EvidenceIn]) -> EvidenceOut:
    """Ask for a pack; needs a fresh factor. It is made soon after, see `state` and `done`."""
    wanted = evidence.Wanted(
        origin=data.origin,
        authority=data.authority,
        handed_to=data.handed_to,
        reason=data.reason,
        first=data.first,
        until=data.until,
        since=None if data.since is None else Instant(data.since),
        before=None if data.before is None else Instant(data.before),
        hidden=hideable.asked_names(None if data.hidden is None else " ".join(data.hidden)),
    )

    def take(work: Work, you: You) -> EvidenceOut:
        told = replace(wanted, item=items.asked_for(work, you.tenant, data.item or ""))
        return _out(evidence.ask(work, you.tenant, told, you.person))

    return await asker.write(places.everything, take, lambda _, __: Say("export_log", {}))


@api("get", "/audit/exports", Action.LOG_READ)
async def listed(asker: Asking) -> PageOut:
    """The newest packs."""

    def read(work: Work, you: You) -> PageOut:
        return PageOut(rows=[_out(one) for one in evidence.listed(work, you.tenant)], after=None)

    return await asker.read(places.everything, read)


@api("get", "/audit/exports/{pack:str}", Action.LOG_READ)
async def one(asker: Asking, pack: FromPath[str]) -> EvidenceOut:
    """How far a pack is."""
    return await asker.read(
        places.everything, lambda work, you: _out(evidence.get(work, you.tenant, pack))
    )


@api("get", "/audit/exports/{pack:str}/pack", Action.LOG_READ)
async def fetch(asker: Asking, pack: FromPath[str]) -> Response[bytes]:
    """The pack as a ZIP, for who asked for it."""
    asked = await asker.read(
        places.everything,
        lambda work, you: evidence.fetchable(work, you.tenant, pack, you.person),
    )
    return Response(await asker.desk.packs.fetch(asked), media_type=ZIP)


@api("get", "/audit/exports/{pack:str}/receipt", Action.LOG_READ)
async def receipt(asker: Asking, pack: FromPath[str]) -> Response[str]:
    """The receipt of the event that names the pack's hash.

    A chain (`application/jsonl`) once the logs above have recorded it.
    """
    text = await asker.read(
        places.everything, lambda work, you: evidence.receipt(work, you.tenant, pack)
    )
    return as_file(text, f"{pack}.receipt.json")


def _out(one: Evidence) -> EvidenceOut:
    return EvidenceOut(
        name=one.name,
        origin=one.origin,
        first=one.first,
        until=one.until,
        size=one.size,
        state=one.state,
        done=one.done,
        problem=one.problem,
        digest=one.digest,
        fetch_until=one.fetch_until,
        item=one.item,
    )
