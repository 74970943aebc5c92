"""A house where Anne's parcels are over, so that she can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from bayward.cloud import workers
from bayward.cloud.audit import service as audit
from bayward.cloud.notify.caller import Caller
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Role
from cloud_bench import BankTwin, CloudBench, story


@dataclass
class Ended:
    """Everybody, and the workers."""

    cloud: CloudBench
    bank: BankTwin
    ada: PersonId
    anne: PersonId
    carl: PersonId
    ben: PersonId

    @property
    def tenant(self) -> TenantId:
        return self.bank.tenant

    async def work(self) -> None:
        """Let the workers do what is due, but for messages."""
        unit = self.cloud.unit
        lane, *_ = workers.lanes(
            unit, mailer=None, caller=Caller(unit, audit.event_at), random=lambda: 0.0
        )
        await lane.run_due()


async def furnish(cloud: CloudBench) -> Ended:
    bank = await story(cloud)
    bank.collect(2)
    await bank.upload(cloud.ingest)
    ben = await cloud.person(bank.tenant, "Benedict", Role.RESIDENT)

    def find(work: Work) -> dict[str, str]:
        found = people_store.search(work.tx, bank.tenant, now=work.now)
        return {one.name: one.person for one in found}

    known = await cloud.do(find)
    ada, anne, carl = (PersonId(known[name]) for name in ("Ada", "Anne", "Carl"))
    return Ended(cloud, bank, ada, anne, carl, ben)
