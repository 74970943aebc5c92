from __future__ import annotations

import hashlib

import pytest

from bayward.cloud.audit import beacon_store, beacons
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import Wanted
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS, HOUR_MS, SECOND_MS, Instant
from bayward.core.events import EventType
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.keys import parse_vkey
from bayward.ledger.sandwich import Bounds, open_cosigned
from cloud_bench import BankTwin, CloudBench

_T = EventType


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


def opened(bank: BankTwin, boot: int | None = None) -> None:
    more = {} if boot is None else {"boot": boot}
    bank.record(_T.DOOR_OPENED, compartment=bank.door(1), **more)


async def beacon(bank: BankTwin, **changes: str | int) -> None:
    """What `edge.beacons` writes of the last acknowledgement."""
    assert bank.told is not None
    assert bank.told.cosigned is not None
    key = bank.log.signer.key
    witness = parse_vkey((await bank.bench.do(beacons.vkeys))[0])
    seen = open_cosigned(bank.told.cosigned, key, [witness])
    told: dict[str, str | int] = {
        "boot": 1,
        "origin": key.name,
        "log_size": seen.checkpoint.size,
        "cosigned_at": seen.time * SECOND_MS,
        "detail": seen.digest,
    }
    bank.record(_T.BEACON_SEEN, **{**told, **changes})


async def told(cloud: CloudBench, bank: BankTwin) -> list[Happened]:
    """The bank's entries, oldest first."""
    wanted = Wanted(origin=bank.log.signer.key.name)
    return (await cloud.do(audit.happenings, bank.tenant, wanted, count=99))[::-1]


async def test_an_acknowledgement_carries_a_cosignature_that_is_kept_with_the_log(
    cloud: CloudBench, bank: BankTwin
) -> None:
    opened(bank)
    await bank.upload(cloud.ingest)
    told = bank.told
    assert told is not None
    assert told.cosigned is not None
    [vkey] = await cloud.do(beacons.vkeys)
    seen = open_cosigned(told.cosigned, bank.log.signer.key, [parse_vkey(vkey)])
    assert (seen.checkpoint.size, seen.time) == (1, cloud.clock.at // SECOND_MS)
    assert seen.witness == f"{cloud.unit.house.name}/witness"
    [row] = cloud.rows(s.cosignature)
    assert (row.note, row.time, row.size) == (told.cosigned, seen.time, 1)
    # and a checkpoint of the tenant's log that covers the entry which says what was accepted
    [accepted] = await cloud.do(
        audit.happenings, bank.tenant, Wanted(types=(_T.BANK_LOG_ACCEPTED,)), count=9
    )
    assert told.witness_note is not None
    own = cloud.unit.house.keys.log_signer(accepted.place.origin).key
    assert open_checkpoint(told.witness_note, own).checkpoint.size == accepted.place.index + 1


async def test_a_replay_is_told_the_same_cosignature_and_hello_too(
    cloud: CloudBench, bank: BankTwin
) -> None:
    opened(bank)
    await bank.upload(cloud.ingest)
    first = bank.told
    assert first is not None
    cloud.clock.at = Instant(cloud.clock.at + HOUR_MS)
    bank.sent = 0
    await bank.upload(cloud.ingest)
    assert bank.told is not None
    assert bank.told.cosigned == first.cosigned
    welcome = await cloud.ingest.hello(bank.device, bank.hello)
    assert welcome.cosigned == first.cosigned


async def test_every_event_lies_between_two_times_from_outside(
    cloud: CloudBench, bank: BankTwin
) -> None:
    start = cloud.clock.at // SECOND_MS * SECOND_MS
    opened(bank)
    await bank.upload(cloud.ingest)
    cloud.clock.at = Instant(start + HOUR_MS)
    await beacon(bank)
    opened(bank)
    await bank.upload(cloud.ingest)
    one, two, three = await told(cloud, bank)
    assert one.bounds == Bounds(None, start + 999)
    assert two.bounds == three.bounds == Bounds(start, start + HOUR_MS + 999)
    assert not any(one.is_time_suspect for one in (one, two, three))


@pytest.mark.parametrize(
    ("wrong_ms", "is_suspect"),
    [
        (-2 * HOUR_MS, True),  # set back behind the beacon above
        (HOUR_MS, True),  # set forward beyond the cosignature
        (-1_800_000_000_000, True),  # a clock that began in 1970
        (-SECOND_MS, False),  # a leap second
        (0, False),
    ],
)
async def test_audit_10_a_clock_that_contradicts_what_is_proven_is_flagged_and_not_rejected(
    cloud: CloudBench, bank: BankTwin, wrong_ms: int, is_suspect: bool
) -> None:
    opened(bank)
    await bank.upload(cloud.ingest)
    await beacon(bank)
    right = cloud.clock.at = Instant(cloud.clock.at + HOUR_MS)
    cloud.clock.at = Instant(right + wrong_ms)  # the bank's clock, as it writes
    opened(bank)
    cloud.clock.at = right  # ours, as we take it in
    assert await bank.upload(cloud.ingest) == 3
    *_, last = await told(cloud, bank)
    assert last.is_time_suspect is is_suspect


async def test_audit_10_without_beacons_there_is_only_an_upper_bound(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """A bank that was never told of a cosignature, or wrote none: said as it is."""
    for _ in range(3):
        opened(bank)
        await bank.upload(cloud.ingest)
        cloud.clock.at = Instant(cloud.clock.at + HOUR_MS)
    assert {one.bounds.not_before for one in await told(cloud, bank)} == {None}
    assert len({one.bounds.not_after for one in await told(cloud, bank)}) == 3


async def test_audit_10_an_entry_without_a_young_beacon_says_so(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """A beacon, an event soon after, and one after a day with the cable cut."""
    opened(bank, boot=1)
    await bank.upload(cloud.ingest)
    await beacon(bank)
    opened(bank, boot=1)
    cloud.clock.at = Instant(cloud.clock.at + DAY_MS)
    opened(bank, boot=1)
    await bank.upload(cloud.ingest)
    first, *soon, late = await told(cloud, bank)
    assert [one.is_beacon_missing for one in (first, *soon, late)] == [True, False, False, True]
    wanted = Wanted(types=(_T.BANK_LOG_ACCEPTED,))
    ours = await cloud.do(audit.happenings, bank.tenant, wanted, count=9)
    assert not any(one.is_beacon_missing for one in ours)  # our own clock is another matter


@pytest.mark.parametrize(
    "lie",
    [
        {"detail": hashlib.sha256(b"another note").hexdigest()},
        {"cosigned_at": 9_999_999_999_000},  # a time in the future, to make others look old
        {"log_size": 0},
        {"origin": "example.com/bank/other/1"},
    ],
)
async def test_audit_10_a_beacon_that_is_none_of_ours_proves_no_time(
    cloud: CloudBench, bank: BankTwin, lie: dict[str, str | int]
) -> None:
    opened(bank)
    await bank.upload(cloud.ingest)
    await beacon(bank, **lie)
    assert await bank.upload(cloud.ingest) == 2
    assert [one.bounds.not_before for one in await told(cloud, bank)] == [None, None]
    assert not cloud.rows(s.beacon)


async def test_the_first_cosignature_of_a_size_is_the_one_that_counts(
    cloud: CloudBench, bank: BankTwin
) -> None:
    opened(bank)
    await bank.upload(cloud.ingest)
    origin = bank.log.signer.key.name
    [kept] = await cloud.do(lambda work: beacon_store.find(work.tx, bank.tenant, origin, 1))
    witness = parse_vkey((await cloud.do(beacons.vkeys))[0])
    again = open_cosigned(kept.note, bank.log.signer.key, [witness])
    await cloud.unit.write(lambda work: beacon_store.insert(work.tx, bank.tenant, again))
    assert len(cloud.rows(s.cosignature)) == 1
    assert await cloud.do(beacons.newest, bank.tenant, "no/log") is None
