from __future__ import annotations

from pathlib import Path

import pytest

from bayward.cloud.custody import parties
from bayward.cloud.forget import Forgotten, forget, forget_party
from bayward.cloud.people import store as people_store
from bayward.cloud.privacy import holds
from bayward.cloud.privacy.hold_store import HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.privacy.service import Basis
from bayward.cloud.settings import CloudSettings
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_bench import HOUSE
from cloud_house import ANNE, URL, make_template, open_house
from party_story import OWNER, lived
from people_bench import START, HandClock

ZOE = "zoe@example.com"


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A control plane that was stopped; Anne owns it, Zoe lives there."""
    state = (await make_template(tmp_path / "state")).state
    async with open_house(state) as house:
        await house.bench.person(house.tenant, "Zoe", Role.RESIDENT)
    return state


async def do(state: Path, email: str, *, is_rolled: bool = False) -> list[Forgotten]:
    settings = CloudSettings(state=state, public_url=URL, name=HOUSE)
    clock = HandClock(START)
    return await forget(settings, email, basis=Basis.UNLAWFUL, is_rolled=is_rolled, clock=clock)


def files(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())


@pytest.mark.parametrize("is_rolled", [False, True])
async def test_somebody_is_gone_from_every_file(state: Path, is_rolled: bool) -> None:
    assert ZOE.encode() not in files(state)  # sealed, from the first moment
    [done] = await do(state, ZOE, is_rolled=is_rolled)
    assert done.epoch == (2 if is_rolled else None)
    assert done.erased.disclosures > 0
    assert ZOE.encode() not in files(state)
    async with open_house(state) as house:
        [event] = await house.events(EventType.SUBJECT_ERASED)
        assert (event.actor, event.reason) == ("system", "unlawful")
        assert len(await house.events(EventType.KEY_EPOCH_ROLLED)) == is_rolled
    with pytest.raises(NotFound):
        await do(state, ZOE)


async def test_audit_13_a_hold_stands_in_the_way_here_too(state: Path) -> None:
    async with open_house(state) as house:
        found = await house.do(lambda work: people_store.with_email(work.tx, ZOE)[0].person)
        scope = Scope(kind=HoldKind.PERSON, subject=found)
        await house.do(
            lambda work: holds.place(
                work, house.tenant, scope, authority="a court", until=None, actor=found
            )
        )
    with pytest.raises(Conflict) as caught:
        await do(state, ZOE)
    assert caught.value.code == "hold.active"
    async with open_house(state) as house:
        assert await house.do(lambda work: people_store.with_email(work.tx, ZOE))


async def test_somebody_has_to_be_left_who_can_administer(state: Path) -> None:
    with pytest.raises(Conflict) as caught:
        await do(state, ANNE)
    assert caught.value.code == "owner.last"


async def party(state: Path, text: str, *, leaves_items: bool = False) -> list[Forgotten]:
    settings = CloudSettings(state=state, public_url=URL, name=HOUSE)
    more = {"basis": Basis.OBJECTION, "leaves_items": leaves_items}
    return await forget_party(settings, text, clock=HandClock(START), **more)  # type: ignore[arg-type]  # of two kinds


async def test_a_party_is_gone_by_name_or_id(state: Path) -> None:
    async with open_house(state) as house:
        kept = await lived(house.bench, house.tenant)
        await kept.give_out(OWNER)
    with pytest.raises(Conflict, match=r"erase\.party_items"):
        await party(state, OWNER)
    [done] = await party(state, f" {OWNER.upper()} ", leaves_items=True)
    assert done.erased.disclosures > 0
    with pytest.raises(NotFound):
        await party(state, OWNER)
    await party(state, kept.court)
    async with open_house(state) as house:
        assert len(await house.events(EventType.SUBJECT_ERASED)) == 2
        assert await house.do(lambda work: parties.listed(work, house.tenant)) == []


async def test_a_name_in_two_organisations_is_two_people(state: Path) -> None:
    async with open_house(state) as house:
        other = await house.second_tenant()
        for tenant in (house.tenant, other):
            await house.do(lambda work, tenant=tenant: parties.named(work, tenant, OWNER))
        [(_, mine), _] = await house.do(lambda work: parties.everywhere(work, OWNER))
    with pytest.raises(Conflict, match=r"party\.several"):
        await party(state, OWNER)
    await party(state, mine)
    await party(state, OWNER)  # one is left
