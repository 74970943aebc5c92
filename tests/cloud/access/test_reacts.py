from __future__ import annotations

import pytest

from access_bench import GRANT, grant
from bayward.cloud.access import service as access
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import ParcelId, PersonId
from cloud_bench import BankTwin, CloudBench, named

_T = EventType


async def test_a_grant_follows_what_the_bank_reports(cloud: CloudBench, bank: BankTwin) -> None:
    parcel = ParcelId(named(ParcelId, 1))
    assert await cloud.do(access.parcel_grant, bank.tenant, parcel) == await grant(cloud, bank)
    assert (await grant(cloud, bank)).state is GrantState.ACTIVE
    space = {"grant": GRANT, "compartment": bank.door(1), "command": "cmd"}
    steps = [
        (_T.ACCESS_GRANTED, {"method": "code"}, GrantState.OPENING),
        (_T.UNLOCK_ENDED, {"result": "no_edge"}, GrantState.ACTIVE),
        (_T.ACCESS_GRANTED, {"method": "code"}, GrantState.OPENING),
        (_T.UNLOCK_ENDED, {"result": "doubtful"}, GrantState.OPENING),
        (_T.UNLOCK_ENDED, {"result": "opened"}, GrantState.CONSUMED),
    ]
    for kind, told, state in steps:
        bank.record(kind, **space, **told)
        await bank.upload(cloud.ingest)
        assert (await grant(cloud, bank)).state is state


async def test_a_door_that_opens_after_all_uses_its_grant_up_and_nothing_revives_it(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """A hand was late at the handle; later the same door jams. (`bayward sim`, seed 85)."""
    space = {"grant": GRANT, "compartment": bank.door(1), "command": "cmd"}
    steps = [
        (_T.ACCESS_GRANTED, {"method": "code"}, GrantState.OPENING),
        (_T.UNLOCK_ENDED, {"result": "no_edge"}, GrantState.ACTIVE),
        (_T.DOOR_OPENED, {}, GrantState.CONSUMED),
        (_T.UNLOCK_ENDED, {"result": "no_edge"}, GrantState.CONSUMED),  # of "open again"
    ]
    for kind, told, state in steps:
        bank.record(kind, **space, **told)
        await bank.upload(cloud.ingest)
        assert (await grant(cloud, bank)).state is state


async def test_an_unlock_for_a_deposit_is_no_use_of_a_grant(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.record(_T.UNLOCK_ENDED, compartment=bank.door(1), command="cmd", result="opened")
    await bank.upload(cloud.ingest)
    assert (await grant(cloud, bank)).state is GrantState.ACTIVE


@pytest.mark.parametrize(
    ("kind", "told", "state"),
    [
        (_T.GRANT_EXPIRED, {}, GrantState.EXPIRED),
        (_T.GRANT_REVOKED, {"reason": "moved out"}, GrantState.REVOKED),
        (_T.CODE_ROTATED, {}, GrantState.ACTIVE),
    ],
)
async def test_a_grant_ends_as_the_bank_says(
    cloud: CloudBench, bank: BankTwin, kind: EventType, told: dict[str, str], state: GrantState
) -> None:
    bank.record(kind, grant=GRANT, **told)
    await bank.upload(cloud.ingest)
    found = await grant(cloud, bank)
    assert found.state is state
    assert (found.rotated_at is not None) is (kind is _T.CODE_ROTATED)


async def test_a_bank_cannot_touch_another_banks_grant(cloud: CloudBench, bank: BankTwin) -> None:
    other = await cloud.bank(bank.tenant, 2)
    before = await grant(cloud, bank)
    other.record(_T.GRANT_REVOKED, grant=GRANT, reason="mine now")
    other.issue(GRANT, named(ParcelId, 1), recipient=named(PersonId, 9))
    await other.upload(cloud.ingest)
    assert await grant(cloud, bank) == before
