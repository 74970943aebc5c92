from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.cloud.access import service as access
from bayward.cloud.notify import service as notify
from bayward.cloud.people import set_up, sign_in
from bayward.cloud.storage import outbox
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.outbox import Job
from bayward.cloud.web import links
from bayward.cloud.web.links import LINKS
from bayward.core.ids import GrantId
from bayward.core.roles import Role
from cloud_bench import CloudBench
from cloud_house import House, World


async def test_each_kind_of_link_leads_to_its_own_page(house: House, world: World) -> None:
    def mint(work: object) -> list[str]:
        return [
            LINKS.parcel(work, house.tenant, GrantId(world.grant)),  # type: ignore[arg-type]  # the house hands it over
            LINKS.sign_in(work, house.tenant, world.rosa),  # type: ignore[arg-type]  # likewise
            LINKS.set_up(work, house.tenant, world.rosa),  # type: ignore[arg-type]  # likewise
        ]

    parcel, login, setup = await house.do(mint)
    paths = {f"/p/{parcel}": 200, f"/l/{login}": 200, f"/setup/{setup}": 200}
    paths |= {f"/p/{login}": 404, f"/l/{parcel}": 410, f"/setup/{parcel}": 404}
    for path, status in paths.items():
        assert (await house.browser().get(path)).status_code == status, path
    assert (await house.do(lambda work: access.follow_link(work, parcel))).person == world.rosa
    assert (await house.do(lambda work: sign_in.follow_link(work, login))).person == world.rosa
    found = await house.do(lambda work: set_up.follow_link(work, setup))
    assert found.person.person == world.rosa


async def asked(cloud: CloudBench) -> Job:
    """Zoe typed her address, and nobody has looked yet."""
    await cloud.person(await cloud.tenant(), "Zoe", Role.RESIDENT)
    await cloud.do(links.ask, "zoe@example.com")
    now = cloud.clock.at
    [job] = await cloud.do(lambda work: outbox.claim(work.tx, now, 1000, 9, [links.ASKED_JOB]))
    return job


async def test_an_address_that_waits_cannot_be_read(cloud: CloudBench) -> None:
    job = await asked(cloud)
    assert b"zoe@example.com" not in cloud.dump()
    settle = await links.duty().do(job)
    assert settle is not None
    await cloud.unit.write(settle)
    assert [row._mapping["kind"] for row in cloud.rows(s.delivery)] == [notify.SIGN_IN_LINK]


@pytest.mark.parametrize("payload", [{}, {"sealed": "not hex"}, {"sealed": "00" * 40}])
async def test_what_another_process_was_asked_is_dropped(
    cloud: CloudBench, payload: dict[str, str]
) -> None:
    job = replace(await asked(cloud), payload=payload)
    assert await links.duty().do(job) is None
