"""Two administrators and a knife: what tests of the pages about items begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from bayward.core.ids import PersonId
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House
from step_up_form import confirmed

BERT = "bert@example.com"
KNIFE = {
    "kind": "evidence",
    "detail": "Kitchen knife, 21 cm",
    "case": "26-1187",
    "exhibit": "A1",
    "party": "patrol 14",
    "seal": "S1",
}
INTACT = {"seal": "S1", "result": "intact"}


@dataclass
class Desk:
    """Anne holds the knife; Bert may take it over."""

    house: House
    anne: Browser
    bert: Browser
    bert_id: PersonId
    item: str

    @property
    def url(self) -> str:
        return f"/console/items/{self.item}"

    async def by_anne(self, act: str, **form: Any) -> httpx.Response:
        """Anne does it, with a fresh code when she is asked for one."""
        return await do(self.anne, f"{self.url}/{act}", form, ANNE)

    async def by_bert(self, act: str, **form: Any) -> httpx.Response:
        return await do(self.bert, f"{self.url}/{act}", form, BERT)


async def do(browser: Browser, url: str, form: dict[str, Any], email: str) -> httpx.Response:
    answer = await browser.post(url, form)
    is_asked = answer.status_code == 403 and 'name="code"' in answer.text
    return await confirmed(browser, answer, email) if is_asked else answer


async def furnished(house: House, anne: Browser) -> Desk:
    bert_id = await house.person("Bert", Role.ADMIN)
    await house.browser().join(bert_id, "Bert")
    bert = await house.browser().be("Bert")
    answer = await do(anne, "/console/items/new", KNIFE, ANNE)
    assert answer.status_code == 303, answer.text
    item = answer.headers["location"].rpartition("/")[2]
    return Desk(house, anne, bert, bert_id, item)
