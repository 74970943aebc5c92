from __future__ import annotations

import html
import json
import re
import zlib

from bayward.cloud.audit import service as audit
from bayward.cloud.unit import Place
from bayward.cloud.web.receipt_link import LINK_CHARS_MAX, SHOWN, link_of
from bayward.ledger.leaf import Disclosure
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64url_bytes
from bayward.ledger.verify import verify_receipt
from cloud_bench import CloudBench, story
from cloud_house import Browser, House, World


def receipt_in(link: str) -> str:
    fragment = link.partition("#r=")[2]
    return zlib.decompress(base64url_bytes(fragment, "link"), -zlib.MAX_WBITS).decode()


async def a_receipt(cloud: CloudBench) -> Receipt:
    bank = await story(cloud)
    head = (await cloud.do(audit.logs, bank.tenant))[1]

    return await cloud.do(audit.receipt, bank.tenant, Place(head.origin, head.size - 1))


async def test_the_link_holds_a_receipt_that_verifies_and_little_else(cloud: CloudBench) -> None:
    receipt = await a_receipt(cloud)
    link = link_of("https://lockers.example.com", receipt)
    assert link is not None
    assert link.startswith(f"https://lockers.example.com/verify/{receipt.key.name}#r=")
    verdict = verify_receipt(receipt_in(link), [receipt.key])
    assert verdict.ok
    assert set(verdict.fields) <= set(SHOWN)
    full = {Disclosure.parse(one).name for one in receipt.disclosures}
    assert full - set(verdict.fields)


async def test_a_link_that_no_code_could_hold_is_none(cloud: CloudBench) -> None:
    receipt = await a_receipt(cloud)
    assert link_of("https://" + "a" * LINK_CHARS_MAX, receipt) is None


async def test_the_page_by_link_and_in_the_console(
    house: House, anne: Browser, world: World
) -> None:
    for browser, url in (
        (house.browser(), f"/p/{world.link}/receipt"),
        (anne, f"/console/parcels/{world.parcel}/receipt"),
    ):
        page = await browser.get(f"{url}/page")
        assert page.status_code == 200
        [link] = re.findall(r'href="([^"]*#r=[^"]*)"', page.text)
        told = receipt_in(html.unescape(link))
        assert verify_receipt(told, [world.bank.log.signer.key]).ok
        assert json.loads(told)["kind"] == "bayward-receipt"
        assert f'href="{url}"' in page.text
        assert world.link not in link, "no secret goes into the code"
