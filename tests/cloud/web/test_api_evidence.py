from __future__ import annotations

import json
from typing import Any

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.hideable import KEPT_BACK
from bayward.core.ids import ItemId
from bayward.ledger.leaf import Disclosure
from bayward.ledger.pack.archive import read_zip
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.verify import verify_receipt
from cloud_house import ANNE, Browser, House, World
from item_desk import KNIFE, furnished

API = "/api/v1/audit/exports"


def body(world: World, **more: Any) -> dict[str, Any]:
    told = {
        "origin": world.bank.log.signer.key.name,
        "authority": "Warrant 7",
        "handed_to": "Det. Ruiz",
        "reason": "theft",
    }
    return told | more


async def test_a_pack_over_the_api(house: House, anne: Browser, world: World) -> None:
    fresh = {"bayward-code": anne.code(ANNE, fresh=True)}
    asked = await anne.send("POST", API, json=body(world, first=1, until=4), headers=fresh)
    assert asked.status_code == 202, asked.text
    name = asked.json()["name"]
    await house.packs_made()
    told = (await anne.send("GET", f"{API}/{name}")).json()
    assert (told["state"], told["first"], told["until"], told["done"]) == ("ready", 1, 4, 3)
    rows = (await anne.send("GET", API)).json()["rows"]
    assert [one["name"] for one in rows] == [name]
    pack = await anne.send("GET", f"{API}/{name}/pack")
    verdict = verify_zip(pack.content)
    assert verdict.ok
    assert verdict.digest == told["digest"]
    receipt = await anne.send("GET", f"{API}/{name}/receipt")
    assert verify_receipt(receipt.text).fields["detail"] == told["digest"]


async def test_what_the_api_refuses(house: House, anne: Browser, world: World) -> None:
    assert (await anne.send("POST", API, json=body(world))).status_code == 403
    for bad in ({"hidden": ["time"]}, {"hidden": ["nothing"]}, {"reason": " "}, {"first": 9_999}):
        fresh = {"bayward-code": anne.code(ANNE, fresh=True)}
        answer = await anne.send("POST", API, json=body(world, **bad), headers=fresh)
        assert answer.status_code == 422, bad
    assert (await anne.send("GET", f"{API}/evidence-none")).status_code == 404
    assert (await anne.send("GET", API)).json()["rows"] == []


async def test_one_item_is_asked_for_by_its_label_or_its_id(house: House, anne: Browser) -> None:
    desk = await furnished(house, anne)
    origin = await house.cloud.unit.read(lambda work: audit.origin_of(work, house.tenant))
    label = ItemId(desk.item).label
    told = {"origin": origin, "authority": "W", "handed_to": "R", "reason": "theft", "hidden": []}
    for text in (label.lower(), desk.item):
        fresh = {"bayward-code": anne.code(ANNE, fresh=True)}
        asked = await anne.send("POST", API, json=told | {"item": text}, headers=fresh)
        assert asked.status_code == 202, asked.text
        assert asked.json()["item"] == desk.item
        await house.packs_made()
        pack = await anne.send("GET", f"{API}/{asked.json()['name']}/pack")
        verdict = verify_zip(pack.content)
        assert verdict.ok
        assert verdict.logs[0].closed == verdict.logs[0].end - verdict.logs[0].start - 1
        assert KNIFE["detail"].encode() in read_zip(pack.content)[1]["data/custody.csv"]
    fresh = {"bayward-code": anne.code(ANNE, fresh=True)}
    none = await anne.send("POST", API, json=told | {"item": "ITM-0000000000"}, headers=fresh)
    assert (none.status_code, none.json()["code"]) == (422, "evidence.item")


async def test_nothing_that_names_somebody_leaves_unless_it_is_said(
    house: House, anne: Browser, world: World
) -> None:
    """Not said is not "nothing kept back"; the very same fields as on the page."""
    seen = {}
    unsaid: dict[str, Any] = {}
    for name, more in (("unsaid", unsaid), ("all", {"hidden": []})):
        fresh = {"bayward-code": anne.code(ANNE, fresh=True)}
        asked = await anne.send("POST", API, json=body(world, **more), headers=fresh)
        await house.packs_made()
        pack = await anne.send("GET", f"{API}/{asked.json()['name']}/pack")
        lines = read_zip(pack.content)[1]["data/bank/records.ndjson"].splitlines()
        seen[name] = {
            Disclosure.parse(one).name for line in lines for one in json.loads(line)["disclosures"]
        }
    assert seen["all"] & KEPT_BACK
    assert seen["unsaid"] == seen["all"] - KEPT_BACK
