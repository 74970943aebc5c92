from __future__ import annotations

import re

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.hideable import KEPT_BACK
from bayward.cloud.web.console_evidence import OTHER, SOMEBODYS, TYPED
from bayward.core.events import EventType
from bayward.core.ids import ItemId
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.verify import verify_receipt
from cloud_house import ANNE, Browser, House, World
from item_desk import furnished
from step_up_form import confirmed


def form(world: World, **more: str) -> dict[str, str]:
    told = {
        "origin": world.bank.log.signer.key.name,
        "authority": "Warrant 7",
        "handed_to": "Det. Ruiz",
        "reason": "theft",
        "hidden": "actor",
    }
    return told | more


async def made(house: House, anne: Browser, world: World) -> str:
    """A pack that was asked for in the console, as far as the worker has brought it."""
    asked = await anne.post("/console/evidence", form(world))
    answer = await confirmed(anne, asked, ANNE)
    assert answer.headers["location"] == "/console/evidence"
    [told] = await house.events(EventType.EVIDENCE_REQUESTED)
    await house.packs_made()
    return str(told.subject)


async def test_a_pack_is_asked_for_made_and_fetched(
    house: House, anne: Browser, world: World
) -> None:
    name = await made(house, anne, world)
    page = await anne.get("/console/evidence")
    assert name in page.text
    assert f"/console/evidence/{name}/pack" in page.text
    pack = await anne.get(f"/console/evidence/{name}/pack")
    assert pack.headers["content-disposition"] == f'attachment; filename="{name}.zip"'
    verdict = verify_zip(pack.content)
    assert verdict.ok, verdict.findings
    receipt = await anne.get(f"/console/evidence/{name}/receipt")
    assert verify_receipt(receipt.text).fields["detail"] == verdict.digest


async def test_without_a_fresh_factor_nothing_is_asked_for(
    house: House, anne: Browser, world: World
) -> None:
    answer = await anne.post("/console/evidence", form(world))
    assert "evidence-" not in answer.text
    assert not await house.events(EventType.EVIDENCE_REQUESTED)


async def test_what_is_missing_is_said_beside_its_field(
    house: House, anne: Browser, world: World
) -> None:
    asked = await anne.post("/console/evidence", form(world, authority=" "))
    answer = await confirmed(anne, asked, ANNE)
    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    assert "Det. Ruiz" in answer.text, "what was typed is still there"
    bad = await anne.post("/console/evidence", form(world, since="yesterday"))
    assert bad.status_code == 422


async def test_a_pack_is_for_who_asked_for_it(house: House, anne: Browser, world: World) -> None:
    name = await made(house, anne, world)

    def another(work: object) -> None:
        work.tx.exec_driver_sql("UPDATE evidence SET person = 'prs_other'")  # type: ignore[attr-defined]  # a Work

    await house.do(another)
    assert (await anne.get(f"/console/evidence/{name}/pack")).status_code == 403
    page = await anne.get("/console/evidence")
    assert f"/console/evidence/{name}/pack" not in page.text


async def test_every_field_that_can_name_somebody_is_offered_and_ticked(
    anne: Browser, world: World
) -> None:
    page = (await anne.get("/console/evidence")).text
    boxes = dict(re.findall(r'name="hidden" value="(\w+)"( checked)?', page))
    assert {name for name, is_ticked in boxes.items() if is_ticked} == KEPT_BACK
    assert "The second person, who bore witness" in page, "in words"
    assert {*SOMEBODYS, *TYPED} == KEPT_BACK
    assert not KEPT_BACK & set(OTHER)


async def test_what_was_unticked_stays_so(house: House, anne: Browser, world: World) -> None:
    """No box ticked is not the same as nothing said."""
    nothing = form(world, authority=" ", hidden="")
    answer = await confirmed(anne, await anne.post("/console/evidence", nothing), ANNE)
    assert answer.status_code == 422
    assert " checked" not in answer.text
    unsaid = {name: text for name, text in nothing.items() if name != "hidden"}
    answer = await confirmed(anne, await anne.post("/console/evidence", unsaid), ANNE)
    assert answer.text.count(" checked") == len(KEPT_BACK)


async def test_a_pack_of_one_item_is_asked_for_by_its_label(house: House, anne: Browser) -> None:
    label = ItemId((await furnished(house, anne)).item).label
    origin = await house.cloud.unit.read(lambda work: audit.origin_of(work, house.tenant))
    told = {"origin": origin, "authority": "W", "handed_to": "R", "reason": "theft", "hidden": ""}
    wrong = await anne.post("/console/evidence", told | {"item": "ITM-0000000000"})
    answer = await confirmed(anne, wrong, ANNE)
    assert answer.status_code == 422
    assert "No entry of this range is about such an item." in answer.text
    asked = await anne.post("/console/evidence", told | {"item": f" {label} "})
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    assert f"only {label}" in (await anne.get("/console/evidence")).text
