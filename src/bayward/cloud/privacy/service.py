"""Erasing somebody, so that nothing says who he was and every proof still holds.

In one transaction everything about him is taken out of the tables, what is sealed under his key
is deleted, and the log says that a person was erased, by whom and on what ground. Destroying the
key itself, and emptying the write-ahead log, are a job of that transaction: after a crash it is
done again. Until the epoch of the keys is rolled (at most 30 days later, by a job as well) an
older copy of the keyring could still open an older copy of the database; from then on nothing can.

Every bank is ordered to take him off its own disk. The order waits for a bank that is away as long
as it takes, and counts as done when the bank's own log says so. Of a party outside, who has no
account, no bank knows anything: it is erased here, in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bayward.cloud import orders
from bayward.cloud.keyring.file import Epoch
from bayward.cloud.privacy import holds, store
from bayward.cloud.privacy.store import Untold
from bayward.cloud.storage import outbox
from bayward.cloud.storage.outbox import Payload
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.commands import ForgetPerson
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, Subject, TenantId
from bayward.core.whose import is_party, subject_of

DESTROY_JOB = "privacy.destroy"
ROLL_JOB = "privacy.roll"
EPOCH_MS_MAX = 30 * DAY_MS  # GDPR 12(3) gives a month
RESTORED = "restored"
ITEMS_LEFT = "leaves_items"  # `detail` of an erasure after which nobody can say who has them
SYSTEM = "system"


class Basis(StrEnum):
    """Why somebody is erased (GDPR article 17(1))."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: `key` is the random id of the key that is destroyed."""

    key: str
    disclosures: int
    dead_by: Instant  # when no copy of the key can be left
    banks: int = 0  # how many were told to forget him, too


@dataclass(frozen=True, slots=True)
class Keys:
    """How the keys of a tenant stand."""

    epoch: Epoch | None
    subjects: int
    periods: int
    destroyed: int
    roll_due: Instant | None


def erase(
    work: Work,
    tenant: TenantId,
    person: Subject,
    *,
    basis: Basis,
    actor: str,
    witness: str | None = None,
    method: str | None = None,
    leaves_items: bool = False,
) -> Erased:
    """Erase somebody for good; raises `NotFound`, or `Conflict` with what has to end before.

    `witness` is the second person, who asked for it; `method` is `timeout` where there was none.
    With `leaves_items` what a party has stays with it, and nobody can say any more with whom.
    """
    check(work, tenant, person, leaves_items=leaves_items)
    detail = ITEMS_LEFT if leaves_items else None
    more = {"witness": witness, "method": method, "detail": detail}
    return _erase(work, tenant, person, reason=basis.value, actor=actor, **more)


def check(work: Work, tenant: TenantId, person: Subject, *, leaves_items: bool = False) -> None:
    """Raise what `erase` would."""
    state = store.state_of(work.tx, tenant, person)
    if state is None or store.is_erased(state):
        raise NotFound("party" if is_party(person) else "person.unknown")
    holds.check(work, tenant, person)
    found = store.ties(work.tx, tenant, person, work.now)
    if is_party(person):
        _check_items(found, leaves_items=leaves_items)
    else:
        _check_ties(found)


def replay(work: Work) -> int:
    """Erase again whom a restored database brought back; returns how many. At each start.

    Whose key was destroyed is written in the keyring, which is not restored with the database.
    """
    count = 0
    for one in work.house.keyring.destroyed():
        state = store.state_of(work.tx, TenantId(one.tenant), one.name)
        if state is not None and not store.is_erased(state):
            tenant, person = TenantId(one.tenant), subject_of(one.name)
            _erase(work, tenant, person, reason=RESTORED, actor=SYSTEM, key=one.key)
            count += 1
    return count


def roll_now(work: Work, tenant: TenantId, *, actor: PersonId) -> None:
    """End the present epoch of the keys, as soon as a worker comes to it."""
    present = work.house.keyring.epoch(tenant)
    if present is None:
        raise Conflict("keys.none")
    outbox.discard(work.tx, ROLL_JOB, tenant)
    payload: Payload = {"tenant": tenant, "after": present.number, "actor": actor}
    work.enqueue(ROLL_JOB, tenant, payload)


def keys(work: Work, tenant: TenantId) -> Keys:
    """How the keys stand."""
    ring = work.house.keyring
    count = ring.count(tenant)
    gone = sum(one.tenant == tenant for one in ring.destroyed())
    due = outbox.due_of(work.tx, ROLL_JOB, tenant)
    return Keys(ring.epoch(tenant), count["subject"], count["period"], gone, due)


def is_destroying(work: Work, tenant: TenantId) -> bool:
    """Whether a key of the tenant is still to be destroyed; a roll would carry it over."""
    waiting = outbox.payloads(work.tx, DESTROY_JOB)
    return any(one["tenant"] == tenant for one in waiting)


def rolled(work: Work, tenant: TenantId, *, epoch: int, survivors: int, actor: str) -> None:
    """Log that an epoch has ended."""
    work.emit(
        Event(
            type=EventType.KEY_EPOCH_ROLLED,
            time=work.now,
            actor=actor,
            detail=str(epoch),
            count=survivors,
        ),
        tenant=tenant,
    )


def untold(work: Work, tenant: TenantId) -> list[Untold]:
    """Banks whose own disk may still name somebody who was erased, the longest wait first."""
    return store.untold(work.tx, tenant)


def _check_items(found: store.Ties, *, leaves_items: bool) -> None:
    """A court that has a thing is needed; an owner who got his own back is not."""
    if found.offers:
        raise Conflict("erase.party_offered", count=found.offers)
    if found.items and not leaves_items:
        raise Conflict("erase.party_items", count=found.items)


def _check_ties(found: store.Ties) -> None:
    if found.parcels or found.grants:
        raise Conflict("erase.parcels", count=max(found.parcels, found.grants))
    if found.items or found.offers:
        raise Conflict("erase.items", count=found.items + found.offers)
    if found.admissions:
        raise Conflict("erase.admitted", count=found.admissions)
    if found.orders:
        raise Conflict("erase.orders", count=found.orders)


def _erase(
    work: Work,
    tenant: TenantId,
    person: Subject,
    *,
    reason: str,
    actor: str,
    key: str | None = None,
    witness: str | None = None,
    method: str | None = None,
    detail: str | None = None,
) -> Erased:
    ring = work.house.keyring
    if key is None:  # made if he has none, so that the keyring can remember that he was erased
        made = ring.subject(tenant, person, work.now, work.ids.random)
        assert made is not None, "somebody whose key is destroyed was erased, or is replayed"
        key = made.id
    told = [] if is_party(person) else store.banks_to_tell(work.tx, tenant)
    count = store.delete_disclosures(work.tx, tenant, key)
    store.blank(work.tx, tenant, person)
    work.emit(
        Event(
            type=EventType.SUBJECT_ERASED,
            time=work.now,
            actor=actor,
            subject=key,
            reason=reason,
            count=count,
            witness=witness,
            method=method,
            detail=detail,
        ),
        tenant=tenant,
    )
    for bank in told:
        orders.place(work, tenant, bank, ForgetPerson(PersonId(person)), actor=SYSTEM)
    work.enqueue(DESTROY_JOB, key, {"tenant": tenant, "person": person, "key": key})
    present = ring.epoch(tenant)
    assert present is not None, "there is a key"
    due = max(work.now, after(present.begun_at, EPOCH_MS_MAX))
    payload: Payload = {"tenant": tenant, "after": present.number, "actor": SYSTEM}
    work.enqueue(ROLL_JOB, tenant, payload, Instant(due))
    return Erased(key, count, Instant(due), len(told))
