"""Four eyes on what nobody can undo: one administrator asks for an erasure, another confirms it.

Where there is no other one, it is carried out after 72 hours unless it is withdrawn, and whoever
administers is written to at once: the law gives a month, and a stolen session is noticed in less.
Who became an administrator within the last 72 hours does not count as the other one, or one could
make oneself a second pair of eyes.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bayward.cloud.privacy import service, store
from bayward.cloud.privacy.service import Basis, Erased
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.outbox import Payload
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, HOUR_MS, Instant, after
from bayward.core.errors import Conflict, Denied, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, Subject, TenantId
from bayward.core.whose import subject_of

DUE_JOB = "privacy.erase"
WAIT_MS = 72 * HOUR_MS  # a weekend away from the mail; GDPR 12(3) gives a month
TRY_AGAIN_MS = DAY_MS
ASKER_GONE = "erase.asker_gone"
WAITED = "timeout"  # `method` of an erasure that nobody confirmed

_T = EventType
_table = s.erasure


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An erasure that was asked for, of a person or a party; with `due` nobody has to confirm it.

    `problem` is the code of what stood in the way when it was due.
    """

    subject: Subject
    asked_by: str
    basis: Basis
    asked_at: Instant
    due: Instant | None = None
    problem: str | None = None
    leaves_items: bool = False


def ask(
    work: Work,
    tenant: TenantId,
    subject: Subject,
    *,
    basis: Basis,
    actor: PersonId,
    leaves_items: bool = False,
) -> Asked:
    """Ask for it; raises like `service.erase`, and `Conflict("erase.asked")` the second time."""
    service.check(work, tenant, subject, leaves_items=leaves_items)
    if find(work, tenant, subject) is not None:
        raise Conflict("erase.asked")
    due = after(work.now, WAIT_MS) if is_alone(work, tenant, actor, subject) else None
    asked = Asked(
        subject=subject,
        asked_by=actor,
        basis=basis,
        asked_at=work.now,
        due=due,
        leaves_items=leaves_items,
    )
    work.tx.execute(
        _table.insert().values(
            tenant=tenant, subject=subject, asked_by=actor, basis=basis.value,
            asked_at=work.now, due=due, leaves_items=leaves_items,
        )
    )  # fmt: skip
    if due is not None:
        work.enqueue(DUE_JOB, subject, {"tenant": tenant, "person": subject}, due)
    detail = service.ITEMS_LEFT if leaves_items else None
    more = {"reason": basis.value, "detail": detail}
    _tell(work, tenant, _T.ERASURE_ASKED, actor, subject, not_after=due, **more)
    return asked


def confirm(work: Work, tenant: TenantId, subject: Subject, *, actor: PersonId) -> Erased:
    """The other administrator agrees, and it is done; both ids are in the log."""
    asked = _get(work, tenant, subject)
    if asked.asked_by == actor:
        raise Denied("erase.same_person")
    if not store.is_seasoned(work.tx, tenant, actor, work.now, WAIT_MS):
        raise Denied("erase.too_new")
    return service.erase(
        work,
        tenant,
        subject,
        basis=asked.basis,
        actor=actor,
        witness=asked.asked_by,
        leaves_items=asked.leaves_items,
    )


def withdraw(work: Work, tenant: TenantId, subject: Subject, *, actor: PersonId) -> None:
    """Take it back, whoever asked; raises `NotFound`."""
    _get(work, tenant, subject)
    work.tx.execute(_table.delete().where(_mine(tenant, subject)))
    _tell(work, tenant, _T.ERASURE_WITHDRAWN, actor, subject)


def fall_due(work: Work, tenant: TenantId, subject: Subject) -> None:
    """The waiting time is over; what stands in the way is said once, and looked at daily."""
    asked = find(work, tenant, subject)
    if asked is None or asked.due is None:
        return
    problem = _carried_out(work, tenant, asked)
    if problem is None:
        return
    work.tx.execute(_table.update().where(_mine(tenant, subject)).values(problem=problem))
    if problem != asked.problem:
        _tell(work, tenant, _T.ERASURE_BLOCKED, service.SYSTEM, subject, reason=problem)
    payload: Payload = {"tenant": tenant, "person": subject}
    work.enqueue(DUE_JOB, subject, payload, after(work.now, TRY_AGAIN_MS))


def find(work: Work, tenant: TenantId, subject: Subject) -> Asked | None:
    """What was asked for about somebody."""
    row = work.tx.execute(sa.select(_table).where(_mine(tenant, subject))).mappings().one_or_none()
    return None if row is None else _asked(row)


def waiting(work: Work, tenant: TenantId) -> list[Asked]:
    """Everything that was asked for, oldest first."""
    mine = sa.select(_table).where(_table.c.tenant == tenant)
    rows = work.tx.execute(mine.order_by(_table.c.asked_at, _table.c.subject)).mappings()
    return [_asked(row) for row in rows]


def is_alone(work: Work, tenant: TenantId, actor: PersonId, subject: Subject) -> bool:
    """Whether nobody else could confirm: no other seasoned administrator of the whole tenant."""
    others = set(store.owners(work.tx, tenant, work.now)) - {actor, subject}
    return not any(store.is_seasoned(work.tx, tenant, one, work.now, WAIT_MS) for one in others)


def _carried_out(work: Work, tenant: TenantId, asked: Asked) -> str | None:
    """Erase somebody in the name of who asked; the code of what stands in the way."""
    by = asked.asked_by
    if by not in store.owners(work.tx, tenant, work.now):
        return ASKER_GONE
    try:
        service.erase(
            work,
            tenant,
            asked.subject,
            basis=asked.basis,
            actor=by,
            method=WAITED,
            leaves_items=asked.leaves_items,
        )
    except Conflict as error:
        return error.code
    return None


def _get(work: Work, tenant: TenantId, subject: Subject) -> Asked:
    asked = find(work, tenant, subject)
    if asked is None:
        raise NotFound("erasure")
    return asked


def _mine(tenant: TenantId, subject: Subject) -> sa.ColumnElement[bool]:
    return (_table.c.tenant == tenant) & (_table.c.subject == subject)


def _asked(row: sa.RowMapping) -> Asked:
    return Asked(
        subject=subject_of(row["subject"]),
        asked_by=row["asked_by"],
        basis=Basis(row["basis"]),
        asked_at=row["asked_at"],
        due=row["due"],
        problem=row["problem"],
        leaves_items=row["leaves_items"],
    )


def _tell(
    work: Work,
    tenant: TenantId,
    kind: EventType,
    actor: str,
    subject: Subject,
    *,
    reason: str | None = None,
    detail: str | None = None,
    not_after: Instant | None = None,
) -> None:
    event = Event(
        type=kind,
        time=work.now,
        actor=actor,
        subject=subject,
        reason=reason,
        detail=detail,
        not_after=not_after,
    )
    work.emit(event, tenant=tenant)
