from __future__ import annotations

import pytest

from access_bench import GRANT, grant
from bayward.cloud import orders
from bayward.cloud.access import service as access
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS, after
from bayward.core.commands import OpenForGrant, RevokeGrant, RotateCode
from bayward.core.errors import Denied, NotFound
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import ParcelId, PersonId
from cloud_bench import BankTwin, CloudBench, named

_T = EventType


async def test_a_link_leads_to_its_parcel_and_only_its_hash_is_kept(
    cloud: CloudBench, bank: BankTwin
) -> None:
    token = await cloud.do(access.mint_link, bank.tenant, GRANT)
    link = await cloud.do(access.follow_link, token)
    assert (link.tenant, link.parcel) == (bank.tenant, named(ParcelId, 1))
    assert token.encode() not in cloud.dump()
    assert await cloud.do(access.mint_link, bank.tenant, GRANT) != token


@pytest.mark.parametrize("bent", ["", "x" * 26, "0" * 26, "../../etc", "é" * 26, "\x00" * 26])
async def test_a_token_that_is_none_leads_nowhere(cloud: CloudBench, bent: str) -> None:
    with pytest.raises(NotFound) as caught:
        await cloud.do(access.follow_link, bent)
    assert caught.value.code == "link"


async def test_a_link_outlives_its_parcel_but_not_for_ever(
    cloud: CloudBench, bank: BankTwin
) -> None:
    token = await cloud.do(access.mint_link, bank.tenant, GRANT)
    cloud.wait(7 * DAY_MS + access.LINK_AFTERLIFE_MS - 1)
    await cloud.do(access.follow_link, token)
    cloud.wait(1)
    with pytest.raises(NotFound):
        await cloud.do(access.follow_link, token)


async def test_identity_35_previews_of_a_link_change_nothing(
    cloud: CloudBench, bank: BankTwin
) -> None:
    token = await cloud.do(access.mint_link, bank.tenant, GRANT)
    before = cloud.dump()
    for _ in range(100):
        await cloud.unit.read(lambda work: access.follow_link(work, token))
        await cloud.unit.read(lambda work: access.get_grant(work, bank.tenant, GRANT))
    assert cloud.dump() == before


async def test_a_tap_is_an_order_to_the_bank_and_no_more(cloud: CloudBench, bank: BankTwin) -> None:
    anne = (await grant(cloud, bank)).recipient
    command = await cloud.do(access.open_for_grant, bank.tenant, GRANT, presence="4711", actor=anne)
    ordered = await cloud.do(orders.get, bank.tenant, command)
    assert ordered.order == OpenForGrant(GRANT, "4711", anne)
    assert ordered.state is orders.State.WAITING
    assert (await grant(cloud, bank)).state is GrantState.ACTIVE


async def test_identity_62_nobody_taps_at_somebody_elses_door(
    cloud: CloudBench, bank: BankTwin
) -> None:
    anne = (await grant(cloud, bank)).recipient
    stranger = await cloud.tenant(2)
    for tenant, actor in ((bank.tenant, PersonId(named(PersonId, 9))), (stranger, anne)):
        with pytest.raises(NotFound):
            await cloud.do(access.open_for_grant, tenant, GRANT, presence="1", actor=actor)
    for ask in (access.rotate, access.mint_link):
        with pytest.raises(NotFound):
            await cloud.do(
                ask, stranger, GRANT, **({"actor": anne} if ask is access.rotate else {})
            )
    with pytest.raises(NotFound):
        await cloud.do(access.parcel_grant, stranger, ParcelId(named(ParcelId, 1)))
    assert cloud.rows(s.command) == []


@pytest.mark.parametrize(
    ("kind", "told", "reason"),
    [
        (_T.GRANT_REVOKED, {"reason": "x"}, "grant.revoked"),
        (_T.GRANT_EXPIRED, {}, "grant.expired"),
        (None, {}, "grant.expired"),
    ],
)
async def test_what_is_over_is_said_at_once(
    cloud: CloudBench,
    bank: BankTwin,
    kind: EventType | None,
    told: dict[str, str],
    reason: str,
) -> None:
    if kind is None:
        cloud.wait(8 * DAY_MS)  # the bank has not told us yet
    else:
        bank.record(kind, grant=GRANT, **told)
        await bank.upload(cloud.ingest)
    found = await grant(cloud, bank)
    for ask in (
        lambda work: access.issue_pass(work, bank.tenant, found),
        lambda work: access.open_for_grant(
            work, bank.tenant, GRANT, presence="1", actor=found.recipient
        ),
        lambda work: access.revoke(work, bank.tenant, GRANT, actor=found.recipient, reason="twice"),
    ):
        with pytest.raises(Denied) as caught:
            await cloud.unit.write(ask)
        assert caught.value.code == reason


async def test_resending_and_withdrawing_are_orders(cloud: CloudBench, bank: BankTwin) -> None:
    admin = PersonId(named(PersonId, 8))
    one = await cloud.do(access.rotate, bank.tenant, GRANT, actor=admin)
    two = await cloud.do(access.revoke, bank.tenant, GRANT, actor=admin, reason="wrong person")
    told = [(await cloud.do(orders.get, bank.tenant, command)).order for command in (one, two)]
    assert told == [RotateCode(GRANT), RevokeGrant(GRANT, "wrong person")]
    assert (await grant(cloud, bank)).is_live(cloud.clock.at)
    assert not (await grant(cloud, bank)).is_live(after(cloud.clock.at, 8 * DAY_MS))
