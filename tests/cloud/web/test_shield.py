from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bayward.cloud.web import limits
from bayward.cloud.web.shield import cookies_of
from bayward.core.events import EventType
from cloud_house import ANNE, PASSWORD, URL, Browser, House, Template, open_house

LOGIN = {"email": ANNE, "password": PASSWORD}


def bare(house: House, url: str = URL) -> httpx.AsyncClient:
    """A client that says nothing about where it comes from."""
    transport = httpx.ASGITransport(app=house.cloud.app)  # type: ignore[arg-type]  # two spellings of one protocol
    return httpx.AsyncClient(transport=transport, base_url=url)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{URL}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": URL},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
async def test_identity_51_a_form_from_elsewhere_is_refused(
    house: House, anne: Browser, headers: dict[str, str]
) -> None:
    async with bare(house) as client:
        client.cookies.set("sid", str(anne.cookie))
        for path in ("/sign-in", "/console/settings", "/step-up", "/sign-out", "/api/v1/people"):
            answer = await client.post(path, data=LOGIN, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "http.origin" in answer.text or "another site" in answer.text
    assert (await anne.get("/console")).status_code == 200  # nobody signed her out


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": URL},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},  # Chromium, under no-referrer
    ],
)
async def test_a_form_of_our_own_is_taken(house: House, headers: dict[str, str]) -> None:
    async with bare(house) as client:
        answer = await client.post("/sign-in", data=LOGIN, headers=headers)
        assert answer.status_code == 303


async def test_a_program_with_its_session_in_a_header_needs_no_origin(
    house: House, anne: Browser
) -> None:
    async with bare(house) as client:
        bearer = {"Authorization": f"Bearer {anne.cookie}"}
        assert (await client.get("/api/v1/people", headers=bearer)).status_code == 200
        made = await client.post("/api/v1/people", json={"name": "Rosa"}, headers=bearer)
        assert made.status_code == 201
        other = {"Authorization": "Basic YW5uZTp4"}
        client.cookies.set("sid", str(anne.cookie))
        refused = await client.get("/api/v1/people", headers=other)
        assert refused.status_code == 401  # a header is believed alone


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "10.0.0.1"])
async def test_another_host_name_is_not_ours(house: House, host: str) -> None:
    async with bare(house) as client:
        answer = await client.get("/sign-in", headers={"Host": host})
        assert answer.status_code == 403


async def test_every_answer_carries_the_headers(house: House, anne: Browser) -> None:
    for path in ("/console", "/sign-in", "/nowhere", "/api/v1/people", "/static/css/tokens.css"):
        answer = await anne.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
    assert (await anne.get("/console")).headers["cache-control"] == "no-store"


async def test_each_page_has_a_nonce_of_its_own(anne: Browser) -> None:
    pages = [await anne.get("/console") for _ in range(2)]
    nonces = [page.headers["content-security-policy"].split("nonce-")[1][:22] for page in pages]
    assert nonces[0] != nonces[1]
    for page, nonce in zip(pages, nonces, strict=True):
        assert f'nonce="{nonce}"' in page.text


async def test_identity_49_over_tls_the_cookie_is_bound_to_this_host(
    tmp_path: Path, template: Template
) -> None:
    url = "https://lockers.example.com"
    async with open_house(tmp_path / "state", template, public_url=url) as house:
        async with bare(house, url) as client:
            answer = await client.post("/sign-in", data=LOGIN, headers={"Origin": url})
            cookie = answer.headers["set-cookie"]
            name, _, rest = cookie.partition("=")
            assert name == "__Host-sid"
            for part in ("; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"):
                assert part in rest
            assert "Domain" not in rest
            assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        whole = (await house.browser().be("Anne")).cookie
        async with bare(house, url) as client:
            for forged in (f"sid={whole}", f"Host-sid={whole}", f"__Secure-sid={whole}"):
                answer = await client.get("/console", headers={"Cookie": forged})
                assert answer.headers["location"] == "/sign-in"
            right = await client.get("/console", headers={"Cookie": f"__Host-sid={whole}"})
            assert right.status_code == 200


async def test_a_large_body_is_turned_away(anne: Browser) -> None:
    answer = await anne.post("/console/people/new", {"name": "x" * limits.BODY_BYTES_MAX})
    assert answer.status_code == 413


async def test_a_flood_from_one_address_is_told_when_to_come_back(
    tmp_path: Path, template: Template
) -> None:
    async with open_house(tmp_path / "state", template, requests_per_s_max=2) as house:
        browser = house.browser()
        told = [(await browser.get("/sign-in")).status_code for _ in range(14)]
        assert told.count(200) == 12
        late = await browser.get("/sign-in")
        assert (late.status_code, late.headers["retry-after"]) == (429, "1")
        house.wait(500)
        assert (await browser.get("/sign-in")).status_code == 200


async def test_a_language_is_chosen_by_link_by_cookie_or_by_the_browser(house: House) -> None:
    browser = house.browser()
    german = await browser.get("/me/sign-in", headers={"Accept-Language": "de-CH,en;q=0.5"})
    assert '<html lang="de"' in german.text
    polish = await browser.get("/me/sign-in?lang=pl")
    assert '<html lang="pl"' in polish.text
    assert '<html lang="pl"' in (await browser.get("/me/sign-in")).text
    strange = await browser.get("/me/sign-in?lang=../../etc", headers={"Cookie": "lang=xx"})
    assert '<html lang="en"' in strange.text


def test_the_first_of_two_cookies_counts() -> None:
    assert cookies_of("sid=first; sid=second; lang=de") == {"sid": "first", "lang": "de"}
    assert cookies_of("") == {}


async def test_problems_for_programs_are_problem_documents(anne: Browser) -> None:
    answer = await anne.get("/api/v1/parcels/prc_" + "0" * 26)
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert (told["status"], told["code"]) == (404, "parcel")
    assert told["type"] == "urn:bayward:problem:parcel"
    assert told["title"]
    assert told["instance"].startswith("urn:bayward:trace:")


async def test_what_breaks_unforeseen_tells_a_number_and_no_secret(
    house: House, anne: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret detail")

    monkeypatch.setattr("bayward.cloud.web.console_people.people_store.search", explode)
    answer = await anne.get("/console/people")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    printed = capsys.readouterr().out
    assert "ZeroDivisionError" in printed
    assert str(anne.cookie) not in printed


async def test_identity_101_paths_that_hold_secrets_are_not_logged(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    world = await house.furnish()
    browser = house.browser()
    await browser.get(f"/p/{world.link}")
    await browser.get(f"/l/{world.link}")
    await browser.get(f"/setup/{world.link}")
    await browser.post("/sign-in", LOGIN)
    printed = capsys.readouterr().out
    assert world.link not in printed
    assert PASSWORD not in printed
    assert str(browser.cookie) not in printed
    assert "/p/{token}" in printed
    told = await house.events(EventType.SIGN_IN_REFUSED)
    assert all(world.link not in str(event) for event in told)
