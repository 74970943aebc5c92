from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud import orders
from bayward.cloud.access import issuers
from bayward.cloud.access import service as access
from bayward.cloud.access.store import GrantView
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS, after
from bayward.core.commands import OpenForGrant, RevokeGrant, RotateCode
from bayward.core.errors import Denied, NotFound, Unavailable
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import GrantId, ParcelId, PersonId
from bayward.core.roles import Role
from bayward.wire.passes import Purpose, verify_pass
from cloud_bench import BankTwin, CloudBench, named

_T = EventType
GRANT = GrantId(named(GrantId, 1))


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    """A bank with one parcel for Anne in it."""
    tenant = await cloud.tenant()
    anne = await cloud.person(tenant, "Anne", Role.RESIDENT)
    bank = await cloud.bank(tenant)
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    await bank.upload(cloud.ingest)
    return bank


def public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    key = serialization.load_der_public_key(spki)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


async def grant(cloud: CloudBench, bank: BankTwin) -> GrantView:
    return await cloud.do(access.get_grant, bank.tenant, GRANT)


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


async def test_a_pass_opens_at_its_bank_and_nowhere_else(cloud: CloudBench, bank: BankTwin) -> None:
    text = await cloud.do(access.issue_pass, bank.tenant, await grant(cloud, bank))
    known = await cloud.do(issuers.known, bank.tenant)
    keys = {kid: public_key(spki) for kid, spki in known}
    judged = verify_pass(
        text,
        keys,
        audience=bank.id.public_code,
        purpose=Purpose.PICKUP,
        now=cloud.clock.at,
    )
    assert judged.grant == GRANT
    other = await cloud.bank(bank.tenant, 2)
    with pytest.raises(Denied):
        verify_pass(
            text,
            keys,
            audience=other.id.public_code,
            purpose=Purpose.PICKUP,
            now=cloud.clock.at,
        )


async def test_each_tenant_signs_with_a_key_of_its_own(cloud: CloudBench) -> None:
    known = [await cloud.do(issuers.known, await cloud.tenant(number)) for number in (1, 2)]
    assert [len(one) for one in known] == [1, 1]
    assert known[0] != known[1]


async def test_without_a_key_no_pass_is_signed(cloud: CloudBench, bank: BankTwin) -> None:
    found = await grant(cloud, bank)
    await cloud.unit.write(lambda work: work.tx.execute(s.issuer.delete()))
    with pytest.raises(Unavailable):
        await cloud.do(access.issue_pass, bank.tenant, found)


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
