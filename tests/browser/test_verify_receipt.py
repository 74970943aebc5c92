"""Receipts of the real ledger, checked by the page's own sums in a real browser."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

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
from pack_bench import ANCHOR, BANK, TENANT, PackBench

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


def verdict(
    chromium: Browser, gallery: str, view: Verify, text: str, told: Sequence[KnownLog] = ()
) -> tuple[str, list[bool]]:
    """The verdict and its steps; `told` are logs that the server knows when it is asked."""
    box, steps, _ = checked(chromium, gallery, view, text, told)
    return box, steps


def checked(
    chromium: Browser,
    gallery: str,
    view: Verify,
    given: str | FilePayload,
    told: Sequence[KnownLog] = (),
) -> tuple[str, list[bool], str]:
    """The same with all that the page says."""
    context = chromium.new_context(base_url=gallery, service_workers="block")
    page: Page = context.new_page()
    html = Renderer().page(view, nonce="gallery", now=NOW)

    def answer(route: Route) -> None:
        route.fulfill(
            body=html, content_type="text/html", headers=dict(security_headers("gallery"))
        )

    def key_of(route: Route) -> None:
        assert not route.request.post_data, "the receipt stays in the browser"
        logs = [one for one in told if route.request.url.endswith("/verify/" + one.origin)]
        names = ("origin", "vkey", "name")
        route.fulfill(json={"logs": [{name: getattr(one, name) for name in names} for one in logs]})

    page.route("**/verify/**", key_of)
    page.route("**/verify", answer)
    page.goto("/verify")
    if isinstance(given, str):
        page.get_by_role("textbox").fill(given)
        page.get_by_role("button", name="Check it").click()
    else:
        page.locator("input[type=file]").set_input_files(given)
    box = page.locator(".verdict")
    expect(box).to_be_visible()
    found = str(box.get_attribute("data-verdict"))
    marks = ("data-bad", "data-open")
    steps = [
        all(one.get_attribute(mark) is None for mark in marks) for one in box.locator("li").all()
    ]
    said = box.inner_text()
    context.close()
    return found, steps, said


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
    found, steps, said = checked(chromium, gallery, Verify(known=(log,)), text)
    assert (found, steps) == ("good", [True] * 4 + [False] * 2), "nobody here knows those above"
    assert "Recorded in the log above, demo/anchor, which had 2 entries then" in said
    told = [
        log,
        *(replace(log, origin=one.name, vkey=one.vkey) for one in (TENANT.key, ANCHOR.key)),
    ]
    assert verdict(chromium, gallery, Verify(), text, told) == ("good", [True] * 6)
    swapped = chain_text([bench.receipt(3), bench.chain[1], bench.chain[0]])
    assert verdict(chromium, gallery, Verify(known=(log,)), swapped)[0] == "bad"


def test_a_pasted_receipt_of_this_very_server_is_known(chromium: Browser, gallery: str) -> None:
    """To a stranger the page names no log, so it asks for the one that the receipt names."""
    signer = SIGNERS["p256"]
    text = receipt(signer, 3)
    told = known(signer).known
    assert verdict(chromium, gallery, Verify(), text, told) == ("good", [True] * 4)
    other = known(SIGNERS["ed25519"]).known
    assert verdict(chromium, gallery, Verify(), text, other)[0] == "unknown_log"
    _, _, said = checked(chromium, gallery, Verify(), text, told)
    assert "This receipt is genuine" in said
    assert "true when it was recorded" in said
    assert f"This server does not know the log: {ORIGIN}" not in said


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "This is no receipt"),
        (b"", "This is no receipt"),
        (b'{"a": 1}', "This is no receipt"),
        (b"PK\x03\x04 and so on", "That is an evidence pack"),
        (b'{"v":1,"kind":"bayward-log"}\n', "That is an exported log"),
    ],
)
def test_what_is_no_receipt_is_told_what_it_is(
    chromium: Browser, gallery: str, raw: bytes, told: str
) -> None:
    given = FilePayload(name="x", mimeType="application/octet-stream", buffer=raw)
    found, steps, said = checked(chromium, gallery, Verify(), given)
    assert (found, steps) == ("bad", [])
    assert told in said


def test_a_server_that_is_asked_too_often_is_asked_again(chromium: Browser, gallery: str) -> None:
    """That a log is not known would be said of a server that did not answer."""
    signer = SIGNERS["p256"]
    context = chromium.new_context(base_url=gallery, service_workers="block")
    page = context.new_page()
    answers = [429, 429, 200]
    logs = [{"origin": ORIGIN, "vkey": signer.key.vkey, "name": "Lobby A"}]

    def key_of(route: Route) -> None:
        route.fulfill(status=answers.pop(0), headers={"retry-after": "1"}, json={"logs": logs})

    def answer(route: Route) -> None:
        html = Renderer().page(Verify(), nonce="gallery", now=NOW)
        headers = dict(security_headers("gallery"))
        route.fulfill(body=html, content_type="text/html", headers=headers)

    page.route("**/verify/**", key_of)
    page.route("**/verify", answer)
    page.goto("/verify")
    page.get_by_role("textbox").fill(receipt(signer, 3))
    page.get_by_role("button", name="Check it").click()
    expect(page.locator(".verdict[data-verdict=good]")).to_be_visible(timeout=20_000)
    assert not answers
    context.close()
