from __future__ import annotations

import pytest

from bayward.cloud.audit import store
from bayward.core.errors import Conflict, NotFound
from bayward.ledger.errors import Unverified
from cloud_bench import CloudBench


async def test_a_log_begins_once(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    begin = {"kind": "bank", "bank": None, "vkey": "k", "now": cloud.clock.at}
    with cloud.tx.begin():
        store.create_log(cloud.tx, tenant, "o", **begin)  # type: ignore[arg-type]  # as declared
        with pytest.raises(Conflict):
            store.create_log(cloud.tx, tenant, "o", **begin)  # type: ignore[arg-type]  # as declared
        assert store.find_log(cloud.tx, tenant, "p") is None
        with pytest.raises(NotFound):
            store.get_log(cloud.tx, tenant, "p")


async def test_a_hash_that_is_gone_is_told(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    with cloud.tx.begin():
        origin = store.logs(cloud.tx, tenant)[0].origin
        hashes = store.rows(cloud.tx, tenant, origin)
        assert len(hashes.read_hashes([0])) == 1
        with pytest.raises(Unverified):
            hashes.read_hashes([0, 99])


async def test_state_and_check_are_kept(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    with cloud.tx.begin():
        origin = store.logs(cloud.tx, tenant)[0].origin
        store.note_check(cloud.tx, tenant, origin, now=cloud.clock.at, size=1, problem="gap at 3")
        store.set_state(cloud.tx, tenant, origin, "forked")
        found = store.get_log(cloud.tx, tenant, origin)
    assert (found.verified_at, found.verify_problem, found.state) == (
        cloud.clock.at,
        "gap at 3",
        "forked",
    )
