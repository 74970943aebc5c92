from __future__ import annotations

import re

import pytest

from bayward.core.errors import Unavailable
from cloud_house import House


async def test_files_with_the_right_version_are_kept_for_ever(house: House) -> None:
    assets = house.cloud.desk.renderer.assets
    browser = house.browser()
    answer = await browser.get(assets.url("css/tokens.css"))
    assert "immutable" in answer.headers["cache-control"]
    old = await browser.get("/static/0123456789/css/tokens.css")
    assert old.headers["cache-control"] == "no-cache"
    tag = {"If-None-Match": answer.headers["etag"]}
    again = await browser.get(assets.url("css/tokens.css"), headers=tag)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["../render.py", "%2e%2e/render.py", "css", "css/none.css", "//x"])
async def test_no_path_leads_out_of_the_folder(house: House, name: str) -> None:
    assert (await house.browser().get(f"/static/{name}")).status_code == 404


async def test_the_phones_worker_and_manifest(house: House) -> None:
    worker = await house.browser().get("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["service-worker-allowed"] == "/"
    assert worker.headers["cache-control"] == "no-cache"
    manifest = await house.browser().get("/manifest.webmanifest")
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    assert manifest.json()["name"]


async def test_the_worker_can_fetch_all_it_keeps(house: House) -> None:
    browser = house.browser()
    script = (await browser.get("/sw.js")).text
    kept = re.findall(r'"(/[^"]+)"', script.partition("self.addEventListener")[0])
    assert "/offline" in kept
    for path in kept:
        assert (await browser.get(path)).status_code == 200, path


async def test_a_supervisor_is_told_alive_and_ready(house: House) -> None:
    browser = house.browser()
    assert (await browser.get("/healthz")).json() == {"status": "alive"}
    assert (await browser.get("/readyz")).json() == {"status": "ready"}


async def test_without_a_database_it_lives_but_is_not_ready(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise Unavailable("storage.full")

    monkeypatch.setattr(house.cloud.desk.unit, "read", fail)
    browser = house.browser()
    assert (await browser.get("/healthz")).status_code == 200
    answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "storage.full"})


async def test_search_engines_stay_out(house: House) -> None:
    assert "Disallow: /" in (await house.browser().get("/robots.txt")).text
