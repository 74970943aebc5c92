"""`bayward audit export` against a real control plane over real HTTP."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from audit_state import Audit
from bayward.cli.audit import export
from bayward.cloud.audit import service as audit_service
from bayward.cloud.audit.hideable import KEPT_BACK
from bayward.cloud.audit.store import LogHead
from bayward.core.events import EventType
from bayward.ledger.pack.archive import read_zip
from cloud_house import ANNE, House, Template, open_house


@pytest.fixture
async def house(furnished: Template, tmp_path: Path) -> AsyncIterator[House]:
    with capture_logs():  # what the control plane says is not what the tool says
        async with open_house(
            tmp_path / "house",
            furnished,
            http_port=0,
            link_port=0,
            enrol_port=0,
            public_url="http://127.0.0.1:0",
            has_listeners=True,
        ) as house:
            yield house


async def heads(house: House) -> list[LogHead]:
    found = await house.cloud.unit.read(lambda work: audit_service.logs(work, house.tenant))
    return [one for one in found if one.size]


async def test_a_pack_is_asked_for_fetched_and_checked(
    house: House, audit: Audit, tmp_path: Path
) -> None:
    browser = await house.browser().be("Anne")
    token = tmp_path / "token"
    token.write_text(f"{browser.cookie}\n")
    token.chmod(0o600)
    tenant, bank = await heads(house)
    words = ["--origin", bank.origin, "--authority", "Warrant 7", "--handed-to", "Det. Ruiz"]
    words += ["--reason", "theft", "--hide", "method", "--show", "reason", "--out", str(tmp_path)]
    words += ["--token-file", str(token)]
    code = browser.code(ANNE, fresh=True)
    done, said = await asyncio.to_thread(
        audit, "export", house.cloud.http_url, *words, "--code", code
    )
    assert done == 0, said
    assert "\nVERIFIES\n" in said
    assert "export    logged: its receipt names this pack" in said
    [told] = await house.events(EventType.EVIDENCE_EXPORTED)
    pack, receipt = tmp_path / f"{told.subject}.zip", tmp_path / f"{told.subject}.receipt.json"
    assert json.loads(receipt.read_text())["kind"] == "bayward-receipt"
    checked = await asyncio.to_thread(audit, "verify", pack, "--key", tenant.vkey)
    assert checked[0] == 0, checked[1]
    kept = KEPT_BACK - {"reason"} | {"method"}
    words_of_pack = read_zip(pack.read_bytes())[1]["README.txt"].decode()
    assert f"Fields kept back: {', '.join(sorted(kept))}\n" in words_of_pack
    done, said = await asyncio.to_thread(
        audit, "export", house.cloud.http_url, *words, "--code", "000000"
    )
    assert done == 2, said
    assert "refuses: totp.wrong" in said, "its session goes on; the code is what is wrong"
    assert token.read_text().strip() != browser.cookie
    assert token.stat().st_mode & 0o777 == 0o600


def test_nobody_there(audit: Audit, tmp_path: Path) -> None:
    words = ["--origin", "o", "--authority", "a", "--handed-to", "b", "--reason", "c"]
    token = tmp_path / "token"
    token.write_text("x")
    code, said = audit("export", "http://127.0.0.1:1", *words, "--code", "1", "--token-file", token)
    assert code == 2
    assert "bayward audit export:" in said
    assert (
        audit("export", "http://127.0.0.1:1", *words, "--code", "1", "--token-file", "no")[0] == 2
    )


def test_what_is_asked_for_is_what_was_said() -> None:
    """One item; and a field that can name somebody is kept back unless it is shown."""
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(422, json={"code": "evidence.item", "detail": "none"})

    words = ["http://x", "--origin", "o", "--authority", "a", "--handed-to", "b", "--reason", "c"]
    words += ["--token-file", "t", "--code", "1", "--item", "ITM-1"]
    parser = argparse.ArgumentParser()
    export.add_parser(parser.add_subparsers())
    with httpx.Client(base_url="http://x", transport=httpx.MockTransport(answer)) as client:
        for more in ([], ["--show", "all", "--hide", "seal"]):
            asked = parser.parse_args(["export", *words, *more])
            with pytest.raises(export.Refused, match=r"evidence\.item"):
                export.export(client, asked, lambda _: None)
    assert [body["item"] for body in bodies] == ["ITM-1", "ITM-1"]
    assert [body["hidden"] for body in bodies] == [sorted(KEPT_BACK), ["seal"]]
