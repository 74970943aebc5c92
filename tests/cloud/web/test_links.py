from __future__ import annotations

from bayward.cloud.access import service as access
from bayward.cloud.people import set_up, sign_in
from bayward.cloud.web.links import LINKS
from bayward.core.ids import GrantId
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
