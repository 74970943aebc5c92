from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from bayward.cloud.audit.receipt_words import LIFE_MS
from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.ids import BankId
from bayward.ledger.chain import verify_chained
from bayward.ledger.leaf import Disclosure
from bayward.ledger.receipt import lines_of_chain, parse_receipt
from bayward.ledger.verdict import Trust
from bayward.ledger.verify import verify_receipt
from bayward.ui.i18n import catalogues
from bayward.wire import receipt_word
from cloud_bench import BankTwin, named
from cloud_house import House, World
from qr_pictures import on_page

DEPOSITED = EventType.PARCEL_DEPOSITED


def url_of(bank: BankTwin, kind: EventType = DEPOSITED) -> str:
    """What the kiosk of this bank shows after its last entry of a type."""
    for entry in reversed(bank.log.entries):
        fields = {one.name: one.value for one in map(Disclosure.parse, entry.disclosures)}
        if fields["type"] == kind.value:
            raw = receipt_word.word_of(kind, bank.log.signer.key.name, entry.disclosures)
            assert raw is not None
            return f"/receipt/{bank.id}/{receipt_word.spell(raw)}"
    raise AssertionError(kind)


async def test_a_courier_without_any_account_sees_and_keeps_his_receipt(
    house: House, world: World
) -> None:
    url = url_of(world.bank)
    page = await house.browser().get(url)
    assert page.status_code == 200
    assert "Left at Lobby 1, door 01" in page.text
    assert "UPS" in page.text
    assert 'content="noindex"' in page.text
    assert page.headers["cache-control"] == "no-store"
    codes = r"<svg.*?</svg>|#r=[\w-]+"  # where any two letters may stand side by side
    without_picture = re.sub(codes, "", page.text, flags=re.DOTALL)
    for word in ("Rosa", world.rosa, "4B", world.grant, world.link):
        assert word not in without_picture
    [file] = re.findall(r'href="([^"]+)" download', page.text)
    answer = await house.browser().get(html.unescape(file))
    assert answer.headers["content-type"].startswith("application/json")
    verdict = verify_receipt(answer.text, [world.bank.log.signer.key])
    assert verdict.ok
    assert verdict.fields["parcel"] == world.parcel
    assert "recipient" not in verdict.fields
    [drawn] = on_page(page.text)
    assert drawn.startswith(f"http://localhost:8000/verify/{world.bank.log.signer.key.name}#r=")


async def test_what_a_courier_keeps_leads_to_the_anchor_once_it_is_there(
    house: House, world: World
) -> None:
    """And names neither the recipient nor anything else that the receipt alone does not show."""
    url = f"{url_of(world.bank)}/file"
    alone = (await house.browser().get(url)).text
    await house.cloud.anchoring.enter()
    answer = await house.browser().get(url)
    assert answer.headers["content-type"] == "application/jsonl"
    anchor = house.cloud.unit.house.keys.log_signer("lockers.example.com/anchor").key
    verdict = verify_chained(answer.text, [anchor])
    assert (verdict.ok, verdict.trust) == (True, Trust.TRUSTED)
    assert verdict.fields == verify_chained(alone).fields
    for line in lines_of_chain(answer.text)[1:]:
        told = {one.name for one in map(Disclosure.parse, parse_receipt(line).disclosures)}
        assert told <= {"type", "time", "tq", "origin", "log_size", "log_root", "log_key", "bank"}
    for word in (world.rosa, world.grant, world.link):
        assert word not in answer.text


async def test_the_one_who_collected_has_one_too(house: House, world: World) -> None:
    await house.release(world)
    world.bank.collect(1)
    await world.bank.upload(house.cloud.ingest)
    page = await house.browser().get(url_of(world.bank, EventType.PARCEL_COLLECTED))
    assert page.status_code == 200
    assert "Collected at Lobby 1, door 01" in page.text
    assert "UPS" not in page.text


@pytest.mark.parametrize("code", catalogues().codes())
async def test_both_pages_speak_every_language(house: House, world: World, code: str) -> None:
    url, words = url_of(world.bank), catalogues()[code]
    browser = house.browser()
    page = await browser.get(f"{url}?lang={code}")
    assert words.text("receipt.keep", days=90) in html.unescape(page.text)
    page = await browser.get(f"/receipt/{world.bank.id}/{'0' * 32}")
    assert words.text("receipt.awaited_title") in html.unescape(page.text)
    assert f'lang="{code}"' in page.text


async def test_before_the_bank_has_sent_it_the_page_says_so(house: House, world: World) -> None:
    await house.release(world)
    world.bank.deposit(7, recipient=world.rosa, courier=world.carl, door=3)
    url = url_of(world.bank)
    page = await house.browser().get(url)
    assert page.status_code == 404
    assert "Not here yet" in page.text
    assert "Lobby 1" in page.text
    assert f'href="{url}"' in page.text
    assert (await house.browser().get(f"{url}/file")).status_code == 404
    await world.bank.upload(house.cloud.ingest)
    page = await house.browser().get(url)
    assert page.status_code == 200
    assert "door 03" in page.text


async def test_identity_102_a_wrong_word_learns_nothing(house: House, world: World) -> None:
    """Guessed, malformed, another tenant's, too old: the page of one that is still to come."""
    other = await house.furnish(await house.second_tenant(), 2)
    browser = house.browser()
    blank = await browser.get(f"/receipt/{world.bank.id}/{'0' * 32}")
    assert blank.status_code == 404
    mine, theirs = url_of(world.bank), url_of(other.bank)
    word = theirs.rpartition("/")[2]

    def plain(text: str, path: str) -> str:
        return re.sub(r'nonce="[^"]*"', "", text.replace(path, "PATH"))

    for odd in ("k" * 32, word, "x", "%2e%2e", mine.rpartition("/")[2][:-1] + "~"):
        path = f"/receipt/{world.bank.id}/{odd}"
        page = await browser.get(path)
        assert page.status_code == 404
        shown = plain(page.text, html.escape(path.replace("%2e", ".")))
        assert shown == plain(blank.text, f"/receipt/{world.bank.id}/{'0' * 32}"), odd
        assert (await browser.get(f"{path}/file")).status_code == 404
    for bank in (named(BankId, 9), "bank_x", world.parcel):
        answer = await browser.get(f"/receipt/{bank}/{word}")
        assert answer.status_code in {404, 422}
        assert "Lobby" not in answer.text
    house.wait(LIFE_MS)
    page = await browser.get(mine)
    assert plain(page.text, mine) == plain(blank.text, f"/receipt/{world.bank.id}/{'0' * 32}")


async def test_identity_102_guessing_is_slowed_down(house: House, world: World) -> None:
    browser = house.browser()
    for _ in range(limits.RECEIPT_FROM.burst):
        assert (await browser.get(f"/receipt/{world.bank.id}/{'0' * 32}")).status_code == 404
    assert (await browser.get(url_of(world.bank))).status_code == 429
    assert (await browser.get(f"{url_of(world.bank)}/file")).status_code == 429


async def test_the_word_is_in_no_log_of_the_program(
    house: House, world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = url_of(world.bank)
    await house.browser().get(url)
    await house.browser().get(f"{url}/file")
    word = url.rpartition("/")[2]
    told = capsys.readouterr()
    assert "/receipt/{bank}/{word}" in told.out + told.err
    assert word not in told.out + told.err
    for file in (tmp_path / "state").rglob("*"):
        assert not file.is_file() or word.encode() not in file.read_bytes(), file
