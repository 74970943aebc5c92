from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.audit import reader, store
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import ParcelId, TenantId
from bayward.core.roles import Role
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import Unverified
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import Disclosure
from bayward.ledger.log import plan_append
from bayward.ledger.receipt import parse_receipt
from bayward.ledger.verify import verify_receipt
from cloud_bench import HOUSE, CloudBench, keys, named, story


def refused(cloud: CloudBench) -> Event:
    return Event(type=EventType.SIGN_IN_REFUSED, time=cloud.clock.at, method="code", reason="x")


async def note(cloud: CloudBench, tenant: TenantId, times: int = 1) -> None:
    for _ in range(times):
        await cloud.unit.write(lambda work: work.emit(refused(cloud), tenant=tenant))


def tenant_key(tenant: TenantId) -> VerifierKey:
    return keys().log_signer(f"{HOUSE}/tenant/{tenant}").key


async def test_each_event_is_an_entry_under_a_signed_checkpoint(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    for size in range(1, 6):
        [head] = await cloud.do(audit.logs, tenant)
        assert (head.origin, head.size) == (f"{HOUSE}/tenant/{tenant}", size)
        place = Place(head.origin, size - 1)
        receipt = await cloud.do(audit.receipt, tenant, place)
        verdict = verify_receipt(receipt.text, [tenant_key(tenant)])
        assert verdict.ok
        assert verdict.size == size
        await note(cloud, tenant)


async def test_tenants_have_logs_of_their_own(cloud: CloudBench) -> None:
    one, two = await cloud.tenant(1), await cloud.tenant(2)
    await note(cloud, two, 3)
    sizes = [(await cloud.do(audit.logs, tenant))[0].size for tenant in (one, two)]
    assert sizes == [1, 4]


async def test_identity_62_logs_of_another_tenant_are_not_found(cloud: CloudBench) -> None:
    one, two = await cloud.tenant(1), await cloud.tenant(2)
    [head] = await cloud.do(audit.logs, one)
    for place in (Place(head.origin, 0), Place("nowhere", 0)):
        with pytest.raises(NotFound):
            await cloud.do(audit.receipt, two, place)
    assert await cloud.do(audit.happenings, two, Wanted(origin=head.origin)) == []


async def test_a_receipt_shows_the_deposit_then_the_collection(cloud: CloudBench) -> None:
    bank = await story(cloud)
    receipt = await cloud.do(audit.parcel_receipt, bank.tenant, named(ParcelId, 1))
    verdict = verify_receipt(receipt.text, [bank.log.signer.key])
    assert verdict.ok
    assert verdict.fields["type"] == "parcel.collected"
    other = await cloud.do(audit.parcel_receipt, bank.tenant, named(ParcelId, 2))
    assert verify_receipt(other.text).fields["type"] == "parcel.deposited"
    with pytest.raises(NotFound):
        await cloud.do(audit.parcel_receipt, bank.tenant, named(ParcelId, 3))


async def test_a_receipt_can_leave_fields_out(cloud: CloudBench) -> None:
    bank = await story(cloud)
    [found] = await cloud.do(
        audit.happenings, bank.tenant, Wanted(types=(EventType.PARCEL_COLLECTED,))
    )
    shown = frozenset({"type", "parcel"})
    receipt = await cloud.do(audit.receipt, bank.tenant, found.place, shown)
    fields = verify_receipt(receipt.text).fields
    assert set(fields) == shown
    assert fields["parcel"] == named(ParcelId, 1)


async def test_an_entry_that_is_not_there_has_no_receipt(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    [head] = await cloud.do(audit.logs, tenant)
    with pytest.raises(NotFound):
        await cloud.do(audit.receipt, tenant, Place(head.origin, 7))


async def test_happenings_are_listed_by_what_they_are_about(cloud: CloudBench) -> None:
    bank = await story(cloud)
    parcel = await cloud.do(audit.happenings, bank.tenant, Wanted(parcel=named(ParcelId, 1)))
    assert [one.event.type.value for one in parcel] == [
        "parcel.collected", "grant.issued", "parcel.deposited", "compartment.reserved",
    ]  # fmt: skip
    assert all(one.event.bank == bank.id for one in parcel)
    page = await cloud.do(audit.happenings, bank.tenant, Wanted(bank=bank.id), count=2)
    rest = await cloud.do(
        audit.happenings, bank.tenant, Wanted(bank=bank.id), before=page[-1].seq, count=99
    )
    whole = await cloud.do(audit.happenings, bank.tenant, Wanted(bank=bank.id), count=99)
    assert page + rest == whole


async def test_local_fields_are_in_no_entry(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    event = Event(
        type=EventType.GRANT_REVOKED, time=cloud.clock.at, grant="g", reason="r", tag="secret-tag"
    )
    await cloud.unit.write(lambda work: audit.append(work, tenant, event.public(), None))
    await cloud.unit.write(lambda work: audit.append(work, tenant, event, None))
    assert b"secret-tag" not in b"".join(row.entries for row in cloud.rows(s.log_segment))
    [head] = await cloud.do(audit.logs, tenant)
    entries = await cloud.do(reader.entries, tenant, head.origin, 0, 9)
    names = [Disclosure.parse(one).name for entry in entries for one in entry.disclosures]
    assert "reason" in names
    assert "tag" not in names


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE log SET root = zeroblob(32)",
        "UPDATE log SET note = replace(note, 'lockers', 'others')",
        "UPDATE log SET size = size - 1",
        "DROP TRIGGER log_hash_run_no_delete; DELETE FROM log_hash_run WHERE place = 0",
        "DROP TRIGGER log_hash_run_no_update; UPDATE log_hash_run SET run = zeroblob(32)",
    ],
)
async def test_audit_01_nothing_is_signed_on_top_of_a_touched_log(
    cloud: CloudBench, attack: str
) -> None:
    tenant = await cloud.tenant()
    if attack.endswith("size - 1"):
        with pytest.raises(sa.exc.IntegrityError, match="never goes back"), cloud.tx.begin():
            cloud.tx.exec_driver_sql(attack)
        attack = f"DROP TRIGGER log_forward; {attack}"
    with cloud.tx.begin():
        for statement in attack.split(";"):
            cloud.tx.exec_driver_sql(statement)
    if "root" in attack:  # the note still tells the truth, and it is what is signed on
        await note(cloud, tenant)
        return
    with pytest.raises((Unverified, Conflict, sa.exc.IntegrityError)):
        await note(cloud, tenant)


async def test_audit_11_two_writers_at_once_are_fenced(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()

    def twice(work: object) -> None:
        assert hasattr(work, "tx")
        head = store.get_log(work.tx, tenant, f"{HOUSE}/tenant/{tenant}")
        stale = plan_append(Frontier(), [b"another first entry"])
        store.grow(work.tx, tenant, head.origin, stale, note=head.note, now=cloud.clock.at)

    with pytest.raises(Conflict) as caught:
        await cloud.unit.write(twice)
    assert caught.value.code == "log.moved"


async def test_a_receipt_reads_back(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    await cloud.person(tenant, "Ada", Role.ADMIN)
    [head] = await cloud.do(audit.logs, tenant)
    receipt = await cloud.do(audit.receipt, tenant, Place(head.origin, 1))
    assert parse_receipt(receipt.text) == receipt
