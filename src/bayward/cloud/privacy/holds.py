"""Legal holds: what must be kept although somebody asks to be forgotten (GDPR article 17(3))."""

from __future__ import annotations

from dataclasses import dataclass

from bayward.cloud.privacy import hold_store as store
from bayward.cloud.privacy.hold_store import Hold, HoldId, HoldKind
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, Subject, TenantId

AUTHORITY_CHARS_MAX = 200  # court and case number, or the paragraph of a law
LIVE_MAX = 200  # one page; each erasure looks at all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be held; raises `Invalid` when it holds nothing in particular."""

    kind: HoldKind
    subject: str | None = None
    begins_at: Instant | None = None
    ends_at: Instant | None = None

    def __post_init__(self) -> None:
        is_period = self.kind is HoldKind.PERIOD
        if is_period == bool(self.subject):
            raise Invalid("hold.subject", field="subject")
        if is_period and (self.begins_at is None or self.ends_at is None):
            raise Invalid("hold.period", field="begins")
        begins, ends = self.begins_at, self.ends_at
        if begins is not None and ends is not None and ends < begins:
            raise Invalid("hold.period", field="ends")


def place(
    work: Work,
    tenant: TenantId,
    scope: Scope,
    *,
    authority: str,
    until: Instant | None,
    actor: PersonId,
) -> Hold:
    """Hold something from now on; `until` is when somebody has to look at it again."""
    told = " ".join(authority.split())
    if not told:
        raise Invalid("field.empty", field="authority")
    if len(told) > AUTHORITY_CHARS_MAX:
        raise Invalid("field.too_long", field="authority", limit=AUTHORITY_CHARS_MAX)
    if len(store.holds(work.tx, tenant)) >= LIVE_MAX:
        raise Conflict("hold.too_many", limit=LIVE_MAX)
    hold = Hold(
        id=work.ids.new(HoldId),
        kind=scope.kind,
        subject=scope.subject or None,
        begins_at=scope.begins_at,
        ends_at=scope.ends_at,
        authority=told,
        placed_by=actor,
        placed_at=work.now,
        not_after=until,
    )
    store.insert(work.tx, tenant, hold)
    _tell(work, tenant, EventType.HOLD_PLACED, hold, actor)
    return hold


def lift(work: Work, tenant: TenantId, hold: HoldId, *, actor: PersonId) -> None:
    """End a hold; raises `NotFound`."""
    found = store.find(work.tx, tenant, hold)
    if found is None or not store.lift(work.tx, tenant, hold, actor, work.now):
        raise NotFound("hold")
    _tell(work, tenant, EventType.HOLD_LIFTED, found, actor)


def live(work: Work, tenant: TenantId) -> list[Hold]:
    """Holds that are on."""
    return store.holds(work.tx, tenant)


def check(work: Work, tenant: TenantId, person: Subject) -> None:
    """Raises `Conflict("hold.active")` when a hold keeps somebody from being erased."""
    for hold in store.holds(work.tx, tenant):
        if store.touches(work.tx, tenant, hold, person):
            raise Conflict("hold.active", hold=hold.id, authority=hold.authority)


def _tell(work: Work, tenant: TenantId, kind: EventType, hold: Hold, actor: PersonId) -> None:
    work.emit(
        Event(
            type=kind,
            time=work.now,
            actor=actor,
            scope=hold.kind.value,
            subject=hold.subject,
            reason=hold.authority,
            detail=hold.id,
            not_after=hold.not_after,
        ),
        tenant=tenant,
    )
