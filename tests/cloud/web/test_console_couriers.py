from __future__ import annotations

import pytest

from bayward.cloud.people import store as people_store
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.events import EventType
from bayward.core.roles import Role, active
from cloud_house import Browser, House

CARL = {"name": "Carl", "carrier": "UPS", "email": "carl@example.com", "until": "2027-03-01"}


async def orders_of(house: House) -> list[str]:
    def read(work: Work) -> list[str]:
        return [row.kind for row in work.tx.execute(s.command.select())]

    found: list[str] = await house.do(read)
    return found


async def test_a_courier_is_admitted_at_every_bank_until_a_day(house: House, anne: Browser) -> None:
    banks = [await house.bench.bank(house.tenant, number) for number in (1, 2)]
    assert 'value="2027-' in (await anne.get("/console/couriers/new")).text
    answer = await anne.post("/console/couriers/new", CARL)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/couriers")
    assert await orders_of(house) == ["admit_courier"] * 2
    [carl] = await house.do(lambda work: people_store.with_email(work.tx, "carl@example.com"))
    [role] = await house.do(
        lambda work: people_store.bindings_of(work.tx, house.tenant, carl.person)
    )
    assert role.role is Role.COURIER
    assert role.not_after is not None
    page = await anne.get("/console/couriers")
    assert "Carl" in page.text
    assert "invited" in page.text
    for bank in banks:
        bank.record(
            EventType.COURIER_ADMITTED,
            actor=str(carl.person),
            carrier="UPS",
            not_after=int(role.not_after),
        )
        await bank.upload(house.cloud.ingest)
    assert "active" in (await anne.get("/console/couriers?state=active")).text


async def test_a_new_code_and_taking_it_back(house: House, anne: Browser) -> None:
    await house.bench.bank(house.tenant, 1)
    await anne.post("/console/couriers/new", CARL)
    [carl] = await house.do(lambda work: people_store.with_email(work.tx, "carl@example.com"))
    url = f"/console/couriers/{carl.person}"
    assert (await anne.post(f"{url}/rotate")).status_code == 303
    assert (await anne.post(f"{url}/revoke")).status_code == 303
    assert await orders_of(house) == ["admit_courier", "admit_courier", "dismiss_courier"]
    held = await house.do(
        lambda work: active(people_store.bindings_of(work.tx, house.tenant, carl.person), work.now)
    )
    assert held == ()


async def test_who_is_no_courier_gets_no_new_code(house: House, anne: Browser) -> None:
    rosa = await house.person("Rosa", Role.RESIDENT)
    assert (await anne.post(f"/console/couriers/{rosa}/rotate")).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("until", ""),
        ("until", "tomorrow"),
        ("email", ""),
        ("email", "x"),
        ("name", ""),
        ("carrier", "Evil Inc"),
    ],
)
async def test_what_is_wrong_stands_beside_the_field(
    house: House, anne: Browser, field: str, value: str
) -> None:
    await house.bench.bank(house.tenant, 1)
    answer = await anne.post("/console/couriers/new", CARL | {field: value})
    assert answer.status_code == 422
    assert await orders_of(house) == []


async def test_a_day_in_the_past_or_too_far_away_is_refused(house: House, anne: Browser) -> None:
    await house.bench.bank(house.tenant, 1)
    for day in ("2020-01-01", "2090-01-01"):
        answer = await anne.post("/console/couriers/new", CARL | {"until": day})
        assert answer.status_code == 422, day
        assert (
            await house.do(lambda work: people_store.with_email(work.tx, "carl@example.com")) == []
        )
