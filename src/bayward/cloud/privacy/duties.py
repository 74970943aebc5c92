"""What is done about keys after the transaction that decided it; each can be done twice."""

from __future__ import annotations

from functools import partial

from bayward.cloud.jobs import Again, Settle
from bayward.cloud.keyring import cells
from bayward.cloud.privacy import retention
from bayward.cloud.privacy import service as privacy
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Unit
from bayward.core.ids import TenantId


class Forgetting:
    """The worker's side of `privacy`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def destroy(self, job: Job) -> Settle | None:
        """Destroy the key of somebody who was erased, and the traces he left in the files."""
        told = job.payload
        self._unit.house.keyring.destroy(
            str(told["tenant"]), str(told["person"]), str(told["key"]), self._unit.clock.now()
        )
        await self._unit.scrub()
        return None

    async def retain(self, job: Job) -> Settle | None:
        """Take out what is past its period, and come back tomorrow."""
        tenant, left, total = TenantId(job.payload["tenant"]), retention.everything(), 0
        while left:
            found = await self._unit.read(partial(retention.find, tenant=tenant, left=left))
            if any(found.values()):
                some = partial(retention.carry_out, tenant=tenant, found=found)
                total += await self._unit.write(some)
            left = retention.still(found)
        if total:
            await self._unit.scrub()
        return lambda work: retention.again(work, tenant)

    async def roll(self, job: Job) -> Settle | None:
        """End an epoch: from here on no older copy of the keyring opens anything."""
        tenant, after = TenantId(job.payload["tenant"]), int(job.payload["after"] or 0)
        if await self._unit.read(lambda work: privacy.is_destroying(work, tenant)):
            raise Again("a key is still to be destroyed")
        index = await self._unit.write(lambda work: cells.reindex(work.tx, tenant))
        self._unit.house.keyring.drop_indexes(tenant, index)
        done = self._unit.house.keyring.roll(tenant, after, self._unit.clock.now())
        actor = str(job.payload["actor"])
        return lambda work: privacy.rolled(
            work, tenant, epoch=done.epoch, survivors=done.survivors, actor=actor
        )
