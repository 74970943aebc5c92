"""What is put right in a database at start, before anybody is served from it."""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from bayward.cloud.audit import moving, reader
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody import moving as party_moving
from bayward.cloud.custody import parties, seals_before
from bayward.cloud.privacy import moving as rows
from bayward.cloud.privacy import retention
from bayward.cloud.privacy import service as privacy
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import Instant
from bayward.core.events import Event
from bayward.core.ids import ItemId, PartyId, TenantId

_PAGE = 200
_log = structlog.get_logger()


async def before_anybody(unit: Unit) -> None:
    """Refuse a database without its keyring, seal what is plain, forget again who was erased.

    Raises `Misconfigured("keyring.missing")`.
    """
    await unit.read(moving.check)
    entries, cells, lines, items = 0, 0, 0, 0
    if is_old := await unit.read(moving.is_pending):
        entries, cells = await moving.seal_all(unit), await rows.seal_all(unit)
    await unit.read(rows.check)
    if tenants := await unit.write(rows.reindex):
        _log.warning("cloud.indexed_again", tenants=tenants)
    if is_old:
        lines = await moving.name_parties(unit, _named)  # they are looked for by name
        items = await party_moving.move_all(unit)
        await unit.scrub(is_whole=True)
        await unit.write(moving.done)
        if entries or cells or lines or items:
            _log.warning("cloud.sealed", entries=entries, rows=cells, lines=lines, items=items)
    if seals := await seals_before.look_back(unit, _story):
        _log.warning("cloud.broken_seals_found", items=seals)
    await unit.write(_plan)
    if people := await unit.write(privacy.replay):
        await unit.scrub()
        _log.warning("cloud.erased_again", people=people)


def _named(work: Work, tenant: TenantId, text: str, at: Instant) -> PartyId | None:
    return parties.named_before(work, tenant, text, at).id


def _story(work: Work, tenant: TenantId, item: ItemId) -> list[Event]:
    found: list[Event] = []
    before: int | None = None
    while True:
        page = reader.happenings(work, tenant, Wanted(item=item), before=before, count=_PAGE)
        found += [one.event for one in page]
        if len(page) < _PAGE:
            return found[::-1]
        before = page[-1].seq


def _plan(work: Work) -> None:
    """Each tenant has what is past its period taken out every day."""
    for tenant in work.tx.execute(sa.select(s.tenant.c.tenant)).scalars().all():
        retention.plan(work, TenantId(tenant))
