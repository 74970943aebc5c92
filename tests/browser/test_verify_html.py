"""verify.html as somebody opens it: from the disk, in Chromium, with no network."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from attacked_log import HONEST
from bayward.ledger.chain import chain_text
from bayward.ledger.log import Log
from bayward.ledger.pack import bag
from bayward.ledger.pack.stamp import read_stamp
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.receipt import Receipt
from differential import CANNOT_SAY, by_command, document
from differential import TRUSTED as GIVEN
from ledger_bench import IMPOSTOR, LOG, Bench, MemoryStore, event, witness
from mldsa_bench import GIVEN as MLDSA_GIVEN
from mldsa_bench import OTHER, YOUNG, chained
from pack_bench import (
    ANCHOR,
    BAG,
    BANK,
    TENANT,
    PackBench,
    by_library,
    policy,
    resealed,
    zipped,
)
from page_bench import VERIFY_HTML
from stamp_bench import Token, certificate, ec_key, rsa_key

pytestmark = pytest.mark.browser

MERKLE = Path(__file__).parents[1] / "vectors/foreign/merkle.json"
BENCH = PackBench()
FILES = BENCH.files()
TRUSTED = [TENANT.key, BANK.key, witness().key]
KEYS = "\n".join(
    f"witness {key.name} {key.vkey}" if key.is_cosigner else f"log {key.vkey}" for key in TRUSTED
)


CANNOT_READ: tuple[list[tuple[str, int | None]], str] = ([], "cannot be read")


def opened(chromium: Browser) -> tuple[Page, list[str]]:
    page = chromium.new_context(offline=True).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.on("console", lambda message: asked.append(message.text))
    page.goto(VERIFY_HTML.as_uri())
    return page, asked


def judged(page: Page, name: str, raw: bytes) -> tuple[list[tuple[str, int | None]], str, str]:
    page.locator("#file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": raw}
    )
    main = page.locator("main[data-verdict]", has_text=name)
    expect(main).to_be_visible(timeout=20_000)
    if main.get_attribute("data-verdict") == "unreadable":
        return *CANNOT_READ, main.inner_text()
    told = json.loads(str(main.get_attribute("data-outcome")))
    found = [(one["fault"], one["at"]) for one in told["findings"]]
    return found, told["trust"], main.inner_text()


def test_a_pack_a_receipt_and_a_log_from_the_disk(chromium: Browser) -> None:
    page, asked = opened(chromium)
    found, trust, words = judged(page, "p1.zip", zipped(FILES))
    assert (found, trust) == ([], "self-asserted")
    assert "It verifies" in words
    assert "vouches only for itself" in words
    assert "entries 11 to 28 of the 45 it had: every one is here" in words
    assert "what was never recorded" in words
    page.locator("#keys").fill(KEYS)
    found, trust, words = judged(page, "p2.zip", zipped(FILES))
    assert (found, trust) == ([], "trusted")
    assert "one you gave" in words
    page.locator("#keys").fill(f"log {LOG.key.vkey}")
    bench = Bench.of(300, LOG, witness(7))
    found, trust, words = judged(page, "r.json", bench.receipt(250).text.encode())
    assert (found, trust) == ([], "trusted")
    assert "door.opened" in words
    found, trust, _ = judged(page, "log.jsonl", b"".join(bench.lines()))
    assert (found, trust) == ([], "trusted")
    assert asked == [VERIFY_HTML.as_uri()], "no request, no complaint of the security policy"


@pytest.mark.parametrize(("name", "raw"), [("a.pdf", b"%PDF-1.7\n\xe2\xe3"), ("b.json", b"")])
def test_a_file_of_no_kind_is_told_what_was_expected(
    chromium: Browser, name: str, raw: bytes
) -> None:
    page, _ = opened(chromium)
    found, trust, words = judged(page, name, raw)
    assert (found, trust) == CANNOT_READ
    assert "It could not be checked" in words
    assert ("neither an evidence pack" if raw else "the file is empty") in words


def hostile() -> dict[str, bytes]:
    raw = zipped(FILES)
    return {
        "behind.zip": raw + b"x",
        "name.zip": raw.replace(f"{BAG}/README.txt".encode(), f"{BAG}/readme.exe".encode(), 1),
        "deflated.zip": raw[:90] + bytes([raw[90] ^ 0xFF]) + raw[91:],
        "missing.zip": zipped({k: v for k, v in FILES.items() if k != bag.MANIFEST}),
        "traversal.zip": raw.replace(f"{BAG}/README.txt".encode(), b"../evidence/README.tx"),
        "record.zip": zipped(
            resealed(
                {
                    path: body.split(b"\n", 1)[1] if path.endswith("ndjson") else body
                    for path, body in FILES.items()
                }
            )
        ),
    }


@pytest.mark.parametrize("name", hostile())
def test_audit_14_hostile_packs_in_the_browser(chromium: Browser, name: str) -> None:
    page, _ = opened(chromium)
    page.locator("#keys").fill(KEYS)
    raw = hostile()[name]
    found, trust, words = judged(page, name, raw)
    assert (found, trust) == by_library(verify_zip(raw, TRUSTED))
    assert found
    assert "It does not verify" in words


ROWS = HONEST.rows
EDITED = HONEST.with_row(10, event(900).leaf)
LOGS = {
    "edited.jsonl": (EDITED, ["body/leaf mismatch at 10"]),
    "recomputed.jsonl": (EDITED.recomputed(), ["root mismatch at 40"]),
    "deleted.jsonl": (HONEST.with_rows(*ROWS[:10], *ROWS[11:]), ["gap at 10"]),
    "cut.jsonl": (HONEST.with_rows(*ROWS[:30]), ["size mismatch"]),
    "forged.jsonl": (EDITED.recomputed().signed(IMPOSTOR), ["signature invalid"]),
}


@pytest.mark.parametrize("name", LOGS)
def test_audit_01_attacked_logs_in_the_browser(chromium: Browser, name: str) -> None:
    page, _ = opened(chromium)
    page.locator("#keys").fill(f"log {LOG.key.vkey}")
    log, expected = LOGS[name]
    found, _, words = judged(page, name, b"".join(log.lines))
    assert [fault + ("" if at is None else f" at {at}") for fault, at in found] == expected
    assert "It does not verify" in words


def test_bent_documents_get_the_word_of_the_library_in_the_browser(
    chromium: Browser, tmp_path: Path
) -> None:
    """Chromium reads UTF-8, JSON and signatures with its own code, not with that of Node."""
    page, _ = opened(chromium)
    page.locator("#keys").fill(
        "\n".join(f"{'witness w' if key.is_cosigner else 'log'} {key.vkey}" for key in GIVEN)
    )
    for case in range(100_000, 100_060):
        made = document(case)
        if made.older or made.policy is not None or made.receipt:
            continue
        found, trust, _ = judged(page, f"{case}.{made.kind}", made.raw)
        expected = by_command(made, tmp_path)
        expected = CANNOT_READ if expected == CANNOT_SAY else expected
        assert expected[:2] == (found, trust), case


def test_a_folder(chromium: Browser, tmp_path: Path) -> None:
    for path, body in FILES.items():
        place = tmp_path / BAG / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    page, _ = opened(chromium)
    page.locator("#folder").set_input_files(tmp_path / BAG)
    expect(page.locator("main[data-verdict=good]")).to_be_visible(timeout=20_000)


def test_audit_08_the_inclusion_vectors_of_another_in_the_browser(chromium: Browser) -> None:
    """All 98 of transparency-dev/merkle, by the SHA-256 and the big numbers of Chromium."""
    vectors = json.loads(MERKLE.read_text())
    page, _ = opened(chromium)
    holds = page.evaluate(
        """({ inclusion, hashes }) => inclusion.map((one) => {
          const raw = hashes.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
          const path = one.proof.map((place) => raw[place]), leaf = raw[one.leafHash];
          if ([leaf, ...path].some((hash) => hash.length !== 32)) return false;
          try {
            const found = Bayward.rootOfPath(BigInt(one.leafIdx), BigInt(one.treeSize), leaf, path);
            return Bayward.hex(found) === Bayward.hex(raw[one.root]);
          } catch (error) {
            return false;
          }
        })""",
        {
            "inclusion": [
                {**one, "leafIdx": str(one["leafIdx"]), "treeSize": str(one["treeSize"])}
                for one in vectors["inclusion"]
            ],
            "hashes": vectors["hashes"],
        },
    )
    assert len(holds) == 98
    assert holds == [not one["wantErr"] for one in vectors["inclusion"]]


def test_chain_stamps_and_the_receipt_of_the_export_in_the_browser(chromium: Browser) -> None:
    page, asked = opened(chromium)
    pin = hashlib.sha256(certificate(ec_key())).hexdigest()
    given = policy("group two 2 a b c", "quorum two", logs=[ANCHOR.key])
    page.locator("#keys").fill(given)
    stamped = BENCH.files(stamped=True)
    found, trust, words = judged(page, "p1.zip", zipped(stamped))
    assert (found, trust) == ([], "trusted")
    assert "recorded in\tdemo/anchor, which had 2 entries then" in words
    assert "outside.example/a" in words
    assert "data/anchor.txt was there at 2026-11-29 12:00:00 UTC, says Stamps" in words
    assert pin in words
    assert "Whose clock a time stamp is" in words
    page.locator("#keys").fill(f"{given}tsa {pin}\nlog {TENANT.key.vkey}\n")
    page.locator("#receipt").set_input_files(
        {
            "name": "r.json",
            "mimeType": "application/json",
            "buffer": chain_text([BENCH.exported(stamped), *BENCH.chain]).encode(),
        }
    )
    found, _, words = judged(page, "p2.zip", zipped(stamped))
    assert "Whose clock a time stamp is" not in words
    assert "chain mismatch" in words, "these links are not of the receipt of the export"
    page.locator("#keys").fill(policy(logs=[ANCHOR.key, TENANT.key]))
    receipt = BENCH.exported(stamped).text.encode()
    page.locator("#receipt").set_input_files(
        {"name": "r.json", "mimeType": "application/json", "buffer": receipt}
    )
    found, trust, words = judged(page, "p3.zip", zipped(stamped))
    assert (found, trust) == ([], "trusted")
    assert "its receipt names this pack" in words
    page.locator("#keys").fill(policy("quorum c", logs=[ANCHOR.key, TENANT.key]))
    found, _, _ = judged(page, "p4.zip", zipped(stamped))
    assert ("not witnessed", None) in found
    assert asked == [VERIFY_HTML.as_uri()], "no request, no complaint of the security policy"


@pytest.mark.parametrize("make", ["P-256", "P-384", "RSA", "RSA-PSS"])
def test_audit_17_stamps_by_the_webcrypto_of_chromium(chromium: Browser, make: str) -> None:
    key = {"P-256": ec_key(), "P-384": ec_key(384)}.get(make, rsa_key())
    token = Token(key=key, salt=32 if make == "RSA-PSS" else None, digest="sha384")
    raw = token.over(b"data")
    page, _ = opened(chromium)
    ask = """async ([token, data]) => {
      const raw = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      try {
        return await Bayward.readStamp(raw(token), raw(data));
      } catch (error) {
        return error.code;
      }
    }"""

    def said(token: bytes, data: bytes = b"data") -> object:
        return page.evaluate(ask, [base64.b64encode(one).decode() for one in (token, data)])

    true = read_stamp(raw, b"data")
    assert said(raw) == {
        "time": true.time,
        "fingerprint": true.fingerprint,
        "signer": true.signer,
    }
    assert said(raw, b"other") == "stamp.imprint"
    bent = raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:]
    assert said(bent) == "stamp.signature"


def test_a_post_quantum_witness_counts(chromium: Browser) -> None:
    page, asked = opened(chromium)
    page.locator("#keys").fill(MLDSA_GIVEN)
    for name, witness_, expected in (("y", YOUNG, []), ("o", OTHER, [("not witnessed", None)])):
        found, trust, _ = judged(page, f"{name}.jsonl", chained(witness_).encode())
        assert (found, trust) == (expected, "trusted")
    assert asked == [VERIFY_HTML.as_uri()]


def test_the_last_file_given_is_the_one_that_is_judged(chromium: Browser) -> None:
    """A check lets the page draw in between; another file may be given while it runs."""
    page, _ = opened(chromium)
    page.evaluate(
        """() => {
          const verify = Bayward.verify;
          window.held = [];
          Bayward.verify = async (raw, known, older, tell) => {
            tell(0.25);
            const found = await verify(raw, known, older, tell);
            if (!held.length) await new Promise((go) => held.push(go));
            return found;
          };
        }"""
    )
    page.locator("#file").set_input_files(
        {"name": "first.zip", "mimeType": "application/zip", "buffer": zipped(FILES)}
    )
    expect(page.locator("main progress")).to_have_attribute("value", "0.25")
    page.wait_for_function("held.length === 1")
    assert judged(page, "second.zip", zipped(FILES) + b"x")[0] == [("malformed", None)]
    page.evaluate("async () => { held[0](); await new Promise((go) => setTimeout(go)); }")
    expect(page.locator("main[data-verdict=bad]", has_text="second.zip")).to_be_visible()


def test_audit_04_what_somebody_kept_in_the_browser(chromium: Browser) -> None:
    page, asked = opened(chromium)
    page.locator("#keys").fill(f"{KEYS}\nlog {LOG.key.vkey}")

    def keep(*texts: str) -> None:
        files: list[FilePayload] = [
            {"name": f"{n}.json", "mimeType": "application/json", "buffer": text.encode()}
            for n, text in enumerate(texts)
        ]
        page.locator("#older").set_input_files(files)

    keep(BENCH.receipt(20).text)
    found, trust, words = judged(page, "p1.zip", zipped(FILES))
    assert (found, trust) == ([], "trusted")
    assert "cut back later" not in words
    other = event(900)
    forged = Log(MemoryStore(), lambda: [BANK])
    forged.append([other.leaf] * 45)
    receipt = Receipt(BANK.key, forged.prove(20), other.leaf, ()).text
    keep(BENCH.receipt(20).text, receipt)
    assert judged(page, "p2.zip", zipped(FILES))[0] == [("fork", 45), ("fork", 20)]
    longer = Bench.of(12, LOG)
    keep(longer.note)
    export = b"".join(Bench.of(9, LOG).lines())
    assert judged(page, "l1.jsonl", export)[0] == [("rollback", 12)]
    found, _, words = judged(page, "r1.json", BENCH.receipt(20).text.encode())
    assert found == []
    assert "it was given, and not compared" in words
    assert asked == [VERIFY_HTML.as_uri()]
