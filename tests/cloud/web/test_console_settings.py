from __future__ import annotations

import pytest

from bayward.core.events import EventType
from cloud_house import ANNE, Browser, House
from step_up_form import confirmed


@pytest.mark.parametrize(
    "form",
    [{"language": "xx", "zone": "UTC"}, {"language": "en", "zone": "Mars/Olympus"}],
)
async def test_what_we_do_not_know_is_refused(
    house: House, anne: Browser, form: dict[str, str]
) -> None:
    answer = await confirmed(anne, await anne.post("/console/settings", form), ANNE)
    assert answer.status_code == 422
    assert await house.events(EventType.SETTING_CHANGED) == []


async def test_what_stays_as_it_was_is_no_event(house: House, anne: Browser) -> None:
    form = {"language": "en", "zone": "UTC"}
    answer = await confirmed(anne, await anne.post("/console/settings", form), ANNE)
    assert answer.status_code == 303
    assert await house.events(EventType.SETTING_CHANGED) == []


async def test_the_language_is_what_new_people_get(anne: Browser) -> None:
    form = {"language": "pl", "zone": "UTC"}
    await confirmed(anne, await anne.post("/console/settings", form), ANNE)
    page = await anne.get("/console/people/new")
    assert '<option value="pl" selected>' in page.text
