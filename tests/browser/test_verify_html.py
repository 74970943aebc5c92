"""verify.html as somebody opens it: from the disk, in Chromium, with no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from attacked_log import HONEST
from bayward.ledger.pack import bag
from bayward.ledger.pack.verify import verify_zip
from differential import TRUSTED as GIVEN
from differential import by_command, document
from ledger_bench import IMPOSTOR, LOG, Bench, event, witness
from pack_bench import BAG, BANK, TENANT, PackBench, by_library, resealed, zipped
from page_bench import VERIFY_HTML

pytestmark = pytest.mark.browser

BENCH = PackBench()
FILES = BENCH.files()
TRUSTED = [TENANT.key, BANK.key, witness().key]
KEYS = "\n".join(
    f"witness {key.name} {key.vkey}" if key.is_cosigner else f"log {key.vkey}" for key in TRUSTED
)


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
        if made.older:
            continue
        found, trust, _ = judged(page, f"{case}.{made.kind}", made.raw)
        expected = by_command(made, tmp_path)
        assert expected[:2] == (found, trust), case


def test_a_folder(chromium: Browser, tmp_path: Path) -> None:
    for path, body in FILES.items():
        place = tmp_path / BAG / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    page, _ = opened(chromium)
    page.locator("#folder").set_input_files(tmp_path / BAG)
    expect(page.locator("main[data-verdict=good]")).to_be_visible(timeout=20_000)
