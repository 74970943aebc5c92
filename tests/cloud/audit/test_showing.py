"""Real control planes against real banks that watch them: set back, in two copies, withholding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cloud_bench
from bayward.cloud.audit import beacons, contradictions, export
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.contradictions import Kind
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.core.clock import HOUR_MS, SECOND_MS, Instant
from bayward.core.errors import NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId
from bayward.edge.state_dir import StateDir
from bayward.edge.tenant_log import WITHHELD_MS, TenantWatch
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import parse_vkey
from bayward.ledger.sandwich import open_cosigned
from bayward.wire import tenant_log as rules
from bayward.wire.messages import TenantLog
from cloud_bench import BankTwin, CloudBench
from edge_bench import HandClock

_T = EventType


class Watching:
    """A bank that uploads, asks, judges and writes down what it doubts."""

    def __init__(self, bank: BankTwin, watch: TenantWatch) -> None:
        self.bank = bank
        self.watch = watch

    async def own(self, size: int) -> Checkpoint | None:
        log = self.bank.log
        if size > log.size:
            return None
        return Checkpoint(log.signer.key.name, size, tree_hash(size, log.tree))

    async def works(self, cloud: CloudBench) -> None:
        """Something happens; it is uploaded and asked about."""
        self.bank.record(_T.DOOR_OPENED, compartment=self.bank.door(1))
        await self.bank.upload(cloud.ingest)
        await self.asks(cloud)

    async def asks(self, cloud: CloudBench) -> TenantLog:
        seen = self.watch.checkpoint
        shown = await cloud.ingest.tenant_log(self.bank.device, 0 if seen is None else seen.size)
        await self.watch.judge(shown, self.bank.sent, self.own)
        return shown

    def doubts(self) -> Event | None:
        """What the clerk would write into the bank's log, and has written now."""
        event = self.watch.due(self.bank.bench.clock.now())
        if event is not None:
            self.watch.told()
            self.bank.log.add(**event.to_fields())  # type: ignore[arg-type]  # no field is called `with_letter`
        return event


async def watching(cloud: CloudBench, bank: BankTwin, folder: Path) -> Watching:
    vkey = await cloud.do(audit.vkey_of, bank.tenant)
    return Watching(bank, TenantWatch(vkey, StateDir(folder / str(bank.id)), HandClock()))


def set_back(bank: BankTwin, cloud: CloudBench, size: int) -> None:
    """What a bank does when it is welcomed by a control plane that has less of its log."""
    bank.bench, bank.sent = cloud, size


@pytest.fixture
def restored(cloud: CloudBench) -> Iterator[Callable[[], CloudBench]]:
    """The control plane as it is now, once more: a backup, or a second copy."""
    made: list[InlineStore] = []

    def copy() -> CloudBench:
        assert isinstance(cloud.store, InlineStore)
        made.append(InlineStore(cloud.store.serialize()))
        other = cloud_bench.make(made[-1])
        other.clock.at = cloud.clock.at
        return other

    yield copy
    for one in made:
        one.close()


@pytest.fixture
async def tenant(cloud: CloudBench) -> TenantId:
    return await cloud.tenant()


async def test_an_honest_control_plane_is_never_doubted(
    cloud: CloudBench, tenant: TenantId, tmp_path: Path
) -> None:
    banks = [
        await watching(cloud, await cloud.bank(tenant, number), tmp_path) for number in (1, 2, 3)
    ]
    for number in range(40):
        await banks[number % 3].works(cloud)
    for one in banks:
        assert one.doubts() is None
        assert one.watch.checkpoint is not None
        head = await cloud.do(audit.logs, tenant)
        assert one.watch.checkpoint.size <= head[0].size


async def test_audit_03_a_rolled_back_control_plane_is_found_and_told_to_staff(
    cloud: CloudBench,
    tenant: TenantId,
    tmp_path: Path,
    restored: Callable[[], CloudBench],
) -> None:
    one = await watching(cloud, await cloud.bank(tenant), tmp_path)
    await one.works(cloud)
    backup = restored()
    await one.works(cloud)
    await one.works(cloud)
    remembered = one.watch.checkpoint
    set_back(one.bank, backup, 1)
    await one.asks(backup)
    doubt = one.doubts()
    assert doubt is not None
    assert doubt.reason == rules.ROLLBACK
    await one.bank.upload(backup.ingest)  # it goes on, and nothing of it is rejected
    [found] = await backup.do(
        contradictions.of_bank, tenant, one.bank.id, Instant(0), are_ours=True
    )
    assert (found.kind, found.is_signed) == (Kind.OURS_ROLLBACK, True)
    assert found.accepted == remembered
    assert found.lost > 0
    [incident] = backup.rows(s.incident)
    assert (incident.kind, incident.severity) == (_T.TENANT_LOG_DOUBTED.value, "critical")
    assert await backup.do(contradictions.of_bank, tenant, one.bank.id, Instant(0)) == []
    begun = await backup.do(export.begin, tenant, one.bank.log.signer.key.name, one.bank.id)
    assert begun.header  # its log exports as before
    set_back(one.bank, cloud, 3)  # the newest database is brought back
    await one.bank.upload(cloud.ingest)
    await one.asks(cloud)
    assert one.watch.doubt is None


async def test_audit_04_a_restored_database_that_went_on_is_a_fork_with_both_signatures(
    cloud: CloudBench,
    tenant: TenantId,
    tmp_path: Path,
    restored: Callable[[], CloudBench],
) -> None:
    one = await watching(cloud, await cloud.bank(tenant), tmp_path)
    await one.works(cloud)
    backup = restored()
    await one.works(cloud)
    for number in range(9):
        await backup.tenant(50 + number)
        await backup.bank(tenant, 50 + number)
    set_back(one.bank, backup, 1)
    await one.bank.upload(backup.ingest)
    await one.asks(backup)
    doubt = one.doubts()
    assert doubt is not None
    assert doubt.reason == rules.FORK
    key = parse_vkey(await backup.do(audit.vkey_of, tenant))
    assert doubt.known is not None
    assert doubt.offered is not None
    known, offered = (open_checkpoint(one, key) for one in (doubt.known, doubt.offered))
    assert known.checkpoint.size <= offered.checkpoint.size


async def test_audit_05_two_trees_for_two_banks_are_found_when_one_is_shown_the_other(
    cloud: CloudBench,
    tenant: TenantId,
    tmp_path: Path,
    restored: Callable[[], CloudBench],
) -> None:
    first = await watching(cloud, await cloud.bank(tenant, 1), tmp_path)
    second = await watching(cloud, await cloud.bank(tenant, 2), tmp_path)
    await first.works(cloud)
    await second.works(cloud)
    other = restored()
    set_back(second.bank, other, second.bank.sent)
    for _ in range(3):
        await first.works(cloud)
        await second.works(other)
    # Each tree is whole, so neither bank can know: what both have written down can.
    assert (first.watch.doubt, second.watch.doubt) == (None, None)
    one, two = first.watch.checkpoint, second.watch.checkpoint
    assert one is not None
    assert two is not None
    assert (one.size, one.root != two.root) == (two.size, True)
    set_back(second.bank, cloud, 1)
    await second.asks(cloud)
    doubt = second.doubts()
    assert doubt is not None
    assert doubt.reason == rules.FORK


async def test_audit_09_an_acknowledgement_that_was_never_logged_is_found(
    cloud: CloudBench, tenant: TenantId, tmp_path: Path
) -> None:
    """It acknowledges, and leaves the entry out of the log it shows."""
    one = await watching(cloud, await cloud.bank(tenant), tmp_path)
    await one.works(cloud)
    one.bank.record(_T.DOOR_OPENED, compartment=one.bank.door(1))
    one.bank.sent += 1  # acknowledged, it was told
    await one.asks(cloud)
    assert one.watch.doubt is not None
    assert one.watch.doubt.reason == rules.NOT_IN_IT


async def test_audit_09_withholding_opens_an_incident_when_the_bank_can_tell_again(
    cloud: CloudBench, tenant: TenantId, tmp_path: Path
) -> None:
    one = await watching(cloud, await cloud.bank(tenant), tmp_path)
    await one.works(cloud)
    clock = one.watch._clock
    assert isinstance(clock, HandClock)
    for _ in range(WITHHELD_MS // (30 * SECOND_MS) + 2):
        one.watch.still_connected()
        clock.later(30 * SECOND_MS)
    doubt = one.doubts()
    assert doubt is not None
    await one.bank.upload(cloud.ingest)
    [found] = await cloud.do(contradictions.of_bank, tenant, one.bank.id, Instant(0), are_ours=True)
    assert (found.kind, found.offered) == (Kind.OURS_UNPROVEN, "")


async def test_a_bank_that_makes_doubts_up_proves_nothing_and_fills_nothing(
    cloud: CloudBench, tenant: TenantId
) -> None:
    bank = await cloud.bank(tenant)
    origin = await cloud.do(audit.origin_of, tenant)
    for number in range(contradictions.DOUBTS_MAX + 5):
        note = f"{origin}\n{number + 9}\n{'A' * 43}=\n\n— {origin} {'A' * 100}\n"
        bank.record(_T.TENANT_LOG_DOUBTED, origin=origin, reason=rules.ROLLBACK, known=note)
    bank.record(_T.TENANT_LOG_DOUBTED, origin="elsewhere", reason=rules.FORK, known="bent")
    bank.record(_T.TENANT_LOG_DOUBTED, origin=origin, reason="of its own", known="bent")
    bank.record(_T.TENANT_LOG_DOUBTED, origin=origin, reason=rules.FORK, known="bent")
    await bank.upload(cloud.ingest)
    rows = cloud.rows(s.fork_evidence)
    assert len(rows) == contradictions.DOUBTS_MAX
    found = await cloud.do(contradictions.of_bank, tenant, bank.id, Instant(0), are_ours=True)
    assert not any(one.is_signed for one in found)
    assert len(cloud.rows(s.incident)) == 1


async def test_a_quiet_log_is_cosigned_again_and_only_what_counts_is_kept(
    cloud: CloudBench, tenant: TenantId, tmp_path: Path
) -> None:
    one = await watching(cloud, await cloud.bank(tenant), tmp_path)
    await one.works(cloud)
    first = cloud.clock.at // SECOND_MS
    witness = [parse_vkey(vkey) for vkey in await cloud.do(beacons.vkeys)]
    asked, told = [], []
    for _ in range(24):
        cloud.clock.at = Instant(cloud.clock.at + HOUR_MS)
        shown = await one.asks(cloud)
        assert shown.cosigned is not None
        seen = open_cosigned(shown.cosigned, one.bank.log.signer.key, witness)
        assert (seen.checkpoint.size, seen.time) == (1, cloud.clock.at // SECOND_MS)
        asked.append(seen)
        told.append(shown.cosigned)
    rows = sorted(row.time for row in cloud.rows(s.cosignature))
    assert rows == [first, *(one.time for one in asked[-beacons.SPARE :])]
    for one_of in (asked[-1], asked[5]):  # the second was replaced long ago
        one.bank.record(
            _T.BEACON_SEEN,
            origin=one_of.checkpoint.origin,
            log_size=1,
            cosigned_at=one_of.time * SECOND_MS,
            detail=one_of.digest,
        )
    await one.bank.upload(cloud.ingest)
    assert [row.time for row in cloud.rows(s.beacon)] == [asked[-1].time]
    again = await one.asks(cloud)
    assert again.cosigned not in told, "it has grown"


async def test_who_has_no_part_in_it_is_shown_nothing_of_his(
    cloud: CloudBench, tenant: TenantId, tmp_path: Path
) -> None:
    one = await watching(cloud, await cloud.bank(tenant), tmp_path)
    await one.works(cloud)
    fresh = await cloud.bank(tenant, 2)
    shown = await cloud.ingest.tenant_log(fresh.device, 10**9)  # it remembers more than there is
    assert (shown.vouching, shown.cosigned, shown.consistency) == (None, None, [])
    foreign = await cloud.bank(await cloud.tenant(2), 3)
    device = type(foreign.device)(tenant, foreign.id, "pin")
    with pytest.raises(NotFound):
        await cloud.ingest.tenant_log(device, 0)
