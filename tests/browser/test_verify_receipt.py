"""Receipts of the real ledger, checked by the page's own sums in a real browser."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from playwright.sync_api import Browser, Page, Route, expect

from bayward.ledger.chain import chain_text
from bayward.ledger.checkpoint import sign_checkpoint
from bayward.ledger.dense import Frontier, inclusion_proof
from bayward.ledger.keys import Signer, ecdsa_signer, ed25519_signer
from bayward.ledger.leaf import SALT_BYTES, seal
from bayward.ledger.log import plan_append
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64url_text
from bayward.ui.gallery.world import NOW
from bayward.ui.render import Renderer, security_headers
from bayward.ui.views.verify import KnownLog, Verify
from pack_bench import BANK, PackBench

pytestmark = pytest.mark.browser

ORIGIN = "northgate.example/lobby-a"
ENTRIES = 11
SIGNERS = {
    "p256": ecdsa_signer(ORIGIN, ec.derive_private_key(7, ec.SECP256R1())),
    "ed25519": ed25519_signer(ORIGIN, ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))),
}


@dataclass
class Hashes:
    stored: list[bytes] = field(default_factory=list)

    def read_hashes(self, indexes: Sequence[int]) -> Sequence[bytes]:
        return [self.stored[index] for index in indexes]


def receipt(signer: Signer, index: int) -> str:
    sealed = [
        seal(
            {"type": "parcel.collected", "parcel": f"prc_{n}"},
            b"".join(bytes([n, place]) + bytes(SALT_BYTES - 2) for place in range(2)),
        )
        for n in range(ENTRIES)
    ]
    planned = plan_append(Frontier(), [one.leaf for one in sealed])
    note = sign_checkpoint(planned.checkpoint(ORIGIN), [signer])
    hashes = inclusion_proof(index, ENTRIES, Hashes(list(planned.stored_hashes)))
    proof = Proof(index, tuple(hashes), note)
    return Receipt(signer.key, proof, sealed[index].leaf, sealed[index].disclosures).text


def known(signer: Signer) -> Verify:
    log = KnownLog(
        origin=ORIGIN, vkey=signer.key.vkey, name="Lobby A", size=ENTRIES, root="", at=NOW
    )
    return Verify(known=(log,))


def verdict(chromium: Browser, gallery: str, view: Verify, text: str) -> tuple[str, list[bool]]:
    context = chromium.new_context(base_url=gallery, service_workers="block")
    page: Page = context.new_page()
    html = Renderer().page(view, nonce="gallery", now=NOW)

    def answer(route: Route) -> None:
        route.fulfill(
            body=html, content_type="text/html", headers=dict(security_headers("gallery"))
        )

    page.route("**/verify", answer)
    page.goto("/verify")
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Check it").click()
    box = page.locator(".verdict")
    expect(box).to_be_visible()
    told = str(box.get_attribute("data-verdict"))
    steps = [one.get_attribute("data-bad") is None for one in box.locator("li").all()]
    context.close()
    return told, steps


@pytest.mark.parametrize("kind", SIGNERS)
@pytest.mark.parametrize("index", [0, 4, ENTRIES - 1])
def test_a_true_receipt_is_found_true(
    chromium: Browser, gallery: str, kind: str, index: int
) -> None:
    signer = SIGNERS[kind]
    text = receipt(signer, index)
    assert verdict(chromium, gallery, known(signer), text) == ("good", [True] * 4)


def test_a_log_nobody_vouches_for_is_said_to_be_unknown(chromium: Browser, gallery: str) -> None:
    text = receipt(SIGNERS["p256"], 3)
    told = verdict(chromium, gallery, known(SIGNERS["ed25519"]), text)
    assert told == ("unknown_log", [True, True, True, False])


def tampered(what: str) -> str:
    told = json.loads(receipt(SIGNERS["p256"], 3))
    other = json.loads(receipt(SIGNERS["p256"], 4))
    if what == "leaf":
        told["leaf"] = other["leaf"]
    elif what == "disclosure":
        told["disclosures"] = other["disclosures"]
    elif what == "path":
        told["tlog_proof"] = told["tlog_proof"].replace("index 3", "index 2")
    elif what == "size":
        told["tlog_proof"] = told["tlog_proof"].replace(f"\n{ENTRIES}\n", f"\n{ENTRIES + 1}\n")
    elif what == "key":
        told["vkey"] = SIGNERS["ed25519"].key.vkey
    elif what == "kind":
        told["kind"] = "something-else"
    return json.dumps(told)


@pytest.mark.parametrize("what", ["leaf", "disclosure", "path", "size", "key", "kind"])
def test_audit_a_changed_receipt_does_not_hold(chromium: Browser, gallery: str, what: str) -> None:
    told, steps = verdict(chromium, gallery, known(SIGNERS["p256"]), tampered(what))
    assert told == "bad"
    assert not steps or not all(steps[:3])


def test_a_scanned_link_is_checked_by_itself_and_says_what_is_not_proven(
    chromium: Browser, gallery: str
) -> None:
    signer = SIGNERS["p256"]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    raw = packer.compress(receipt(signer, 3).encode()) + packer.flush()
    fragments = {"good": base64url_text(raw), "bad": "AAAA"}
    for view, told in ((known(signer), "good"), (Verify(), "unknown_log"), (Verify(), "bad")):
        fragment = fragments.get(told, fragments["good"])
        verdict, words, asked = scanned(chromium, gallery, view, fragment)
        assert verdict == told
        assert ("what was never recorded" in words) is (told != "bad")
        assert ("whose the key is" in words) is (told == "unknown_log")
        assert ("This is a receipt alone" in words) is (told != "bad")
        assert not [url for url in asked if fragment in url.partition("#")[0]], "it stays here"


def scanned(
    chromium: Browser, gallery: str, view: Verify, fragment: str
) -> tuple[str | None, str, list[str]]:
    context = chromium.new_context(base_url=gallery, service_workers="block")
    page = context.new_page()
    html = Renderer().page(view, nonce="gallery", now=NOW)

    def answer(route: Route) -> None:
        headers = dict(security_headers("gallery"))
        route.fulfill(body=html, content_type="text/html", headers=headers)

    asked: list[str] = []
    page.route("**/verify", answer)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/verify#r={fragment}")
    box = page.locator(".verdict")
    expect(box).to_be_visible()
    found = box.get_attribute("data-verdict"), box.inner_text(), asked
    context.close()
    return found


def test_a_receipt_with_the_logs_above_it(chromium: Browser, gallery: str) -> None:
    """What is downloaded once the anchor holds it: more lines, and the same word."""
    bench = PackBench()
    text = chain_text([bench.receipt(3), *bench.chain])
    log = KnownLog(
        origin=BANK.key.name, vkey=BANK.key.vkey, name="Lobby A", size=45, root="", at=NOW
    )
    found, steps = verdict(chromium, gallery, Verify(known=(log,)), text)
    assert (found, steps) == ("good", [True] * 4)
    swapped = chain_text([bench.receipt(3), bench.chain[1], bench.chain[0]])
    assert verdict(chromium, gallery, Verify(known=(log,)), swapped)[0] == "bad"
