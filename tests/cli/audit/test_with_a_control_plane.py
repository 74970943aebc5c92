"""The tools of auditors against a real control plane over real HTTP, with and without a session."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from audit_state import Audit
from bayward.cloud.audit import service as audit_service
from bayward.cloud.audit.store import LogHead
from bayward.cloud.unit import Work
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId
from bayward.ledger.witness import parse_kept
from cloud_bench import named
from cloud_house import House, open_house


@pytest.fixture(params=[True, False], ids=["open to all", "for its tenant"])
async def house(
    request: pytest.FixtureRequest, furnished_state: Path, tmp_path: Path
) -> AsyncIterator[House]:
    state = tmp_path / "house"
    shutil.copytree(furnished_state, state)
    url = "http://127.0.0.1:0"
    how: dict[str, Any] = {"http_port": 0, "link_port": 0, "enrol_port": 0, "public_url": url}
    how |= {"has_listeners": True, "public_logs": request.param}
    with capture_logs():  # what the control plane says is not what the tools say
        async with open_house(state, None, **how) as house:
            yield house


def happen(work: Work, house: House) -> None:
    event = Event(
        type=EventType.LOG_EXPORTED,
        time=work.now,
        actor=PersonId(named(PersonId, 9)),
        origin="a/b",
        log_size=1,
    )
    work.emit(event, tenant=house.tenant)


async def heads(house: House) -> list[LogHead]:
    return [
        one
        for one in await house.cloud.unit.read(lambda work: audit_service.logs(work, house.tenant))
        if one.size
    ]


async def test_everything_an_auditor_does(house: House, audit: Audit, tmp_path: Path) -> None:
    token = tmp_path / "token"
    browser = await house.browser().be("Anne")
    token.write_text(f"{browser.cookie}\n")
    session = () if house.cloud.settings.public_logs else ("--token-file", token)

    async def run(*words: object) -> tuple[int, str]:
        return await asyncio.to_thread(audit, *words)

    for number, head in enumerate(await heads(house)):
        url = f"{house.cloud.http_url}/log/{head.origin}"
        known = ("--key", head.vkey, *session)
        code, said = await run("fsck", url, "--json", *known)
        assert code == 0, said
        assert json.loads(said)["entries"] == head.size
        state, me = tmp_path / f"{number}.json", tmp_path / "me"
        watch = ("monitor", url, "--state", state, "--once", *known)
        assert await run(*watch) == (0, f"{head.origin}: 0 → {head.size}\n")
        witness = ("--name", "example.org/me", "--state", me)
        pull = ("witness", "pull", url, *witness, "--out", tmp_path / "out", *known)
        assert (await run(*pull))[0] == 0
        receipt = tmp_path / "receipt.json"
        prove = ("prove", url, 1, "--receipt", "--out", receipt, *known)
        assert (await run(*prove))[0] == 0
        assert (await run("verify", receipt, "--key", head.vkey))[0] == 0

        if "/tenant/" in head.origin:
            await house.do(lambda work: happen(work, house))
            code, said = await run(*watch)
            assert (code, said) == (0, f"{head.origin}: {head.size} → {head.size + 1}\n")
            code, said = await run(*pull)
            assert f"{head.size} → {head.size + 1} entries, cosigned" in said
            older = next((tmp_path / "out").glob("*tenant*"))
            assert parse_kept(older.read_text()).size == head.size + 1
            diff = ("diff", receipt, older, "--log", url, *known)
            code, said = await run(*diff)
            assert (code, "THEY AGREE" in said) == (0, True), said


async def test_an_auditor_holds_the_anchor_against_the_log(
    house: House, audit: Audit, tmp_path: Path
) -> None:
    """With the policy that the control plane gives out; another tenant's place is not told."""
    token = tmp_path / "token"
    browser = await house.browser().be("Anne")
    token.write_text(f"{browser.cookie}\n")
    session = () if house.cloud.settings.public_logs else ("--token-file", token)
    await house.cloud.anchoring.enter()
    head = next(one for one in await heads(house) if "/tenant/" in one.origin)
    anchor = f"{house.cloud.http_url}/log/lockers.example.com/anchor"
    policy = tmp_path / "anchor.txt"
    policy.write_text((await browser.get("/log/lockers.example.com/anchor/policy")).text)
    log = f"{house.cloud.http_url}/log/{head.origin}"
    watch = ("monitor", log, "--state", tmp_path / "s.json", "--once", "--key", head.vkey, *session)

    async def run() -> tuple[int, str]:
        return await asyncio.to_thread(audit, *watch, "--anchor", anchor, "--anchor-policy", policy)

    assert await run() == (0, f"{head.origin}: 0 → {head.size}\n")
    assert json.loads((tmp_path / "s.json.anchor").read_text())["size"] == head.size
    await house.do(lambda work: happen(work, house))
    await house.cloud.anchoring.enter()
    assert (await run())[0] == 0
    assert json.loads((tmp_path / "s.json.anchor").read_text())["size"] == head.size + 1
    bank = next(one for one in await heads(house) if "/bank/" in one.origin)
    for origin, rest in ((bank.origin, "0"), (head.origin, "x"), (head.origin, "-1")):
        assert (await browser.get(f"/log/{origin}/anchored/{rest}")).status_code == 404


async def test_a_stranger_is_told_nothing(house: House, audit: Audit, tmp_path: Path) -> None:
    head = (await heads(house))[0]
    url = f"{house.cloud.http_url}/log/{head.origin}"
    words = ("monitor", url, "--state", tmp_path / "s.json", "--once", "--key", head.vkey)
    code, said = await asyncio.to_thread(audit, *words)
    if house.cloud.settings.public_logs:
        assert code == 0
    else:
        assert (code, "HTTP 401" in said, "--token-file" in said) == (2, True, True)
