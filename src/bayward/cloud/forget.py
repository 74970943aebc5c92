"""Erasing somebody from the command line, for whoever may read the state directory.

The console does the same with a fresh second factor. This is for an operator who has to carry out
what a tenant or a court has ordered; it is written down in the tenant's log like everything else,
and a legal hold or a parcel that waits stands in its way here, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bayward.cloud.custody import parties
from bayward.cloud.jobs import Duty, Worker
from bayward.cloud.offline import opened
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.duties import Forgetting
from bayward.cloud.privacy.service import DESTROY_JOB, ROLL_JOB, Basis, Erased
from bayward.cloud.settings import CloudSettings
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import Clock
from bayward.core.errors import Conflict, NotFound
from bayward.core.ids import PersonId, TenantId


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done in one tenant; `epoch` is the new one, if it was rolled."""

    tenant_name: str
    erased: Erased
    epoch: int | None


_Done: TypeAlias = tuple[TenantId, Erased]


async def forget(
    settings: CloudSettings,
    email: str,
    *,
    basis: Basis,
    is_rolled: bool = False,
    clock: Clock | None = None,
) -> list[Forgotten]:
    """Erase whoever has this address, in every tenant, key and all.

    With `is_rolled` the epoch of the keys ends at once, so that no older copy of them is left
    either. Raises `NotFound`, or `Conflict` with what stands in the way; then nothing was done.
    """

    def run(work: Work) -> list[_Done]:
        found = people_store.with_email(work.tx, email)
        if not found:
            raise NotFound("person.unknown")
        done = []
        for one in found:
            if people.is_last_owner(work, one.tenant, one.person):
                raise Conflict("owner.last")
            erased = privacy.erase(work, one.tenant, one.person, basis=basis, actor=people.SYSTEM)
            done.append((one.tenant, erased))
        return done

    return await _carried_out(settings, run, clock, is_rolled=is_rolled)


async def forget_party(
    settings: CloudSettings,
    text: str,
    *,
    basis: Basis,
    is_rolled: bool = False,
    leaves_items: bool = False,
    clock: Clock | None = None,
) -> list[Forgotten]:
    """Erase the party outside that is called so or has this id, as `forget` does a person.

    Raises `Conflict("party.several")` where more than one tenant names somebody so: these are
    strangers to each other.
    """

    def run(work: Work) -> list[_Done]:
        found = parties.everywhere(work, text)
        if not found:
            raise NotFound("party")
        if len(found) > 1:
            raise Conflict("party.several", count=len(found))
        [(tenant, party)] = found
        erased = privacy.erase(
            work, tenant, party, basis=basis, actor=people.SYSTEM, leaves_items=leaves_items
        )
        return [(tenant, erased)]

    return await _carried_out(settings, run, clock, is_rolled=is_rolled)


async def _carried_out(
    settings: CloudSettings,
    run: Callable[[Work], list[_Done]],
    clock: Clock | None,
    *,
    is_rolled: bool,
) -> list[Forgotten]:
    """The keys go right after the transaction that decided it."""

    def decide(work: Work) -> list[_Done]:
        done = run(work)
        for tenant, _ in done if is_rolled else ():
            privacy.roll_now(work, tenant, actor=PersonId(people.SYSTEM))
        return done

    async with opened(settings, clock=clock) as unit:
        done = await unit.write(decide)
        forgetting = Forgetting(unit)
        for kind, do in ((DESTROY_JOB, forgetting.destroy), (ROLL_JOB, forgetting.roll)):
            await Worker(unit, {kind: Duty(do)}, lambda: 0.0).run_due()
        return [await _told(unit, tenant, erased, is_rolled=is_rolled) for tenant, erased in done]


async def _told(unit: Unit, tenant: TenantId, erased: Erased, *, is_rolled: bool) -> Forgotten:
    def read(work: Work) -> Forgotten:
        present = work.house.keyring.epoch(tenant)
        number = present.number if is_rolled and present is not None else None
        return Forgotten(people_store.tenant_name(work.tx, tenant), erased, number)

    return await unit.read(read)
