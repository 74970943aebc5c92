"""What is past its period is deleted or blanked, once a day (GDPR article 5(1)(e)).

Periods are declared in the schema, with the tables (`storage.schema.columns.Period`); a tenant may
choose others (`periods`). Nothing
is touched that a legal hold is on: neither the held thing itself nor what names somebody who
appears in what is held, just as he cannot be erased. What was done is one entry of the log, in the
transaction that does it: how many rows of which kind, and about whom not a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from bayward.cloud.privacy import hold_store, periods, retention_store
from bayward.cloud.privacy.hold_store import Hold, HoldKind
from bayward.cloud.privacy.periods import Kept
from bayward.cloud.privacy.plan import TABLES, period_of
from bayward.cloud.privacy.retention_store import Key, Old
from bayward.cloud.privacy.service import SYSTEM
from bayward.cloud.storage import outbox
from bayward.cloud.unit import Place, Work
from bayward.core.clock import DAY_MS, HOUR_MS, Instant, after
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId
from bayward.core.whose import subject_of

RETAIN_JOB = "privacy.retain"
EACH_MS = DAY_MS
FIRST_AFTER_MS = HOUR_MS  # not while a program that was just started has everything else to do
ROUND = 500  # rows of each table in one transaction

Left = Mapping[str, Key | None]
"""Tables that are not done yet, and behind which row each goes on."""

Found = Mapping[str, list[Old]]
"""Rows that are past their period, by table."""


@dataclass(frozen=True, slots=True)
class Standing:
    """When it was done last and will be done next; None: not yet, or not planned."""

    last: Instant | None
    next: Instant | None


def begun(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """A tenant came to be (a reaction)."""
    del event, place
    plan(work, tenant)


def plan(work: Work, tenant: TenantId) -> None:
    """Have it done every day from now on; once or twice is the same."""
    due = after(work.now, FIRST_AFTER_MS)
    if not outbox.revive(work.tx, due, RETAIN_JOB, tenant):
        work.enqueue(RETAIN_JOB, tenant, {"tenant": tenant, "last": None}, due)


def again(work: Work, tenant: TenantId) -> None:
    """Done for today."""
    payload: outbox.Payload = {"tenant": tenant, "last": work.now}
    work.enqueue(RETAIN_JOB, tenant, payload, after(work.now, EACH_MS))


def standing(work: Work, tenant: TenantId) -> Standing:
    """How it stands."""
    mine = [one for one in outbox.payloads(work.tx, RETAIN_JOB) if one["tenant"] == tenant]
    last = mine[0]["last"] if mine else None
    due = outbox.due_of(work.tx, RETAIN_JOB, tenant)
    return Standing(None if last is None else Instant(int(last)), due)


def everything() -> Left:
    """Where to begin."""
    return dict.fromkeys(TABLES)


def find(work: Work, tenant: TenantId, left: Left) -> Found:
    """Some of what is past its period, table by table; looking takes longer than taking out."""
    kept = periods.of(work.tx, tenant)
    return {
        name: retention_store.old(
            work.tx, tenant, TABLES[name], work.now,
            behind=behind, count=ROUND, days=_days(kept, TABLES[name]),
        )
        for name, behind in left.items()
    }  # fmt: skip


def still(found: Found) -> Left:
    """Tables in which there may be more, and behind which row."""
    return {name: rows[-1].key for name, rows in found.items() if len(rows) == ROUND}


def carry_out(work: Work, tenant: TenantId, found: Found) -> int:
    """Take out what was found, as far as no hold is on it; gives how many rows that were."""
    held, kept = _Held(work, tenant), periods.of(work.tx, tenant)
    done: Counter[str] = Counter()
    for name, rows in found.items():
        table, period = TABLES[name], period_of(TABLES[name])
        assert period is not None, "the others are not in the list"
        free = [one.key for one in rows if not held.holds(one)]
        done[period.kind] += retention_store.take_out(
            work.tx, table, free, work.now, days=kept[period.kind].days
        )
    total = done.total()
    if total:
        _tell(work, tenant, done)
    return total


def _days(kept: Mapping[str, Kept], table: sa.Table) -> int:
    period = period_of(table)
    assert period is not None, "the others are not in the list"
    return kept[period.kind].days


@dataclass
class _Held:
    """What is held in a tenant."""

    work: Work
    tenant: TenantId
    known: dict[tuple[str, str], bool] = field(default_factory=dict)
    live: list[Hold] = field(init=False)

    def __post_init__(self) -> None:
        self.live = hold_store.holds(self.work.tx, self.tenant)

    def holds(self, row: Old) -> bool:
        """Whether a hold is on a row, or on somebody it names."""
        return any(
            (hold.kind is not HoldKind.PERIOD and hold.subject in row.about)
            or any(self._touches(hold, person) for person in row.people)
            for hold in self.live
        )

    def _touches(self, hold: Hold, person: str) -> bool:
        known = self.known.get((hold.id, person))
        if known is None:
            known = hold_store.touches(self.work.tx, self.tenant, hold, subject_of(person))
            self.known[hold.id, person] = known
        return known


def _tell(work: Work, tenant: TenantId, done: Counter[str]) -> None:
    kinds = sorted((kind, count) for kind, count in done.items() if count)
    work.emit(
        Event(
            type=EventType.RECORDS_EXPIRED,
            time=work.now,
            actor=SYSTEM,
            detail=", ".join(f"{kind} {count}" for kind, count in kinds),
            count=done.total(),
        ),
        tenant=tenant,
    )
