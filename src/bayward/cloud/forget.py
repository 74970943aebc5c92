"""Erasing somebody from the command line, for whoever may read the state directory.

The console does the same with a fresh second factor. This is for an operator who has to carry out
what a tenant or a court has ordered; it is written down in the tenant's log like everything else,
and a legal hold or a parcel that waits stands in its way here, too.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from bayward.core.ids import PersonId


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done in one tenant; `epoch` is the new one, if it was rolled."""

    tenant_name: str
    erased: Erased
    epoch: int | None


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
    async with opened(settings, clock=clock) as unit:
        done = await unit.write(lambda work: _forget(work, email, basis, is_rolled=is_rolled))
        forgetting = Forgetting(unit)
        for kind, do in ((DESTROY_JOB, forgetting.destroy), (ROLL_JOB, forgetting.roll)):
            await Worker(unit, {kind: Duty(do)}, lambda: 0.0).run_due()
        return [await _told(unit, one, is_rolled=is_rolled) for one in done]


def _forget(
    work: Work, email: str, basis: Basis, *, is_rolled: bool
) -> list[tuple[people_store.Person, Erased]]:
    found = people_store.with_email(work.tx, email)
    if not found:
        raise NotFound("person.unknown")
    done = []
    for person in found:
        if people.is_last_owner(work, person.tenant, person.person):
            raise Conflict("owner.last")
        erased = privacy.erase(work, person.tenant, person.person, basis=basis, actor=people.SYSTEM)
        if is_rolled:
            privacy.roll_now(work, person.tenant, actor=PersonId(people.SYSTEM))
        done.append((person, erased))
    return done


async def _told(
    unit: Unit, one: tuple[people_store.Person, Erased], *, is_rolled: bool
) -> Forgotten:
    person, erased = one

    def read(work: Work) -> Forgotten:
        present = work.house.keyring.epoch(person.tenant)
        number = present.number if is_rolled and present is not None else None
        return Forgotten(people_store.tenant_name(work.tx, person.tenant), erased, number)

    return await unit.read(read)
