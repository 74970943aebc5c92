from __future__ import annotations

import pytest

from bayward.cloud.unit import OPERATOR
from bayward.cloud.web.asking import NotSignedIn, StepUpRefused
from bayward.cloud.web.problems import STATUS, status_of
from bayward.core.errors import (
    BaywardError,
    Conflict,
    Denied,
    Invalid,
    LimitExceeded,
    Misconfigured,
    NotFound,
    Unavailable,
)
from bayward.core.events import EventType
from cloud_house import Browser, House, World


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Denied("grant.used"), 403),
        (Denied("session.idle"), 401),
        (NotSignedIn("sign_in.refused"), 401),
        (StepUpRefused("totp.wrong"), 403),
        (NotFound("parcel"), 404),
        (Conflict("grant.move"), 409),
        (Invalid("id.malformed"), 422),
        (LimitExceeded("rate"), 429),
        (Unavailable("storage.full"), 503),
        (Misconfigured("keys.missing"), 500),
    ],
)
def test_each_kind_of_error_has_one_status(error: BaywardError, status: int) -> None:
    assert status_of(error) == status


def test_the_whole_tree_is_mapped() -> None:
    assert set(STATUS) == set(BaywardError.__subclasses__())


async def test_people_get_a_page_and_programs_a_document(house: House, anne: Browser) -> None:
    page = await anne.get("/console/parcels/prc_x")
    assert page.headers["content-type"].startswith("text/html")
    assert page.status_code == 404
    told = await anne.get("/console/parcels/prc_x", headers={"accept": "application/json"})
    assert told.headers["content-type"].startswith("application/problem+json")
    assert told.json()["code"] == "thing"


async def test_residents_are_sent_home_not_to_the_console(house: House) -> None:
    page = await house.browser().get("/p/" + "0" * 26)
    assert page.status_code == 404
    assert 'href="/me"' in page.text
    assert 'href="/console"' not in page.text


async def test_the_wrong_method_and_a_malformed_body_are_told(house: House, anne: Browser) -> None:
    wrong = await anne.send("PUT", "/api/v1/banks", json={})
    assert (wrong.status_code, wrong.json()["code"]) == (405, "http.method")
    assert "POST" in wrong.headers["allow"]
    broken = await anne.send(
        "POST", "/api/v1/people", content=b"{", headers={"content-type": "application/json"}
    )
    assert broken.status_code in {400, 422}
    assert broken.json()["code"] == "http.invalid"


async def test_the_texts_are_in_the_readers_language(house: House) -> None:
    answer = await house.browser().get(
        "/api/v1/banks", headers={"accept-language": "de", "cookie": ""}
    )
    english = await house.browser().get("/api/v1/banks")
    assert answer.status_code == english.status_code == 401
    assert answer.json()["title"] != english.json()["title"]


async def test_who_may_not_see_the_console_is_not_sent_back_to_it(
    house: House, world: World
) -> None:
    rosa = await house.browser().be("Rosa1")
    refused = await rosa.get("/console")
    assert refused.status_code == 403
    assert 'href="/me"' in refused.text
    assert 'href="/console"' not in refused.text


async def test_m45_strangers_are_counted_in_the_platforms_log(house: House, anne: Browser) -> None:
    browser = house.browser()
    browser.take_cookie("a" * 40)
    for _ in range(3):
        await browser.get("/console")
    await house.browser().get("/console")  # nobody yet, and no stranger
    token = "0" * 26
    await house.browser().get(f"/l/{token}")
    await house.browser().post(f"/l/{token}")
    await house.browser().get("/s/no-such-page")
    await house.cloud.strangers.tell(is_everything=True)
    told = await house.events(EventType.STRANGER_REFUSED, OPERATOR)
    assert [(one.reason, one.count) for one in told] == [("session.unknown", 3), ("link", 2)]
    assert not await house.events(EventType.STRANGER_REFUSED)
