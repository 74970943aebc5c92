from __future__ import annotations

from bayward.cloud.notify import store
from bayward.cloud.notify.store import Channel, Letter, State, Wanted
from bayward.cloud.unit import Work
from bayward.core.ids import GrantId
from cloud_bench import BankTwin, CloudBench, named
from notify_bench import deliveries

GRANT = named(GrantId, 1)


async def test_deliveries_are_listed_by_what_is_wanted_and_page_by_page(
    cloud: CloudBench, deposited: BankTwin
) -> None:
    deposited.collect(1)
    cloud.wait(10)
    await deposited.upload(cloud.ingest)
    newest, oldest = await deliveries(cloud, deposited)
    assert (newest.kind, oldest.kind) == ("collected", "parcel_ready")

    def look(work: Work) -> None:
        def ids(wanted: Wanted, **page: object) -> list[str]:
            asked = {"before": None, "count": 9} | page
            found = store.deliveries(work.tx, deposited.tenant, wanted, **asked)  # type: ignore[arg-type]  # as named
            return [one.id for one in found]

        assert ids(Wanted(), count=1) == [newest.id]
        assert ids(Wanted(), before=(newest.created_at, newest.id)) == [oldest.id]
        assert ids(Wanted(states=(State.EXPIRED,))) == [oldest.id]
        assert ids(Wanted(subject=GRANT, channel=Channel.EMAIL)) == [newest.id, oldest.id]
        assert ids(Wanted(webhook="whk_1", channel=Channel.WEBHOOK)) == []
        assert store.count(work.tx, deposited.tenant, Wanted(subject=GRANT)) == 2
        live = store.live_about(work.tx, deposited.tenant, GRANT)
        assert [one.id for one in live] == [newest.id]

    await cloud.unit.read(look)


async def test_a_letter_is_kept_once_and_forgotten_for_good(
    cloud: CloudBench, bank: BankTwin
) -> None:
    letter = Letter("origin#1", bank.id, "pickup", GRANT, b"sealed for the notifier")

    def keep(work: Work) -> None:
        assert store.insert_letter(work.tx, bank.tenant, letter, work.now)
        assert not store.insert_letter(work.tx, bank.tenant, letter, work.now)
        assert store.find_letter(work.tx, bank.tenant, letter.id) == letter

    await cloud.unit.write(keep)
    assert letter.sealed in cloud.dump()
    other = await cloud.bank(bank.tenant, 2)

    def forget(work: Work) -> list[int]:
        return [
            store.delete_letters_about(work.tx, bank.tenant, who, GRANT)
            for who in (other.id, bank.id)
        ]

    assert await cloud.unit.write(forget) == [0, 1]
    assert letter.sealed not in cloud.dump()
