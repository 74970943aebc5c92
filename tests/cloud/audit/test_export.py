from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.audit import export
from bayward.cloud.audit import service as audit
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.log_store.segment import split_loosely
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import EventType
from bayward.core.ids import PersonId, TenantId
from bayward.ledger.tiles import encode_bundle
from bayward.ledger.verdict import Fault
from bayward.ledger.verify import verify_log
from cloud_bench import BankTwin, CloudBench, keys, named, story

ACTOR = PersonId(named(PersonId, 9))


async def lines(
    cloud: CloudBench, tenant: TenantId, origin: str, hidden: frozenset[str] = frozenset()
) -> list[bytes]:
    begun = await cloud.do(export.begin, tenant, origin, ACTOR)
    told = [begun.header]
    while page := await cloud.do(export.page, tenant, begun, len(told) - 1, hidden):
        told += page
    return told


def break_leaf(cloud: CloudBench, origin: str) -> None:
    """Change entry 2 where it lies."""
    cloud.tx.exec_driver_sql("DROP TRIGGER log_segment_no_update")
    table, at = s.log_segment.c, 2
    mine = (table.origin == origin) & (table.first <= at) & (table.first + table.count > at)
    row = cloud.tx.execute(sa.select(s.log_segment).where(mine)).one()
    leaves = list(split_loosely(row.entries))
    leaves[at - row.first] = leaves[at - row.first].replace(b"}", b" }")
    changed = s.log_segment.update().where(mine).values(entries=encode_bundle(leaves))
    cloud.tx.execute(changed)


async def test_an_export_of_each_log_verifies_without_us(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ENTRIES", 3)
    bank = await story(cloud)
    heads = await cloud.do(audit.logs, bank.tenant)
    assert [head.kind for head in heads] == ["tenant", "bank"]
    trusted = [keys().log_signer(heads[0].origin).key, bank.log.signer.key]
    for head in heads:
        told = await lines(cloud, bank.tenant, head.origin)
        verdict = verify_log(told, trusted)
        assert verdict.ok, verdict.findings
        assert verdict.entries == len(told) - 1 >= head.size
    exported = cloud.events(EventType.LOG_EXPORTED)
    assert [(one.actor, one.origin) for one in exported] == [(ACTOR, head.origin) for head in heads]


async def test_hidden_fields_are_left_out_and_it_still_verifies(cloud: CloudBench) -> None:
    bank = await story(cloud)
    origin = bank.log.signer.key.name
    plain, hidden = [
        await lines(cloud, bank.tenant, origin, names)
        for names in (frozenset[str](), frozenset({"recipient"}))
    ]
    assert sum(map(len, hidden)) < sum(map(len, plain))
    assert verify_log(hidden, [bank.log.signer.key]).ok


async def test_identity_62_an_export_of_another_tenants_log_is_not_found(
    cloud: CloudBench,
) -> None:
    bank = await story(cloud)
    other = await cloud.tenant(2)
    with pytest.raises(NotFound):
        await cloud.do(export.begin, other, bank.log.signer.key.name, ACTOR)
    with pytest.raises(NotFound):
        await cloud.do(export.verify, other, bank.log.signer.key.name)


async def test_an_empty_log_cannot_be_exported(cloud: CloudBench) -> None:
    bank: BankTwin = await cloud.bank(await cloud.tenant())
    with pytest.raises(Conflict) as caught:
        await cloud.do(export.begin, bank.tenant, bank.log.signer.key.name, ACTOR)
    assert caught.value.code == "log.empty"


async def test_verifying_says_what_is_wrong_and_it_is_remembered(cloud: CloudBench) -> None:
    bank = await story(cloud)
    origin = (await cloud.do(audit.logs, bank.tenant))[0].origin
    verdict = await cloud.unit.read(lambda work: export.verify(work, bank.tenant, origin))
    assert verdict.ok
    await cloud.do(export.note_verdict, bank.tenant, origin, verdict)
    [good, _] = await cloud.do(audit.logs, bank.tenant)
    assert (good.verified_at, good.verify_problem) == (cloud.clock.at, None)
    with cloud.tx.begin():
        break_leaf(cloud, origin)
    verdict = await cloud.unit.read(lambda work: export.verify(work, bank.tenant, origin))
    assert (Fault.BODY_MISMATCH, 2) in {(one.fault, one.at) for one in verdict.findings}
    await cloud.do(export.note_verdict, bank.tenant, origin, verdict)
    [bad, _] = await cloud.do(audit.logs, bank.tenant)
    assert bad.verify_problem is not None
    assert "at 2" in bad.verify_problem


async def test_a_key_swapped_in_the_database_does_not_vouch_for_itself(
    cloud: CloudBench,
) -> None:
    bank = await story(cloud)
    origin = (await cloud.do(audit.logs, bank.tenant))[0].origin
    swapped = bank.log.signer.key.vkey
    with cloud.tx.begin():
        cloud.tx.exec_driver_sql("UPDATE log SET vkey = ? WHERE kind = 'tenant'", (swapped,))
    verdict = await cloud.unit.read(lambda work: export.verify(work, bank.tenant, origin))
    assert not verdict.ok
