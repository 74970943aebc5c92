from __future__ import annotations

import json

from bayward.cloud.web import own_data
from bayward.core.roles import Role
from cloud_house import House


async def test_times_are_readable_and_secrets_left_out(house: House) -> None:
    zoe = await house.bench.person(house.tenant, "Zoe", Role.RESIDENT)
    told = await house.cloud.unit.read(lambda work: own_data.own_data(work, house.tenant, zoe))
    again = json.loads(own_data.as_file(told))
    assert again["made_at"] == own_data.iso(house.clock.at)
    assert own_data.iso(0) == "1970-01-01T00:00:00+00:00"
    [person] = next(one["rows"] for one in again["tables"] if one["table"] == "person")
    assert person["created_at"].endswith("+00:00")
    assert "hash" not in json.dumps(again["tables"])
    assert {one["field"] for one in again["log"]} >= {"subject"}
