"""Log and proof: the logs and their roots, verify now, export with proofs, who did what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from bayward.cloud.audit import anchor, beacon_store, chains, export
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.checking import Progress
from bayward.cloud.audit.export import Export
from bayward.cloud.audit.store import LogHead
from bayward.cloud.fleet import service as fleet
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import live, places
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.frame import BY_FILTER, console, notify, shell
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words, log_name
from bayward.core.errors import Invalid, NotFound
from bayward.core.ids import BankId, TenantId
from bayward.core.policy import Action
from bayward.ledger.chain import chain_text
from bayward.ledger.strict import base64_text
from bayward.ui.views.base import Say
from bayward.ui.views.console import Filter, Pager, Shell
from bayward.ui.views.console_admin import Anchor, Log, LogCheck, LogRow

ROWS = 50
CURSOR_DIGITS = 18
LINES = "application/jsonl"
PATIENCE_S = 2  # a check that takes longer goes on alone, and the page shows how far it is


@show("/console/log", Action.LOG_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """Checkpoints, and what happened."""
    query = request.query_params
    key = query.get("kind", "all") if query.get("kind", "all") in BY_FILTER else "all"
    before = cursor(query.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Log:
        lines, older = words.happenings(BY_FILTER[key], before=before, count=ROWS)
        return Log(
            shell=frame,
            logs=_rows(words, asker.desk.checks.progress(you.tenant)),
            anchor=_anchor(words.work),
            entries=lines,
            filters=tuple(
                Filter(f"/console/log?kind={one}", one, is_current=one == key) for one in BY_FILTER
            ),
            pager=Pager(older=f"/console/log?kind={key}&after={older}" if older else None),
        )

    return await console(asker, places.everything, build)


@show("/console/log/live", Action.LOG_READ)
async def listed_live(asker: Asking) -> Stream:
    """How far the checks are, and what they found."""

    def build(work: Work, you: You) -> Log:
        words = Words(work, you.tenant)
        rows = _rows(words, asker.desk.checks.progress(you.tenant))
        return Log(shell=shell(words, you), logs=rows)

    return await live.stream(asker, places.everything, build)


@do("/console/log/verify", Action.LOG_VERIFY)
async def verify(request: AnyRequest, asker: Asking) -> Redirect:
    """Read every log from its first entry to its last and check everything."""
    started = asker.desk.clock.monotonic_ms()
    logs = await asker.read(
        places.everything,
        lambda work, you: [
            (you.tenant, one.origin) for one in audit.logs(work, you.tenant) if one.size
        ],
    )
    checks = [asker.desk.checks.start(*one, is_awaited=True) for one in logs]
    if checks:
        await asyncio.wait(checks, timeout=PATIENCE_S)
    if not all(one.done() for one in checks):
        notify(request, "log.checking")
        return back("/console/log")
    verdicts = [one.result() for one in checks]
    ms = asker.desk.clock.monotonic_ms() - started
    if broken := sum(not one.ok for one in verdicts):
        notify(request, "log.broken", n=broken)
    else:
        notify(request, "log.verified", entries=sum(one.entries for one in verdicts), ms=ms)
    return back("/console/log")


@show("/console/log/export", Action.LOG_EXPORT)
async def exported(request: AnyRequest, asker: Asking) -> Stream:
    """A log with everything somebody needs to verify it without us; who asked is logged.

    The whole of it: a part would not lead to the root.
    """
    wanted = request.query_params.get("origin", "")

    def begin(work: Work, you: You) -> tuple[TenantId, Export]:
        heads = [one for one in audit.logs(work, you.tenant) if one.size]
        chosen = [one for one in heads if one.origin == wanted] if wanted else heads
        if not chosen:
            raise NotFound("log")
        return you.tenant, export.begin(work, you.tenant, chosen[0].origin, you.person)

    tenant, begun = await asker.write(places.everything, begin, lambda _, __: Say("export_log", {}))
    headers = {"Content-Disposition": 'attachment; filename="log.jsonl"'}
    return Stream(_lines(asker, tenant, begun), media_type=LINES, headers=headers)


async def _lines(asker: Asker, tenant: TenantId, begun: Export) -> AsyncIterator[bytes]:
    yield begun.header
    first = 0
    while True:
        lines = await asker.desk.unit.read(
            lambda work, first=first: export.page(work, tenant, begun, first)  # type: ignore[misc]  # bound now
        )
        if not lines:
            return
        first += len(lines)
        yield b"".join(lines)


@show("/console/log/chain/{bank:str}", Action.LOG_READ)
async def chained(asker: Asking, bank: FromPath[str]) -> Response[str]:
    """The receipts that lead from a bank's checkpoint up to the anchor log, one a line."""
    bank_id = places.parse(BankId, bank)

    def read(work: Work, you: You) -> str:
        fleet.get_bank(work, you.tenant, bank_id)
        return chain_text(chains.of_bank(work, you.tenant, bank_id))

    text = await asker.read(places.everything, read)
    headers = {"Content-Disposition": 'attachment; filename="chain.jsonl"'}
    return Response(text, headers=headers, media_type=LINES)


def _witnesses(work: Work, tenant: TenantId, head: LogHead) -> int:
    return len(beacon_store.newest_by_witness(work.tx, tenant, head.origin))


def _anchor(work: Work) -> Anchor | None:
    head, witnesses = anchor.status(work)
    if head is None:
        return None
    return Anchor(
        origin=head.origin,
        size=head.size,
        root=base64_text(head.root),
        at=head.changed_at,
        witnesses=tuple(witnesses),
        stamp=anchor.stamp(work),
    )


def _rows(words: Words, checks: Mapping[str, Progress]) -> tuple[LogRow, ...]:
    work, tenant = words.work, words.tenant
    name = people_store.tenant_name(work.tx, tenant)
    return tuple(
        LogRow(
            name=log_name(words, head, name),
            origin=head.origin,
            size=head.size,
            root=base64_text(head.root),
            at=head.changed_at,
            witnesses=_witnesses(work, tenant, head),
            check=_check(head),
            progress=_progress(checks.get(head.origin)),
            vkey=head.vkey,
            chain_href=None if head.bank is None else f"/console/log/chain/{head.bank}",
        )
        for head in audit.logs(work, tenant)
        if head.size
    )


def _check(head: LogHead) -> LogCheck | None:
    if head.verified_at is None:
        return None
    problem = None
    if head.verify_problem is not None:
        forked = Say("error.log.forked", {"size": head.size})
        told = Say("console.log.broken", {"problem": head.verify_problem})
        problem = forked if head.state == "forked" else told
    return LogCheck(at=head.verified_at, entries=head.verified_size, problem=problem)


def _progress(check: Progress | None) -> tuple[int, int] | None:
    return None if check is None else (check.done, check.size)


def cursor(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Invalid("http.invalid", field="after")
    return int(text[:CURSOR_DIGITS])
