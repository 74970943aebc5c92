"""Who makes evidence packs: page by page, so that progress is seen and nobody waits for it.

A pack whose maker was interrupted is made by the next one from its first page; it is the same.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from bayward.cloud.audit import evidence, papers
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.pack_custody import Forms
from bayward.cloud.audit.papers import Shown
from bayward.cloud.audit.stamping import Stamper
from bayward.cloud.jobs import Duty, Hopeless, Settle
from bayward.cloud.settings import CloudSettings
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import Instant
from bayward.core.errors import BaywardError, Conflict, Misconfigured, NotFound
from bayward.core.ids import TenantId
from bayward.ledger.pack import bag
from bayward.ledger.pack.archive import write_zip

PAGE_ENTRIES = 500
SETTLE_S = 12  # witnesses and the authority; a job has 45
LADDER_MS = (5_000, 30_000, 120_000)

_log = structlog.get_logger()


class Anchors(Protocol):
    """Who keeps the anchor log."""

    async def settle(self) -> None:
        """Enter, have cosigned and stamped what is not yet, as far as others answer."""
        ...


def stamper_of(settings: CloudSettings) -> Stamper | None:
    """The authority of the settings; raises `Misconfigured` when it cannot be used."""
    if settings.tsa_root is None:
        return None
    try:
        tsa = importlib.import_module("bayward.cloud.audit.tsa")
    except ModuleNotFoundError as error:
        raise Misconfigured("tsa.extra", expected="pip install bayward[tsa]") from error
    authority: Stamper = tsa.Authority(
        settings.tsa_url, tsa.read_roots(settings.tsa_root), tsa.post
    )
    return authority


class Maker:
    """Makes packs; `verifiers` are verify.py and verify.html.

    With `anchors`, what a pack shows is anchored before the pack is made; `forms` fills in the
    custody form of an item.
    """

    def __init__(
        self,
        unit: Unit,
        verifiers: Mapping[str, bytes],
        stamper: Stamper | None = None,
        anchors: Anchors | None = None,
        forms: Forms | None = None,
    ) -> None:
        self._unit = unit
        self._anchors = anchors
        self._forms = forms
        self._verifiers = verifiers
        self._stamper = stamper

    def duties(self) -> dict[str, Duty]:
        """How packs are made that were asked for."""
        made = Duty(self._make, failed=self._failed, ladder_ms=LADDER_MS)
        return {evidence.MAKE_JOB: made}

    async def fetch(self, asked: Evidence) -> bytes:
        """The ZIP of a pack that is ready; `Conflict` when it cannot come out the same any more."""
        files = await self._files(asked, is_told=False)
        if papers.digest(files[bag.TAG_MANIFEST]) != asked.digest:
            raise Conflict("evidence.changed")
        if asked.stamp is not None:
            files[bag.STAMP] = asked.stamp
        return await asyncio.to_thread(write_zip, asked.name, files)

    async def _make(self, job: Job) -> Settle | None:
        tenant, name = TenantId(job.payload["tenant"]), str(job.payload["evidence"])

        try:
            asked = await self._unit.read(lambda work: evidence.get(work, tenant, name))
        except NotFound as error:
            raise Hopeless(str(error)) from None
        if asked.state == "ready":
            return None
        await self._settle()
        asked = await self._unit.read(lambda work: evidence.with_chain(work, asked))
        asked = await self._with_revoked(asked)
        files = await self._files(asked, is_told=True)
        stamp = None
        if self._stamper is not None:
            stamp = await self._stamper.stamp(files[bag.TAG_MANIFEST])
        return lambda work: evidence.made(work, asked, files, stamp)

    async def _with_revoked(self, asked: Evidence) -> Evidence:
        """The pack with what the issuer of the authority's certificate has revoked by now."""
        if self._stamper is None or asked.anchor_stamp is None or asked.anchor_note is None:
            return asked
        found = await self._stamper.revoked(asked.anchor_stamp, asked.anchor_note.encode())
        if found is None:
            return asked
        return replace(asked, tsa_list=found.listed, tsa_issuer=found.issuer)

    async def _settle(self) -> None:
        """Have what a pack shows anchored, as far as others answer in time; papers say how far."""
        if self._anchors is None:
            return
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._anchors.settle()
        except (BaywardError, TimeoutError) as error:
            _log.warning("evidence.not_settled", why=str(error) or type(error).__name__)

    async def _files(self, asked: Evidence, *, is_told: bool) -> dict[str, bytes]:
        lines: list[bytes] = []
        shown: list[Shown] = []
        first = asked.first
        while first < asked.until:
            told, fields = await self._unit.read(
                lambda work, first=first: evidence.page(work, asked, first, PAGE_ENTRIES)  # type: ignore[misc]  # bound now
            )
            lines.append(told)
            shown += fields
            first += len(fields)
            if is_told and first < asked.until:
                done = first - asked.first
                await self._unit.write(
                    lambda work, done=done: evidence.progress(work, asked, done)  # type: ignore[misc]  # bound now
                )
        records = b"".join(lines)
        return await self._unit.read(
            lambda work: evidence.finish(
                work, asked, records, shown, self._verifiers, forms=self._forms
            )
        )

    def _failed(self, work: Work, job: Job, reason: str, due: Instant | None) -> None:
        if due is None:
            tenant, name = TenantId(job.payload["tenant"]), str(job.payload["evidence"])
            evidence.failed(work, evidence.get(work, tenant, name), reason)
