"""What one unit of work logs is one segment, and whoever reads it meanwhile reads it whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bayward.cloud.audit import appending, export, mirror, reader, static, store
from bayward.cloud.audit import service as audit
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Conflict
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId
from bayward.ledger.tiles import decode_bundle
from bayward.ledger.verify import verify_receipt
from cloud_bench import HOUSE, CloudBench, story


def emit(work: Work, tenant: TenantId, times: int) -> None:
    for number in range(times):
        event = Event(
            type=EventType.SIGN_IN_REFUSED, time=work.now, method="code", reason=f"{number}"
        )
        work.emit(event, tenant=tenant)


def segments(cloud: CloudBench, origin: str) -> list[tuple[int, int]]:
    rows = cloud.rows(s.log_segment)
    at, count = s.log_segment.c.first, s.log_segment.c.count
    found = (row._mapping for row in rows if row.origin == origin)
    return sorted((one[at], one[count]) for one in found)


async def test_events_of_one_request_are_one_segment(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    await cloud.do(emit, tenant, 5)
    await cloud.do(emit, tenant, 1)
    origin = f"{HOUSE}/tenant/{tenant}"
    assert segments(cloud, origin) == [(0, 1), (1, 5), (6, 1)]
    assert (await cloud.do(export.verify, tenant, origin)).ok
    for index in range(7):
        receipt = await cloud.do(audit.receipt, tenant, Place(origin, index))
        assert verify_receipt(receipt.text).ok


async def test_an_upload_is_one_segment_and_one_of_what_follows(cloud: CloudBench) -> None:
    bank = await story(cloud)
    name = bank.log.signer.key.name
    assert segments(cloud, name) == [(0, bank.log.size)]
    own = segments(cloud, f"{HOUSE}/tenant/{bank.tenant}")
    assert own[-1][1] > 1, "the checkpoint that was accepted, and an incident"


async def test_a_log_can_be_read_in_the_middle_of_the_work(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    origin = f"{HOUSE}/tenant/{tenant}"

    def busy(work: Work) -> None:
        for size, look in enumerate(LOOKS, start=2):
            emit(work, tenant, 1)
            assert look(work, tenant, origin) == size, look
        emit(work, tenant, 2)

    await cloud.unit.write(busy)
    assert (await cloud.do(reader.head, tenant, origin)).size == 1 + len(LOOKS) + 2
    assert (await cloud.do(export.verify, tenant, origin)).ok


def note_size(note: str | None) -> int:
    return int((note or "").split("\n")[1])


def served_size(work: Work, tenant: TenantId, origin: str) -> int:
    return note_size(static.read(work, tenant, origin, "checkpoint").body.decode())


def listed_size(work: Work, tenant: TenantId, origin: str) -> int:
    [head] = [one for one in reader.heads(work, tenant) if one.origin == origin]
    return head.size


LOOKS: tuple[Callable[[Work, TenantId, str], int], ...] = (
    lambda work, tenant, origin: reader.head(work, tenant, origin).size,
    listed_size,
    lambda work, tenant, origin: len(reader.entries(work, tenant, origin, 0, 99)),
    lambda work, tenant, origin: export.verify(work, tenant, origin).entries,
    lambda work, tenant, origin: note_size(mirror.newest_note(work, tenant, origin)),
    served_size,
    lambda work, tenant, origin: audit.receipt(work, tenant, Place(origin, 7)).proof.index + 1,
)


async def test_a_bundle_is_cut_out_of_segments(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()
    for size in (3, 1, 300, 2):
        await cloud.do(emit, tenant, size)
    origin = f"{HOUSE}/tenant/{tenant}"
    every = [one.leaf for one in await cloud.do(reader.entries, tenant, origin, 0, 999)]
    assert len(every) == 307
    for path, first, width in (
        ("tile/entries/000", 0, 256),
        ("tile/entries/001.p/51", 256, 51),
        ("tile/entries/001.p/7", 256, 7),
        ("tile/entries/000.p/2", 0, 2),
    ):
        served = await cloud.do(static.read, tenant, origin, path)
        assert decode_bundle(served.body, width) == every[first : first + width]


async def test_a_segment_has_a_bound(cloud: CloudBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "BATCH_MAX", 4)
    tenant = await cloud.tenant()
    await cloud.do(emit, tenant, 10)
    assert segments(cloud, f"{HOUSE}/tenant/{tenant}") == [(0, 1), (1, 4), (5, 4), (9, 2)]


async def test_what_fails_leaves_nothing(cloud: CloudBench) -> None:
    tenant = await cloud.tenant()

    def fail(work: Work) -> None:
        emit(work, tenant, 3)
        raise Conflict("no")

    with pytest.raises(Conflict):
        await cloud.unit.write(fail)
    assert segments(cloud, f"{HOUSE}/tenant/{tenant}") == [(0, 1)]


async def test_only_our_own_logs_can_be_appended_to(cloud: CloudBench) -> None:
    bank = await story(cloud)
    name = bank.log.signer.key.name

    def forge(work: Work) -> None:
        log = appending.open_log(work, bank.tenant, store.get_log(work.tx, bank.tenant, name))
        log.append([b"never happened"])

    with pytest.raises(Conflict, match=r"log\.not_ours"):
        await cloud.unit.write(forge)
