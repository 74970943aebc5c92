"""A house where Anne's parcels are over, so that she can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bench_snapshot
import cloud_bench
from bayward.cloud import workers
from bayward.cloud.audit import service as audit
from bayward.cloud.keyring import cells
from bayward.cloud.notify.caller import Caller
from bayward.cloud.people import store as people_store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Role
from bench_snapshot import Snapshot
from cloud_bench import BankTwin, CloudBench


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
    """What `tell` tells, from a copy where that is possible."""
    if not _told or not bench_snapshot.is_untouched(cloud):
        return await tell(cloud)
    [(snapshot, ended)] = _told
    return replace(ended, cloud=cloud, bank=snapshot.put_into(cloud))


_told: list[tuple[Snapshot, Ended]] = []


async def keep_story() -> None:
    """As in `cloud_bench`."""
    ended = await tell(cloud_bench.make())
    _told[:] = [(Snapshot.of(ended.bank), ended)]


async def tell(cloud: CloudBench) -> Ended:
    bank = await cloud_bench.tell(cloud)
    bank.collect(2)
    await bank.upload(cloud.ingest)
    ben = await cloud.person(bank.tenant, "Benedict", Role.RESIDENT)

    def find(work: Work) -> dict[str, str]:
        found = people_store.search(work.tx, bank.tenant, now=work.now)
        return {one.name: one.person for one in found}

    known = await cloud.do(find)
    ada, anne, carl = (PersonId(known[name]) for name in ("Ada", "Anne", "Carl"))
    return Ended(cloud, bank, ada, anne, carl, ben)


def where(cloud: CloudBench, word: str) -> set[str]:
    """Every table and column in which a word stands, sealed or not."""
    found: set[str] = set()
    cloud.unit._work(cloud.tx)  # so that it can be opened
    for table in s.metadata.sorted_tables:
        for row in cloud.rows(table):
            told = cells.opened(cloud.tx, table, row._mapping)
            for column, value in (*row._mapping.items(), *told.items()):
                text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                if word in text:
                    found.add(f"{table.name}.{column}")
    return found
