from __future__ import annotations

import json

import msgspec
import pytest

from bayward.cloud.incidents import service as incidents
from bayward.core.events import EventType
from bayward.core.ids import IncidentId
from bayward.wire.upload import UploadRefused
from cloud_house import Browser, House, World


async def refused(house: House, world: World) -> IncidentId:
    """The bank of the world came back with its log of two entries ago."""
    bank = world.bank
    old = bank.log.size - 2
    hello = msgspec.structs.replace(bank.hello, size=old, checkpoint=bank.log.note(old))
    with pytest.raises(UploadRefused):
        await house.cloud.ingest.hello(bank.device, hello)
    found = await house.cloud.unit.read(
        lambda work: incidents.incidents(work, world.tenant, bank=bank.id)
    )
    return next(one.id for one in found if one.kind == EventType.BANK_LOG_REFUSED.value)


async def test_an_administrator_is_told_what_it_means_and_what_to_do(
    house: House, anne: Browser, world: World
) -> None:
    incident = await refused(house, world)
    page = await anne.get(f"/console/incidents/{incident}")
    assert "The locker came back with an older log" in page.text
    assert "2 entries that we hold are not on its storage any more" in page.text
    assert "--new-epoch" in page.text
    (href,) = {
        part.partition('"')[0]
        for part in page.text.split('href="')
        if part.startswith(f"/console/incidents/{incident}/evidence/")
    }
    answer = await anne.get(href)
    assert answer.headers["content-disposition"].endswith('.json"')
    told = json.loads(answer.text)
    assert told["known"] != told["offered"]
    assert told["vkey"] == world.bank.log.signer.key.vkey


async def test_other_incidents_show_none_and_lead_to_no_evidence(
    house: House, anne: Browser, world: World
) -> None:
    incident = await refused(house, world)
    other = await anne.get(f"/console/incidents/{world.incident}")
    assert "What contradicts what" not in other.text
    for number in ("999", "x", "9" * 30):
        answer = await anne.get(f"/console/incidents/{incident}/evidence/{number}")
        assert answer.status_code == 404
