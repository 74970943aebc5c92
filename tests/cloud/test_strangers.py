from __future__ import annotations

import asyncio

import pytest

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.strangers import EACH_MS, KINDS_MAX, REASONS, Strangers
from bayward.cloud.unit import OPERATOR
from bayward.core.errors import Unavailable
from bayward.core.events import EventType
from bayward.core.ids import BankId, TenantId
from cloud_bench import HOUSE, CloudBench, named


def counting(cloud: CloudBench) -> Strangers:
    return Strangers(cloud.unit, cloud.clock, HOUSE)


def written(cloud: CloudBench) -> list[tuple[TenantId, str | None, int | None, str | None]]:
    kind = EventType.STRANGER_REFUSED
    return [
        (tenant, one.reason, one.count, one.bank) for tenant, one in cloud.told if one.type is kind
    ]


async def test_m45_the_first_is_written_at_once_and_the_rest_as_a_number(cloud: CloudBench) -> None:
    await cloud.platform()
    strangers = counting(cloud)
    strangers.saw("session.unknown")
    await strangers.tell()
    for _ in range(10_000):
        strangers.saw("session.unknown")
        await strangers.tell()
    assert written(cloud) == [(OPERATOR, "session.unknown", 1, None)]
    cloud.wait(EACH_MS)
    await strangers.tell()
    await strangers.tell()
    assert written(cloud)[1:] == [(OPERATOR, "session.unknown", 10_000, None)]


async def test_m45_one_kind_does_not_hide_another(cloud: CloudBench) -> None:
    await cloud.platform()
    strangers = counting(cloud)
    for reason in sorted(REASONS):
        strangers.saw(reason)
    await strangers.tell()
    assert [one[1] for one in written(cloud)] == sorted(REASONS)


async def test_nothing_a_stranger_sends_gets_into_the_log(cloud: CloudBench) -> None:
    await cloud.platform()
    strangers = counting(cloud)
    strangers.saw("<script>")
    await strangers.tell(is_everything=True)
    assert written(cloud) == []


async def test_a_bank_of_ours_that_may_not_come_is_told_to_its_tenant(
    cloud: CloudBench,
) -> None:
    await cloud.platform()
    tenant = await cloud.tenant()
    bank = BankId(named(BankId, 1))
    strangers = counting(cloud)
    strangers.saw("device.revoked", tenant, bank)
    strangers.saw("device.revoked")
    await strangers.tell()
    assert written(cloud) == [
        (tenant, "device.revoked", 1, bank),
        (OPERATOR, "device.revoked", 1, None),
    ]
    wanted = Wanted(types=(EventType.STRANGER_REFUSED,))
    [one] = await cloud.do(lambda work: audit.happenings(work, tenant, wanted, count=5))
    assert one.event.bank == bank


async def test_a_certificate_for_a_tenant_we_do_not_know_is_the_platforms(
    cloud: CloudBench,
) -> None:
    await cloud.platform()
    strangers = counting(cloud)
    strangers.saw("device.revoked", TenantId(named(TenantId, 7)), BankId(named(BankId, 7)))
    await strangers.tell()
    assert written(cloud) == [(OPERATOR, "device.revoked", 1, None)]


async def test_more_kinds_than_there_can_be_are_counted_without_a_name(cloud: CloudBench) -> None:
    await cloud.platform()
    tenant = await cloud.tenant()
    strangers = counting(cloud)
    for number in range(KINDS_MAX + 5):
        strangers.saw("device.revoked", tenant, BankId.of(number.to_bytes(16, "big")))
    await strangers.tell()
    assert len(written(cloud)) == KINDS_MAX + 1
    assert written(cloud)[-1] == (OPERATOR, "device.revoked", 5, None)


async def test_what_could_not_be_written_is_counted_on(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.platform()
    strangers = counting(cloud)
    strangers.saw("link")

    async def is_full(function: object) -> None:
        strangers.saw("link")  # meanwhile
        raise Unavailable("storage.full")

    with monkeypatch.context() as patch:
        patch.setattr(cloud.unit, "write", is_full)
        with pytest.raises(Unavailable):
            await strangers.tell()
    await strangers.tell()
    assert written(cloud) == [(OPERATOR, "link", 2, None)]


async def test_the_end_of_the_program_is_not_held_up(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await cloud.platform()
    strangers = counting(cloud)
    for _ in range(3):
        strangers.saw("link")

    async def is_full(function: object) -> None:
        raise Unavailable("storage.full")

    with monkeypatch.context() as patch:
        patch.setattr(cloud.unit, "write", is_full)
        await strangers.stop()
    said = capsys.readouterr().out
    assert "strangers.untold" in said
    assert "refusals=3" in said
    await strangers.stop()
    assert written(cloud) == [(OPERATOR, "link", 3, None)]


async def test_it_goes_on_when_the_database_does_not(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.platform()
    strangers = Strangers(cloud.unit, cloud.clock, HOUSE, sleep=lambda _: asyncio.sleep(0))
    write, tries, is_done = cloud.unit.write, 0, asyncio.Event()

    async def once_full(function: object) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable("storage.full")
        await write(function)  # type: ignore[arg-type]  # handed through
        is_done.set()

    monkeypatch.setattr(cloud.unit, "write", once_full)
    running = asyncio.create_task(strangers.run())
    strangers.saw("rate")
    async with asyncio.timeout(10):
        await is_done.wait()
    running.cancel()
    assert tries == 2
    assert written(cloud) == [(OPERATOR, "rate", 1, None)]
