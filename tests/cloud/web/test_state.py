from __future__ import annotations

import pytest

from cloud_house import House


@pytest.mark.parametrize(
    ("path", "home"), [("/console/x", "/console"), ("/p/x", "/me"), ("/me/x", "/me")]
)
async def test_the_way_out_fits_who_is_lost(house: House, path: str, home: str) -> None:
    page = await house.browser().get(path)
    assert page.status_code in {303, 404}
    if page.status_code == 404:
        assert f'href="{home}"' in page.text


async def test_machines_are_answered_in_json(house: House) -> None:
    for path in ("/api/v1/banks", "/enrol/x", "/api/nothing"):
        answer = await house.browser().get(path)
        assert answer.headers["content-type"].startswith("application/problem+json"), path
