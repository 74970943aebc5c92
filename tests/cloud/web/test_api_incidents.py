from __future__ import annotations

from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.core.roles import Node, Role
from cloud_house import ANNE, Browser, House, World


async def test_an_incident_is_taken_on_and_released(anne: Browser, world: World) -> None:
    [one] = (await anne.get("/api/v1/incidents?state=open")).json()
    assert (one["incident"], one["lockdowns"]) == (world.incident, ["bank"])
    path = f"/api/v1/incidents/{world.incident}"
    taken = await anne.send("POST", f"{path}/acknowledge", json={"note": "on my way"})
    assert taken.json()["state"] == "acknowledged"
    early = await anne.send("POST", f"{path}/close", json={"reason": "over"})
    assert early.status_code == 409
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    released = await anne.send("POST", f"{path}/release", json={"reason": "looked"}, headers=code)
    assert [one["state"] for one in released.json()] == ["waiting"]
    assert (await anne.get(path)).json()["lockdowns"] == ["bank"]  # until the bank says otherwise
    assert (await anne.get("/api/v1/incidents?state=strange")).status_code == 404


async def platform(house: House) -> Browser:
    """Whoever runs the servers, with an authenticator."""
    root = await house.person("Root", Role.SUPER_ADMIN, tenant=people.PLATFORM_TENANT, node=Node())
    return await house.browser().join(root, "Root", people.PLATFORM_TENANT)


async def test_the_platform_makes_tenants_and_sees_nothing_in_them(
    house: House, world: World
) -> None:
    root = await platform(house)
    told = (await root.get("/api/v1/tenants")).json()
    assert [one["tenant"] for one in told] == [house.tenant]
    body = {
        "name": "Eastgate",
        "site": "East",
        "owner_name": "Olga",
        "owner_email": "olga@example.com",
    }
    code = {"bayward-code": root.code("root@example.com", fresh=True)}
    made = await root.send("POST", "/api/v1/tenants", json=body, headers=code)
    assert made.status_code == 201, made.text
    [olga] = await house.do(lambda work: people_store.with_email(work.tx, "olga@example.com"))
    assert olga.tenant == made.json()["tenant"]
    for path in ("banks", "parcels", "people", "incidents", "events"):
        answer = await root.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "role.platform_only")
    page = await root.get("/console", headers={"accept": "text/html"})
    assert page.status_code == 403
    assert "list and create organisations" in page.text
    assert (await root.get(f"/api/v1/banks/{world.bank.id}")).status_code == 403


async def test_identity_68_the_platform_opens_no_door(house: House, world: World) -> None:
    root = await platform(house)
    path = f"/api/v1/parcels/{world.parcel}/open"
    refused = await root.send("POST", path, json={"presence": "4821"})
    assert refused.status_code == 403
    tapped = await root.post(f"/me/parcels/{world.parcel}/open", {"presence": "4821"})
    assert tapped.status_code == 403


async def test_an_owner_makes_no_tenants(anne: Browser) -> None:
    assert (await anne.get("/api/v1/tenants")).status_code == 403
