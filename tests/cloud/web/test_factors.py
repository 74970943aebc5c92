from __future__ import annotations

from bayward.cloud.people import set_up, sign_in_store
from bayward.cloud.people import store as people_store
from bayward.cloud.people.passwords import Pbkdf2
from bayward.core.roles import Role
from cloud_house import ANNE, PASSWORD, Browser, House


async def test_an_outdated_hash_is_replaced_at_the_next_login(house: House, anne: Browser) -> None:
    def stored(work: object) -> str | None:
        [person] = people_store.with_email(work.tx, ANNE)  # type: ignore[attr-defined]  # a unit's work
        return sign_in_store.password_hash(work.tx, person.tenant, person.person)  # type: ignore[attr-defined]  # likewise

    before = await house.do(stored)
    house.cloud.desk.passwords._schemes = (Pbkdf2(iterations=1_001), Pbkdf2(iterations=1_000))
    answer = await house.browser().post("/sign-in", {"email": ANNE, "password": PASSWORD})
    assert answer.status_code == 303
    after = await house.do(stored)
    assert after != before
    assert "$1001$" in str(after)


async def test_one_address_of_two_tenants_signs_in_where_the_password_fits(
    house: House, anne: Browser
) -> None:
    other = await house.second_tenant()
    twin = await house.person("Anne", Role.ADMIN, tenant=other)
    token = await house.do(lambda work: set_up.mint_link(work, other, twin))
    path = f"/setup/{token}"
    form = {"name": "Anne", "email": ANNE, "password": "another phrase of my own"}
    page = await house.browser().post(path, form)
    assert page.status_code == 200
    wrong = await house.browser().post("/sign-in", {"email": ANNE, "password": form["password"]})
    assert wrong.status_code == 401  # not confirmed by a code yet
    assert (await house.browser().sign_in("Anne")).status_code == 303


async def test_a_password_that_can_be_none_is_a_wrong_one(house: House, anne: Browser) -> None:
    for password in ("x" * 129, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), ""):
        answer = await house.browser().post("/sign-in", {"email": ANNE, "password": password})
        assert answer.status_code == 401
