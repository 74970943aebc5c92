"""verify.html reads what is plain in a quick way; it must judge as the others do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bayward.ledger.export import LogHeader
from bayward.ledger.leaf import DISCLOSURE_CHARS_MAX, digest
from bayward.ledger.log import Log
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.strict import base64_text, base64url_text
from bayward.ledger.verify import verify_log
from ledger_bench import LOG, Bench, MemoryStore
from pack_bench import (
    BANK,
    FOLDER,
    TENANT,
    Findings,
    PackBench,
    by_library,
    by_script_here,
    keys,
    resealed,
    zipped,
)
from page_bench import Page

BENCH = PackBench()
FILES = BENCH.files()
RECORDS = f"data/{FOLDER}/records.ndjson"
ROWS = FILES[RECORDS].splitlines(keepends=True)
KNOWN = [TENANT.key, BANK.key]
SALTS = [base64url_text(bytes([n]) * 18) for n in range(3)]
LONGEST = DISCLOSURE_CHARS_MAX * 3 // 4 - len(
    json.dumps([SALTS[0], "a", ""], separators=(",", ":"))
)


def judged_pack(files: dict[str, bytes], page: Page, tmp_path: Path) -> Findings:
    raw = zipped(files)
    (tmp_path / "pack.zip").write_bytes(raw)
    said = by_library(verify_zip(raw, KNOWN))
    assert by_script_here(tmp_path / "pack.zip", *keys(*KNOWN)) == said
    assert page.verify(raw, [key.vkey for key in KNOWN]) == said
    return said[0]


def judged_log(texts: list[str], page: Page, tmp_path: Path, leaf: bytes = b"") -> Findings:
    """About a log of one entry with these disclosures, which are all in its leaf."""
    digests = ",".join(f'"{one}"' for one in sorted(map(digest, texts)))
    leaf = leaf or b'{"_sd":[%s],"v":1}' % digests.encode()
    log = Log(MemoryStore(), lambda: [LOG])
    log.append([leaf])
    entry = {"index": 0, "hash": base64_text(leaf_hash(leaf)), "leaf": base64_text(leaf)}
    line = json.dumps(entry | {"disclosures": texts}, separators=(",", ":")).encode() + b"\n"
    lines = [LogHeader(LOG.key, log.note).line, line]
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines))
    said = by_library(verify_log(lines, [LOG.key]))
    assert by_script_here(tmp_path / "log.jsonl", *keys(LOG.key)) == said
    assert page.verify(b"".join(lines), [LOG.key.vkey]) == said
    return said[0]


def reordered(members: dict[str, Any]) -> bytes:
    return json.dumps(dict(reversed(members.items()))).encode() + b"\n"


SPELLED: dict[str, tuple[Callable[[bytes], bytes], Findings]] = {
    "spaces": (lambda line: line.replace(b":", b" : ", 1), []),
    "other order": (lambda line: reordered(json.loads(line)), []),
    "escapes": (lambda line: line.replace(b"leaf", b"\\u006ceaf"), []),
    "a tab behind": (lambda line: line.replace(b"\n", b"\t\n"), []),
    "a name twice": (lambda line: line.replace(b"{", b'{"index":13,', 1), [("malformed", 3)]),
    "a fraction": (lambda line: line.replace(b":13,", b":13.0,"), [("malformed", 3)]),
    "an exponent": (lambda line: line.replace(b":13,", b":13e0,"), [("malformed", 3)]),
    "a zero before": (lambda line: line.replace(b":13,", b":013,"), [("malformed", 3)]),
    "more than a double holds": (
        lambda line: line.replace(b":13,", b":%d," % (2**53 + 1)),
        [("gap", 13)],
    ),
    "no object": (lambda line: b"[%s]\n" % line.strip(), [("malformed", 3)]),
    "null": (lambda _line: b"null\n", [("malformed", 3)]),
    "a text": (lambda _line: b'"index"\n', [("malformed", 3)]),
    "one member more": (lambda line: line.replace(b"{", b'{"__proto__":1,', 1), [("malformed", 3)]),
    "an object in a list": (lambda line: line.replace(b'":["', b'":[{},"'), [("malformed", 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", SPELLED)
def test_a_record_in_another_spelling(page: Page, tmp_path: Path, name: str) -> None:
    change, expected = SPELLED[name]
    line = change(ROWS[2])
    assert line != ROWS[2]
    files = resealed({**FILES, RECORDS: b"".join([*ROWS[:2], line, *ROWS[3:]])})
    assert judged_pack(files, page, tmp_path)[:1] == expected


PLAIN = ["null", "true", "0", "-1", str(2**53 - 1), '""', '"a b"', '"\x7f"', f'"{"a" * LONGEST}"']
OTHERWISE = ['"\u00e9"', '"\\n"', '"\\""', "[]", '[1,"a"]', '{"a":1,"b":null}']
WRONG = ["-0", "1.0", "1e0", str(2**53), '"\\u0041"', '"\\ud800"', '{"b":1,"a":1}', " 1", "", "1,2",
         f'"{"a" * (LONGEST + 1)}"']  # fmt: skip


@pytest.mark.parametrize("value", [*PLAIN, *OTHERWISE, *WRONG])
def test_a_field_in_every_spelling(page: Page, tmp_path: Path, value: str) -> None:
    """Alone, and among others that are plain."""
    field, plain, more = (
        base64url_text(f'["{SALTS[n]}","{name}",{told}]'.encode())
        for n, (name, told) in enumerate([("a", value), ("b", '"x"'), ("c", "7")])
    )
    expected = [] if value not in WRONG else [("disclosure malformed", 0)]
    for texts in ([field], [field, plain, more], [plain, field, more], [plain, more, field]):
        assert judged_log(texts, page, tmp_path) == expected
    assert judged_log([plain, more, plain], page, tmp_path) == [("leaf malformed", 0)]
    again = base64url_text(f'["{SALTS[2]}","b","x"]'.encode())
    assert judged_log([plain, again], page, tmp_path) == [("field disclosed twice", 0)]


def test_a_field_that_needs_the_end_of_another(page: Page, tmp_path: Path) -> None:
    """Joined, their bytes would be UTF-8 and JSON; each alone is not."""
    whole = f'["{SALTS[0]}","a","\u00e9"]'.encode()
    cut = whole.index(b"\xa9")
    halves = [base64url_text(one) for one in (whole[:cut], whole[cut:])]
    assert judged_log(halves, page, tmp_path) == [("disclosure malformed", 0)]


DIGESTS = sorted(digest(str(n)) for n in range(257))
LEAVES: dict[str, tuple[Any, Findings]] = {
    "none": (DIGESTS[:0], []),
    "one": (DIGESTS[:1], []),
    "as many as may be": (DIGESTS[:256], []),
    "one more": (DIGESTS, [("leaf malformed", 0)]),
    "one twice": ([DIGESTS[0], DIGESTS[0]], [("leaf malformed", 0)]),
    "out of order": ([DIGESTS[1], DIGESTS[0], DIGESTS[2]], [("leaf malformed", 0)]),
    "a bit to spare": ([DIGESTS[0][:-1] + "B"], [("leaf malformed", 0)]),
    "another alphabet": (["+" + DIGESTS[0][1:]], [("leaf malformed", 0)]),
    "no letter": (["\u00e9" + DIGESTS[0][2:]], [("leaf malformed", 0)]),
    "too short": ([DIGESTS[0][:-1]], [("leaf malformed", 0)]),
    "too long": ([DIGESTS[0] + "A"], [("leaf malformed", 0)]),
    "empty": ([""], [("leaf malformed", 0)]),
    "a quote": ([DIGESTS[0][:-2] + '",'], [("leaf malformed", 0)]),
}


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf(page: Page, tmp_path: Path, name: str) -> None:
    digests, expected = LEAVES[name]
    body = ",".join(f'"{one}"' for one in digests)
    leaf = f'{{"_sd":[{body}],"v":1}}'.encode()
    assert judged_log([], page, tmp_path, leaf) == expected
    for cut in (leaf[1:], leaf[:-1], leaf + b"\n", leaf[:9], b"", b"x" * 17):
        if cut:
            assert judged_log([], page, tmp_path, cut) == [("leaf malformed", 0)]


def test_audit_14_a_large_file_that_the_browser_hashes(page: Page, tmp_path: Path) -> None:
    large = resealed({**FILES, "data/large.bin": bytes(range(256)) * 1024})
    assert judged_pack(large, page, tmp_path) == []
    large["data/large.bin"] = b"\x01" + large["data/large.bin"][1:]
    assert judged_pack(large, page, tmp_path) == [("file altered", None)]


def test_how_far_it_is(page: Page) -> None:
    """Told every sixteen records, when a tenth of a second has passed; here it always has."""
    export, pack = b"".join(Bench.of(300, LOG).lines()), zipped(BENCH.files(BENCH.slice(0, 45)))
    for raw, times in ((export, 18), (pack, 2)):
        shares = page.ask("progress", file=raw)
        assert len(shares) == times
        assert shares == sorted(set(shares))
        assert all(0 < share <= 1 for share in shares)
