"""Erased on the banks' own disks: the real edge program, its files read raw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import Basis
from bayward.cloud.privacy.store import Untold
from bayward.cloud.storage import schema as s
from bayward.core.compartment import Size
from bayward.core.errors import Conflict
from bayward.core.ids import PersonId
from bayward.edge.redaction import NAMING, _needle
from bayward.sim.demo.people import MAYA, RESIDENTS, Resident
from bayward.sim.demo.stage import Stage, code_of
from bayward.sim.visitors import AtKiosk

TRACKING = "1Z5R89390357567127"
pytestmark = pytest.mark.system
PATIENCE_S = 60.0
LOOK_S = 0.05
SEEN_S = 1.0  # several scans of the bus
JONAS = RESIDENTS[1]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path, columns=((3, Size.S),))
    await stage.start()
    try:
        await until(lambda: stage.courier_code)
        yield stage
    finally:
        await stage.stop()


async def deposited(stage: Stage, who: Resident) -> tuple[str, int]:
    """A parcel for somebody: his code, and the door."""
    async with AtKiosk(stage.kiosk_url) as courier:
        await courier.sign_in(stage.courier_code)
        await courier.deposit(TRACKING, who.unit, Size.S)
        number = await opened(stage)
        stage.use_on_door("put", number)
        stage.use_on_door("push", number)
        await courier.wait_for("/kiosk/deliver/confirm", on="/kiosk/deliver/door")
        await courier.press("/kiosk/deliver/confirm", answer="finish")
    await until(lambda: stage.mailbox.to(who.email))
    code = code_of(stage.mailbox.to(who.email)[0])
    assert code is not None
    return code, number


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - what is waited for is another process's doing
            await asyncio.sleep(LOOK_S)


async def opened(stage: Stage) -> int:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for one in stage.steel.compartments:
                if stage.twin.compartments()[one.id].is_open:
                    await asyncio.sleep(SEEN_S)
                    return one.number
            await asyncio.sleep(LOOK_S)


async def collected(stage: Stage, code: str) -> None:
    async with AtKiosk(stage.kiosk_url) as recipient:
        await recipient.collect(code)
        number = await opened(stage)
        stage.use_on_door("take", number)
        stage.use_on_door("push", number)


async def untold(stage: Stage) -> list[Untold]:
    tenant = stage.household.tenant
    return await stage.cloud.unit.read(lambda work: privacy.untold(work, tenant))


async def erase(stage: Stage, person: PersonId) -> None:
    tenant = stage.household.tenant
    await stage.cloud.unit.write(
        lambda work: privacy.erase(work, tenant, person, basis=Basis.OBJECTION, actor="system")
    )


async def confirmed(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await untold(stage):  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_S)


def named(stage: Stage, words: list[bytes]) -> list[tuple[str, bytes]]:
    """Which files of the bank's disk hold which of these, byte for byte."""
    files = [one for one in sorted((stage.folder / "bank").rglob("*")) if one.is_file()]
    assert any(one.name.endswith(".db") for one in files)
    return [(one.name, word) for one in files for word in words if word in one.read_bytes()]


def words_for(person: PersonId, who: Resident) -> list[bytes]:
    """His names, his id in clear and as it stands in a disclosure of any field."""
    return [
        who.name.encode(),
        person.encode(),
        *(_needle(name, person).encode() for name in NAMING),
    ]


async def is_over(stage: Stage, person: PersonId) -> None:
    """Wait until the control plane knows that nothing of his is under way."""
    his = (s.parcel.c.recipient == person) & (s.parcel.c.state == "collected")
    query = sa.select(sa.func.count()).select_from(s.parcel).where(his)
    async with asyncio.timeout(PATIENCE_S):
        while not await stage.cloud.unit.read(lambda work: work.tx.execute(query).scalar_one()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_S)


async def test_audit_13_a_banks_own_disk_names_nobody_who_was_erased(stage: Stage) -> None:
    maya = stage.household.residents[MAYA.unit]
    words = words_for(maya, MAYA)
    code, _ = await deposited(stage, MAYA)
    with pytest.raises(Conflict, match=r"erase\.parcels"):
        await erase(stage, maya)
    assert {name for name, _ in named(stage, words)} > {"directory.json"}
    await collected(stage, code)
    await is_over(stage, maya)
    await erase(stage, maya)
    await confirmed(stage)
    assert named(stage, words) == []
    assert stage.verify().ok

    # A bank that lost power replays what is left, and goes on.
    await stage.use_on_world("power")
    await stage.use_on_world("power")
    await deposited(stage, JONAS)
    assert named(stage, words) == []


async def test_audit_13_a_bank_that_was_away_forgets_when_it_is_back(stage: Stage) -> None:
    maya = stage.household.residents[MAYA.unit]
    words = words_for(maya, MAYA)
    code, _ = await deposited(stage, MAYA)
    await collected(stage, code)
    await is_over(stage, maya)
    await stage.use_on_world("cable")
    await erase(stage, maya)
    [waiting] = await untold(stage)
    assert (waiting.people, waiting.state) == (1, "enrolled")
    assert named(stage, words)
    await stage.use_on_world("cable")
    await confirmed(stage)
    assert named(stage, words) == []
    assert stage.verify().ok
