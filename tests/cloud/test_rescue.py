"""Nobody left who could let anybody in: what the one with the state directory can do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bayward.cloud.app import Cloud
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.rescue import LINK_MADE, WayIn, let_in
from bayward.cloud.settings import CloudSettings
from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import Misconfigured, NotFound
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_bench import HOUSE
from cloud_house import ANNE, URL, make_template, open_house
from people_bench import START, HandClock

pytestmark = pytest.mark.system  # whole control planes that start and stop

LATER = Instant(START + DAY_MS)


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A control plane that was stopped; Anne is its only administrator."""
    return (await make_template(tmp_path / "state")).state


def settings(state: Path) -> CloudSettings:
    return CloudSettings(state=state, public_url=URL, name=HOUSE)


async def let(state: Path, email: str, *, is_platform: bool = False) -> list[WayIn]:
    clock = HandClock(START)
    return await let_in(settings(state), email, is_platform=is_platform, clock=clock)


async def test_the_only_administrator_sets_up_another_telephone_and_the_log_knows(
    state: Path,
) -> None:
    [way] = await let(state, f" {ANNE.upper()} ")
    assert way.tenant_name == settings(state).organisation
    async with open_house(state) as house:
        assert house.cloud.setup_link is None
        answer = await house.browser().set_up(way.link, "Anne")
        assert answer.status_code == 303
        last = (await house.events(EventType.PERSON_CHANGED))[0]
        assert {one.detail for one in await house.events(EventType.PERSON_CHANGED)} >= {LINK_MADE}
        assert last.actor is not None
        assert (await house.browser().get(way.link)).status_code == 404


async def test_a_new_link_voids_the_one_before(state: Path) -> None:
    [first] = await let(state, ANNE)
    [second] = await let(state, ANNE)
    async with open_house(state) as house:
        assert (await house.browser().get(first.link)).status_code == 404
        assert (await house.browser().get(second.link)).status_code == 200


async def test_the_platform_gets_its_first_person_who_can_make_tenants_and_see_none(
    state: Path,
) -> None:
    [way] = await let(state, "root@example.com", is_platform=True)
    [again] = await let(state, "root@example.com", is_platform=True)
    assert way.link != again.link
    async with open_house(state) as house:
        root = house.browser()
        assert (await root.set_up(again.link, "Root")).status_code == 303
        assert (await root.get("/api/v1/tenants")).status_code == 200
        assert (await root.get("/api/v1/parcels")).status_code in (403, 404)
        [person] = await house.do(
            lambda work: people_store.with_email(
                work.tx, "root@example.com", people.PLATFORM_TENANT
            )
        )
        held = await house.do(
            lambda work: people_store.bindings_of(work.tx, person.tenant, person.person)
        )
        assert [binding.role for binding in held] == [Role.SUPER_ADMIN]


@pytest.mark.parametrize("email", ["nobody@example.com", "rosa@example.com", "root@example.com"])
async def test_there_is_no_way_in_for_whoever_is_not_an_administrator(
    state: Path, email: str
) -> None:
    async with open_house(state) as house:
        await house.person("Rosa", Role.RESIDENT)
    await let(state, "root@example.com", is_platform=True)
    with pytest.raises(NotFound, match=r"person\.unknown"):
        await let(state, email)


async def test_somebody_disabled_stays_out(state: Path) -> None:
    async with open_house(state) as house:
        [anne] = await house.do(lambda work: people_store.with_email(work.tx, ANNE))
        await house.do(lambda work: people.disable(work, anne.tenant, None, anne.person))
    with pytest.raises(NotFound, match=r"person\.unknown"):
        await let(state, ANNE)


async def test_it_is_refused_while_the_control_plane_runs(state: Path) -> None:
    async with Cloud(settings(state), clock=HandClock(START), has_listeners=False):
        with pytest.raises(Misconfigured, match=r"database\.in_use"):
            await let(state, ANNE)


async def test_another_folder_or_another_name_begins_nothing(state: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"deployment\.missing"):
        await let(tmp_path / "empty", ANNE)
    assert not (tmp_path / "empty").exists()
    other = replace(settings(state), name="other.example.com")
    with pytest.raises(Misconfigured, match=r"deployment\.renamed"):
        await let_in(other, ANNE, clock=HandClock(LATER))
