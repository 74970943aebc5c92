from __future__ import annotations

from bayward.cloud.audit import reader, vault_store
from bayward.cloud.audit.store import Wanted
from bayward.cloud.unit import Work
from bayward.core.events import ERASED, FIELDS, NUMBERS, EventType
from cloud_bench import CloudBench, story


async def test_what_happened_is_what_was_told(cloud: CloudBench) -> None:
    bank = await story(cloud)
    read = await cloud.do(reader.happenings, bank.tenant, Wanted(), before=None, count=200)
    assert len(read) == len(cloud.told)
    told = [event.to_fields() for _, event in cloud.told]
    for fields, one in zip(told, reversed(read), strict=True):
        assert fields.items() <= one.event.to_fields().items()


async def test_without_its_disclosures_an_event_still_stands_where_it_stood(
    cloud: CloudBench,
) -> None:
    bank = await story(cloud)

    def lose(work: Work) -> None:
        work.tx.exec_driver_sql("DELETE FROM disclosure")
        assert vault_store.of_range(work.tx, bank.tenant, bank.log.signer.key.name, 0, 99) == []

    before = await cloud.do(reader.happenings, bank.tenant, Wanted(), before=None, count=200)
    await cloud.do(lose)
    after = await cloud.do(reader.happenings, bank.tenant, Wanted(), before=None, count=200)
    assert [one.event.type for one in after] == [one.event.type for one in before]
    for one in after:
        fields = one.event.to_fields()
        for name in FIELDS[one.event.type]:
            is_found_by = name in {"bank", "compartment", "parcel", "incident", "command"}
            if not is_found_by and name not in {"actor", "subject"}:
                assert fields[name] == (0 if name in NUMBERS else ERASED)


async def test_entries_come_in_ranges(cloud: CloudBench) -> None:
    bank = await story(cloud)
    origin = bank.log.signer.key.name
    assert await cloud.do(reader.entries, bank.tenant, origin, 999, 5) == []
    found = await cloud.do(reader.entries, bank.tenant, origin, 2, 2)
    assert [one.index for one in found] == [2, 3]
    assert EventType.DOOR_OPENED.value not in str(found)
