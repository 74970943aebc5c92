"""A seal that was found broken, or a custody that was interrupted, stays where it is looked for."""

from __future__ import annotations

import csv
import io
import re

import pytest

from cloud_house import Browser, House
from item_desk import INTACT, Desk, furnished

TAG = re.compile(r"<[^>]*>")
LAB = "State Laboratory"


def plain(page: str) -> str:
    """The words of a page, one blank between them."""
    return " ".join(TAG.sub(" ", page).split())


@pytest.fixture
async def desk(house: House, anne: Browser) -> Desk:
    return await furnished(house, anne)


async def interrupted(desk: Desk) -> str:
    return plain((await desk.anne.get("/console/items?state=interrupted")).text)


async def test_a_new_seal_does_not_take_a_broken_one_off_the_list(desk: Desk) -> None:
    assert "no seal was ever found broken" in await interrupted(desk)
    await desk.by_anne("check", seal="S1", result="broken")
    assert "line 2: Anne found seal S1 broken; no new seal since" in await interrupted(desk)
    await desk.by_anne("seal", seal="S2", reason="was broken")
    after = "line 2: Anne found seal S1 broken; new seal S2 put on by Anne, line 3"
    assert after in await interrupted(desk)
    page = (await desk.anne.get(desk.url)).text
    assert after in plain(page)
    assert page.count('data-severity="critical"') == 1
    paper = (await desk.anne.get(f"{desk.url}/form")).text
    assert "Seal now S2, intact Found " in plain(paper)
    assert after in plain(paper)
    assert paper.count('class="is-broken"') == 1
    assert "Seal broken: Seal S1 checked" in plain(paper)


async def test_what_was_interrupted_is_listed_with_when_and_by_whom(desk: Desk) -> None:
    await desk.by_bert("take", reason="Anne is ill")
    found = "line 2: Bert took it over without a hand-over"
    assert found in await interrupted(desk)
    assert "Seal now S1, intact Held" not in plain((await desk.anne.get(f"{desk.url}/form")).text)


async def outside(desk: Desk) -> None:
    await desk.by_anne("release", party=LAB, authority="order 7")
    await desk.by_bert("witness", **INTACT)


async def test_it_comes_back_with_the_seal_of_the_laboratory(desk: Desk) -> None:
    await outside(desk)
    form = (await desk.anne.get(f"{desk.url}/return")).text
    for value in ("intact", "broken", "replaced", "missing"):
        assert f'value="{value}"' in form, value
    wrong = await desk.by_anne("return", seal="L7", result="intact")
    assert wrong.status_code == 422
    assert "if another seal is on it, say so below" in wrong.text
    assert (await desk.by_anne("return", seal="", result="replaced")).status_code == 422
    answer = await desk.by_anne("return", seal="L7", result="replaced", reason="analysed")
    assert answer.status_code == 303
    page = plain((await desk.anne.get(desk.url)).text)
    assert f"{LAB} → Anne" in page
    assert f"Seal S1 was replaced by L7 , put on by {LAB}" in page
    found = f"line 4: seal S1 replaced by L7, put on by {LAB}"
    assert found in await interrupted(desk)
    paper = plain((await desk.anne.get(f"{desk.url}/form")).text)
    assert "Seal now L7, intact Found " in paper
    assert "Another seal: Came back" in paper
    text = (await desk.anne.get(f"{desk.url}/custody.csv")).text
    back = list(csv.DictReader(io.StringIO(text)))[-1]
    assert (back["seal_before"], back["seal"], back["seal_state"]) == ("S1", "L7", "replaced")
    assert (back["released_by"], back["received_by"]) == (LAB, "Anne")
    assert (await desk.by_anne("check", seal="L7", result="intact")).status_code == 303


async def test_it_comes_back_opened_or_without_a_seal(desk: Desk) -> None:
    await outside(desk)
    assert (await desk.by_anne("return", seal="L7", result="missing")).status_code == 422
    assert (await desk.by_anne("return", seal="", result="missing")).status_code == 303
    found = f"line 4: seal S1 gone when it came back from {LAB}; no new seal since"
    assert found in await interrupted(desk)
    assert (await desk.by_anne("seal", seal="S2")).status_code == 303
    told = await interrupted(desk)
    assert "new seal S2 put on by Anne, line 5" in told
    api = (await desk.anne.get(f"/api/v1/items/{desk.item}")).json()
    assert (api["seal"], api["seal_state"]) == ("S2", "intact")
    assert api["seal_broken_at"] is not None
