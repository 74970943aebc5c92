from __future__ import annotations

import pytest

from bayward.cloud.audit import evidence_store as packs
from bayward.cloud.audit.evidence_store import Evidence
from bayward.core.clock import Instant
from bayward.core.errors import NotFound
from bayward.core.ids import PersonId, TenantId
from cloud_bench import CloudBench, story


def asked(tenant: TenantId, name: str, at: int) -> Evidence:
    return Evidence(
        tenant=tenant, name=name, person=PersonId("prs_x"), asked_at=Instant(at), origin="o",
        first=1, until=4, size=9, note="n", asked_index=3, hidden=frozenset({"actor"}),
    )  # fmt: skip


async def test_what_is_kept_reads_back_and_moves_on(cloud: CloudBench) -> None:
    tenant, other = await cloud.tenant(), await cloud.tenant(2)
    first, second = asked(tenant, "evidence-1", 1), asked(tenant, "evidence-2", 2)
    for one in (first, second):
        packs.insert(cloud.tx, one)
    assert packs.get(cloud.tx, tenant, "evidence-1") == first
    assert packs.listed(cloud.tx, tenant) == [second, first]
    assert packs.listed(cloud.tx, other) == []
    packs.update(cloud.tx, tenant, "evidence-1", state="ready", done=3, stamp=b"x")
    found = packs.get(cloud.tx, tenant, "evidence-1")
    assert (found.state, found.done, found.stamp) == ("ready", 3, b"x")
    with pytest.raises(NotFound):
        packs.get(cloud.tx, other, "evidence-1")


async def test_bounds_of_a_time_and_records_of_checkpoints(cloud: CloudBench) -> None:
    bank = await story(cloud)
    origin = bank.log.signer.key.name
    everything = packs.bounds(cloud.tx, bank.tenant, origin, Instant(0), Instant(2**50))
    assert everything is not None
    assert everything[0] == 0
    assert packs.bounds(cloud.tx, bank.tenant, origin, Instant(1), Instant(2)) is None
    parent = f"lockers.example.com/tenant/{bank.tenant}"
    assert packs.records_of_checkpoints(cloud.tx, bank.tenant, parent, bank.id)
    assert packs.records_of_checkpoints(cloud.tx, bank.tenant, parent, "bank_none") == []
