"""A whole log as lines anybody can verify (`ledger.export`), and the check we run ourselves.

An export is taken page by page, up to the size that was fixed when it began: a log only grows,
so pages read later still belong together.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.cloud.audit import reader, store
from bayward.cloud.unit import OPERATOR, Work
from bayward.core.clock import Instant
from bayward.core.errors import Conflict
from bayward.core.events import TEXT_CHARS_MAX, Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.ledger.dense import stored_hash_index
from bayward.ledger.export import LogEntry, LogHeader, parse_header
from bayward.ledger.keys import parse_vkey
from bayward.ledger.leaf import Disclosure
from bayward.ledger.verdict import Verdict
from bayward.ledger.verify import Examination, examine

PAGE_ENTRIES = 500  # half a megabyte of lines at a time


@dataclass(frozen=True, slots=True)
class Export:
    """An export in progress: `header` is the first line, `size` the number of entries."""

    origin: str
    header: bytes
    size: int


def begin(work: Work, tenant: TenantId, origin: str, actor: PersonId) -> Export:
    """Fix what will be exported, and log who asked; raises `NotFound` or `Conflict`."""
    found = _begin(work, tenant, origin)
    work.emit(
        Event(
            type=EventType.LOG_EXPORTED,
            time=work.now,
            actor=actor,
            origin=origin,
            log_size=found.size,
        ),
        tenant=tenant,
    )
    return found


def page(
    work: Work,
    tenant: TenantId,
    export: Export,
    first: int,
    hidden: frozenset[str] = frozenset(),
) -> list[bytes]:
    """The lines of entries from `first`, at most `PAGE_ENTRIES`; empty at the end."""
    count = min(PAGE_ENTRIES, export.size - first)
    if count <= 0:
        return []
    found = reader.entries(work, tenant, export.origin, first, count)
    places = [stored_hash_index(0, entry.index) for entry in found]
    hashes = store.rows(work.tx, tenant, export.origin).read_hashes(places)
    return [
        LogEntry(entry.index, stored, entry.leaf, _shown(entry.disclosures, hidden)).line
        for entry, stored in zip(found, hashes, strict=True)
    ]


def verify(work: Work, tenant: TenantId, origin: str) -> Verdict:
    """Read a log from its first entry to its last and check everything; writes nothing.

    Works on one snapshot, so what is appended meanwhile does not disturb it. An older
    checkpoint of the same log, kept by somebody else, is what we cannot check here.
    """
    begun, examination = begin_check(work, tenant, origin)
    first = 0
    while lines := page(work, tenant, begun, first):
        if not all(
            examination.take_line(number, line) for number, line in enumerate(lines, first + 2)
        ):
            break
        first += len(lines)
    return examination.conclude()


def begin_check(work: Work, tenant: TenantId, origin: str) -> tuple[Export, Examination]:
    """The same, page by page (`page`); raises `NotFound` or `Conflict`."""
    head = reader.head(work, tenant, origin)
    if head.kind in store.OURS:  # a key swapped in the database must not vouch for itself
        key = work.house.keys.log_signer(origin).key
    else:
        key = parse_vkey(head.vkey)
    begun = _begin(work, tenant, origin)
    return begun, examine(parse_header(begun.header), [key], ())


def unchecked_since(work: Work, time: Instant) -> list[tuple[TenantId, str]]:
    """Logs with entries that were not checked after `time`, the longest unchecked first.

    What was checked in the future, by a clock that was wrong, counts as not checked.
    """
    return store.unchecked(work.tx, time, work.now)


def note_verdict(work: Work, tenant: TenantId, origin: str, verdict: Verdict) -> None:
    """Remember how a check ended, and say so when it finds what the one before had not."""
    problem = None if verdict.ok else str(verdict.findings[0])
    head = reader.head(work, tenant, origin)
    store.note_check(work.tx, tenant, origin, now=work.now, size=verdict.entries, problem=problem)
    work.wake(f"tenant/{tenant}")
    if problem is None or problem == head.verify_problem or tenant == OPERATOR:
        return  # the anchor has no staff; the program's own log says it
    work.emit(
        Event(
            type=EventType.LOG_FAULT_FOUND,
            time=work.now,
            bank=head.bank,
            origin=origin,
            log_size=head.size,
            detail=problem[:TEXT_CHARS_MAX],
        ),
        tenant=tenant,
    )


def _begin(work: Work, tenant: TenantId, origin: str) -> Export:
    head = reader.head(work, tenant, origin)
    if not head.note:
        raise Conflict("log.empty")
    return Export(origin, LogHeader(parse_vkey(head.vkey), head.note).line, head.size)


def _shown(disclosures: tuple[str, ...], hidden: frozenset[str]) -> tuple[str, ...]:
    if not hidden:
        return disclosures
    return tuple(one for one in disclosures if Disclosure.parse(one).name not in hidden)
