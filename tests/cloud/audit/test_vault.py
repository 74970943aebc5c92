from __future__ import annotations

import pytest

from bayward.cloud.audit import reader, vault, vault_store
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.people import store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Work
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Role
from bayward.ledger.leaf import Disclosure, open_leaf
from bayward.ledger.verify import verify_receipt
from cloud_bench import CloudBench, named, story


def forget(work: Work, tenant: TenantId, person: str) -> None:
    held = work.house.keyring.held(tenant, person)
    assert held is not None
    work.house.keyring.destroy(tenant, person, held.id, work.now)


async def person_named(cloud: CloudBench, name: str) -> PersonId:
    [row] = cloud.rows(s.tenant)[:1]
    found = await cloud.do(lambda work: store.search(work.tx, row.tenant, text=name, now=work.now))
    return found[0].person


async def test_no_disclosure_is_at_rest_in_plain_text(cloud: CloudBench) -> None:
    bank = await story(cloud)
    texts = [text for entry in bank.log.entries for text in entry.disclosures]
    assert len(texts) > 40
    stolen = cloud.dump()
    assert not [text for text in texts if text.encode() in stolen]
    assert not [text for text in texts if Disclosure.parse(text).salt.encode() in stolen]


async def test_every_field_comes_back_in_its_order(cloud: CloudBench) -> None:
    bank = await story(cloud)
    read = await cloud.do(reader.entries, bank.tenant, bank.log.signer.key.name, 0, 999)
    assert [list(entry.disclosures) for entry in read] == [
        [text for text in entry.disclosures if Disclosure.parse(text).name != "tag"]
        for entry in bank.log.entries
    ]


async def test_two_subjects_of_an_entry_are_under_two_keys(cloud: CloudBench) -> None:
    bank = await story(cloud)
    anne, carl = await person_named(cloud, "Anne"), await person_named(cloud, "Carl")
    wanted = Wanted(types=(EventType.PARCEL_DEPOSITED,))
    deposits = await cloud.do(audit.happenings, bank.tenant, wanted)
    place = deposits[0].place
    await cloud.do(forget, bank.tenant, anne)
    [half, _] = await cloud.do(audit.happenings, bank.tenant, wanted)
    assert (half.event.recipient, half.event.actor) == (ERASED, carl)
    assert half.event.carrier == "UPS"
    await cloud.do(forget, bank.tenant, carl)
    receipt = await cloud.do(audit.receipt, bank.tenant, place)
    verdict = verify_receipt(receipt.text, [bank.log.signer.key])
    assert verdict.ok
    assert {"type", "time", "compartment", "parcel"} <= set(verdict.fields)
    assert not {"actor", "recipient", "tracking"} & set(verdict.fields)


async def test_audit_12_a_row_that_was_moved_or_changed_opens_nothing(cloud: CloudBench) -> None:
    bank = await story(cloud)
    origin = bank.log.signer.key.name
    before = await cloud.do(reader.entries, bank.tenant, origin, 0, 3)
    with cloud.tx.begin():
        rows = vault_store.of_range(cloud.tx, bank.tenant, origin, 0, 3)
        table = s.disclosure.c
        first = (table.origin == origin) & (table.idx == 0)
        cloud.tx.execute(s.disclosure.delete().where(table.origin == origin, table.idx < 3))
        for row in rows:
            moved = {"tenant": row.tenant, "origin": row.origin, "ord": row.ord, "key": row.key}
            moved |= {"idx": (row.idx + 1) % 3, "period": row.period, "sealed": row.sealed}
            cloud.tx.execute(s.disclosure.insert().values(**moved))
        cloud.tx.execute(s.disclosure.update().where(first).values(key="key_unknown"))
    after = await cloud.do(reader.entries, bank.tenant, origin, 0, 3)
    assert [entry.leaf for entry in after] == [entry.leaf for entry in before]
    assert all(entry.disclosures == () for entry in after)
    for entry in before:
        assert open_leaf(entry.leaf, entry.disclosures)["time"]


async def test_a_stranger_a_bank_claims_gets_no_key(cloud: CloudBench) -> None:
    bank = await story(cloud)
    stranger = named(PersonId, 77)
    bank.record(EventType.COURIER_SIGNED_IN, actor=stranger, method="code")
    await bank.upload(cloud.ingest)
    ring = cloud.unit.house.keyring
    assert ring.held(bank.tenant, stranger) is None
    [last, *_] = await cloud.do(audit.happenings, bank.tenant, Wanted(bank=bank.id))
    assert last.event.actor == stranger


async def test_audit_13_what_a_bank_tells_later_of_the_erased_is_not_kept(
    cloud: CloudBench,
) -> None:
    bank = await story(cloud)
    carl = await person_named(cloud, "Carl")
    await cloud.do(forget, bank.tenant, carl)
    index = bank.log.size
    bank.record(EventType.COURIER_SIGNED_IN, actor=carl, method="code")
    await bank.upload(cloud.ingest)
    [entry] = await cloud.do(reader.entries, bank.tenant, bank.log.signer.key.name, index, 1)
    names = {Disclosure.parse(text).name for text in entry.disclosures}
    assert "actor" not in names
    assert "method" in names


async def test_a_month_can_be_forgotten_too(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    await cloud.person(tenant, "Anne", Role.RESIDENT)
    [head] = await cloud.do(audit.logs, tenant)

    def lose(work: Work) -> None:
        period = work.house.keyring.period(tenant, work.now, work.ids.random)
        work.house.keyring.destroy(tenant, "2027-01", period.id, work.now)

    await cloud.do(lose)
    entries = await cloud.do(reader.entries, tenant, head.origin, 0, 9)
    assert entries
    assert not any(entry.disclosures for entry in entries)
    told = await cloud.do(audit.happenings, tenant, Wanted())
    assert [one.event.type for one in told][-1] is EventType.TENANT_CREATED


@pytest.mark.parametrize("state", ["active", "erased"])
async def test_only_who_was_erased_is_not_written_of(cloud: CloudBench, state: str) -> None:
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    ring = cloud.unit.house.keyring
    held = ring.held(tenant, anne)
    assert held is not None
    ring._by_name.clear()
    ring._file._tx.execute("DELETE FROM key WHERE key = ?", [held.id])
    with cloud.tx.begin():
        cloud.tx.execute(s.person.update().values(state=state))
    told = {"type": "sign_in.succeeded", "actor": str(anne)}
    texts = [Disclosure("A" * 24, name, value).encode() for name, value in told.items()]
    rows = await cloud.do(vault.seal, tenant, Place("o", 0), told, texts)
    assert len(rows) == (2 if state == "active" else 1)


def test_an_event_says_what_was_erased() -> None:
    event = Event(type=EventType.COURIER_DISMISSED, time=1, actor=ERASED)  # type: ignore[arg-type]
    assert event.to_fields()["actor"] == ERASED
