from __future__ import annotations

from bayward.core.events import EventType
from bayward.wire.enrolment import Ticket
from cloud_house import ANNE, Browser, House, World


async def test_banks_and_their_doors(anne: Browser, world: World) -> None:
    [bank] = (await anne.get("/api/v1/banks")).json()
    assert (bank["bank"], bank["compartments"], bank["occupied"]) == (world.bank.id, 4, 1)
    assert bank["is_locked_down"] is True
    wall = (await anne.get(f"/api/v1/banks/{world.bank.id}")).json()
    assert [door["state"] for door in wall["doors"]] == ["occupied", "forced", "free", "unknown"]


async def test_a_bank_is_made_and_retired(house: House, anne: Browser) -> None:
    [site] = (await anne.get("/api/v1/sites")).json()
    body = {"site": site["site"], "name": "Courtyard"}
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    made = await anne.send("POST", "/api/v1/banks", json=body, headers=code)
    ticket = Ticket.parse(made.json()["ticket"])
    assert ticket.bank == made.json()["bank"]
    path = f"/api/v1/banks/{ticket.bank}"
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    again = await anne.send("POST", f"{path}/ticket", headers=code)
    assert Ticket.parse(again.json()["ticket"]).token != ticket.token
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    assert (await anne.send("DELETE", path, headers=code)).status_code == 204
    assert len(await house.events(EventType.BANK_RETIRED)) == 1


async def test_a_lockdown_is_ordered(house: House, anne: Browser) -> None:
    bank = await house.bench.bank(house.tenant, 5)
    path = f"/api/v1/banks/{bank.id}/lock-down"
    code = {"bayward-code": anne.code(ANNE, fresh=True)}
    told = await anne.send("POST", path, json={"reason": "a drill"}, headers=code)
    assert (told.status_code, told.json()["state"]) == (202, "waiting")
