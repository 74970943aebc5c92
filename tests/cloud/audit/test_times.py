from __future__ import annotations

import csv
import hashlib
import io
import json

import pytest

from bayward.cloud.audit import beacons, times
from bayward.core.clock import HOUR_MS, SECOND_MS, Instant
from bayward.core.events import EventType
from bayward.ledger.keys import parse_vkey
from bayward.ledger.leaf import open_leaf
from bayward.ledger.sandwich import open_cosigned
from cloud_bench import BankTwin, CloudBench

_T = EventType


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


async def files(cloud: CloudBench, bank: BankTwin) -> dict[str, bytes]:
    shown = [
        (index, open_leaf(one.leaf.encode(), one.disclosures))
        for index, one in enumerate(bank.log.entries)
    ]
    origin = bank.log.signer.key.name
    return await cloud.do(times.files, bank.tenant, origin, shown, size=bank.log.size)


async def test_audit_10_a_stranger_can_do_the_sum_again(cloud: CloudBench, bank: BankTwin) -> None:
    """From the files alone: the beacon's hash is that of a note its witness signed at that time."""
    start = cloud.clock.at
    bank.record(_T.DOOR_OPENED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    assert bank.told is not None
    assert bank.told.cosigned is not None
    bank.record(
        _T.BEACON_SEEN,
        origin=bank.log.signer.key.name,
        log_size=1,
        cosigned_at=start // SECOND_MS * SECOND_MS,
        detail=hashlib.sha256(bank.told.cosigned.encode()).hexdigest(),
    )
    cloud.clock.at = Instant(start + HOUR_MS)
    bank.record(_T.DOOR_OPENED, compartment=bank.door(2))
    await bank.upload(cloud.ingest)
    made = await files(cloud, bank)
    rows = list(csv.DictReader(io.StringIO(made[times.TIMES].decode(), newline="")))
    notes = [json.loads(line) for line in made[times.COSIGNATURES].splitlines()]

    witness = parse_vkey((await cloud.do(beacons.vkeys))[0])
    seen = [open_cosigned(one["note"], bank.log.signer.key, [witness]) for one in notes]
    held = open_leaf(bank.log.entries[1].leaf.encode(), bank.log.entries[1].disclosures)["detail"]
    [below] = [one for one in seen if one.digest == held]
    [above] = [one for one in seen if one.checkpoint.size == 3]
    assert int(rows[2]["not_before"]) == below.time * SECOND_MS
    assert int(rows[2]["not_after"]) == above.time * SECOND_MS + 999
    assert [row["suspect"] for row in rows] == ["", "", ""]
    assert rows[0]["not_before"] == ""


async def test_audit_10_a_suspect_time_is_called_so_and_a_hidden_one_unknown(
    cloud: CloudBench, bank: BankTwin
) -> None:
    right = cloud.clock.at
    cloud.clock.at = Instant(right + HOUR_MS)
    bank.record(_T.DOOR_OPENED, compartment=bank.door(1))
    cloud.clock.at = right
    await bank.upload(cloud.ingest)
    made = await files(cloud, bank)
    assert made[times.TIMES].decode().rstrip().endswith(",time.suspect")
    origin = bank.log.signer.key.name
    hidden = await cloud.do(times.files, bank.tenant, origin, [(0, {})], size=1)
    assert hidden[times.TIMES].decode().rstrip().endswith(",unknown")


async def test_audit_10_a_counter_that_was_reset_without_a_new_start_is_suspect(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """The monotonic counter orders events within one start; backwards, it is not one recorder."""
    for boot, mono in ((1, 10), (1, 20), (1, 5), (2, 0), (1, 30)):
        now = cloud.clock.at
        bank.log.add(type="door.opened", time=now, boot=boot, mono=mono, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    made = await files(cloud, bank)
    rows = list(csv.DictReader(io.StringIO(made[times.TIMES].decode(), newline="")))
    assert [row["suspect"] for row in rows] == ["", "", "time.suspect", "", "time.suspect"]
