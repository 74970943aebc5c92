from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.audit import beacon_store as store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.sandwich import Cosigned
from cloud_bench import CloudBench


async def test_times_around_an_entry_are_found_by_one_query(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()  # its log has entries already
    origin = f"lockers.example.com/tenant/{tenant}"
    with cloud.tx.begin():
        for size, time in ((1, 10), (2, 30)):
            point = Checkpoint(origin, size, bytes(32))
            for name, later in (("w/1", 1), ("w/2", 0)):
                store.insert(cloud.tx, tenant, Cosigned(point, name, time + later, "note"))
        store.insert_beacon(cloud.tx, tenant, Place(origin, 1), 20)
        table = s.happening.c
        query = sa.select(
            table.idx,
            store.time_above(table.origin, table.idx).label("above"),
            store.time_covering(table.origin, table.idx).label("covering"),
        ).where(table.tenant == tenant)
        found = {row.idx: (row.above, row.covering) for row in cloud.tx.execute(query)}
    assert found[0] == (None, 10)
    assert all(times == (20, 30 if idx == 1 else None) for idx, times in found.items() if idx)
    assert store.newest(cloud.tx, tenant, origin) == "note"
    assert [one.witness for one in store.find(cloud.tx, tenant, origin, 2)] == ["w/1", "w/2"]
