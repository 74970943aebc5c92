"""Log and proof: the logs and their roots, verify now, export with proofs, who did what."""

from __future__ import annotations

from collections.abc import AsyncIterator

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from bayward.cloud.audit import anchor, beacon_store, chains, export
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.export import Export
from bayward.cloud.audit.store import LogHead
from bayward.cloud.fleet import service as fleet
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.frame import BY_FILTER, console, notify
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


@show("/console/log", Action.LOG_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """Checkpoints, and what happened."""
    query = request.query_params
    key = query.get("kind", "all") if query.get("kind", "all") in BY_FILTER else "all"
    before = cursor(query.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Log:
        lines, older = words.happenings(BY_FILTER[key], before=before, count=ROWS)
        name = people_store.tenant_name(words.work.tx, you.tenant)
        return Log(
            shell=frame,
            logs=tuple(
                _row(head, log_name(words, head, name), _witnesses(words.work, you.tenant, head))
                for head in audit.logs(words.work, you.tenant)
                if head.size
            ),
            anchor=_anchor(words.work),
            entries=lines,
            filters=tuple(
                Filter(f"/console/log?kind={one}", one, is_current=one == key) for one in BY_FILTER
            ),
            pager=Pager(older=f"/console/log?kind={key}&after={older}" if older else None),
        )

    return await console(asker, places.everything, build)


@do("/console/log/verify", Action.LOG_VERIFY)
async def verify(request: AnyRequest, asker: Asking) -> Redirect:
    """Read every log from its first entry to its last and check everything."""
    started = asker.desk.clock.monotonic_ms()
    origins = await asker.read(
        places.everything,
        lambda work, you: [(you.tenant, one.origin) for one in audit.logs(work, you.tenant)],
    )
    entries, broken = 0, []
    for tenant, origin in origins:
        size, is_ok = await _verify(asker, tenant, origin)
        entries += size
        broken += [] if is_ok else [origin]
    ms = asker.desk.clock.monotonic_ms() - started
    if broken:
        notify(request, "log.broken", n=len(broken))
    else:
        notify(request, "log.verified", entries=entries, ms=ms)
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


async def _verify(asker: Asker, tenant: TenantId, origin: str) -> tuple[int, bool]:
    unit = asker.desk.unit
    head = await unit.read(lambda work: _head(work, tenant, origin))
    if head is None or not head.size:
        return 0, True
    verdict = await unit.read(lambda work: export.verify(work, tenant, origin))
    await unit.write(lambda work: export.note_verdict(work, tenant, origin, verdict))
    return head.size, verdict.ok


def _head(work: Work, tenant: TenantId, origin: str) -> LogHead | None:
    return next((one for one in audit.logs(work, tenant) if one.origin == origin), None)


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


def _row(head: LogHead, name: str, witnesses: int) -> LogRow:
    check = None
    if head.verified_at is not None:
        problem = None
        if head.verify_problem is not None:
            forked = Say("error.log.forked", {"size": head.size})
            told = Say("console.log.broken", {"problem": head.verify_problem})
            problem = forked if head.state == "forked" else told
        check = LogCheck(at=head.verified_at, entries=head.size, ms=0, problem=problem)
    return LogRow(
        name=name,
        origin=head.origin,
        size=head.size,
        root=base64_text(head.root),
        at=head.changed_at,
        witnesses=witnesses,
        check=check,
        vkey=head.vkey,
        chain_href=None if head.bank is None else f"/console/log/chain/{head.bank}",
    )


def cursor(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Invalid("http.invalid", field="after")
    return int(text[:CURSOR_DIGITS])
