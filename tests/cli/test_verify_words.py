"""What the verifiers say to people: nothing that is not proven, and why they cannot read a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cli import main
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import ecdsa_signer
from bayward.ledger.merkle import leaf_hash
from ledger_bench import event
from pack_bench import PackBench, resealed, standalone, zipped
from page_bench import Page

ORIGIN = "example.org/bank/1"
SIGNER = ecdsa_signer(ORIGIN, ec.derive_private_key(7, ec.SECP256R1()))
ENTRIES = 20
BENCH = PackBench()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with Page() as one:
        yield one


def export() -> list[bytes]:
    entries = [event(number) for number in range(ENTRIES)]
    hashes = [leaf_hash(one.leaf) for one in entries]
    frontier, _ = Frontier().extend(hashes)
    note = sign_checkpoint(Checkpoint(ORIGIN, ENTRIES, frontier.root), [SIGNER])
    lines = [LogHeader(SIGNER.key, note).line]
    lines += [
        LogEntry(number, hashes[number], one.leaf, tuple(one.disclosures)).line
        for number, one in enumerate(entries)
    ]
    return lines


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "the file is empty"),
        (b"hello\n", "neither an evidence pack (ZIP or folder), nor a receipt or a chain"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n", "neither an evidence pack"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "neither an evidence pack"),
        (b'{"name": "somebody else\'s"}\n', "neither an evidence pack"),
    ],
)
def test_a_file_of_no_kind_cannot_be_read_and_is_told_what_was_expected(
    raw: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], page: Page
) -> None:
    """By every verifier; it is no receipt that does not hold."""
    file = tmp_path / "file"
    file.write_bytes(raw)
    assert main(["verify", str(file), "--json"]) == 2
    said = capsys.readouterr()
    assert (said.out, f"{file}: " in said.err, told in said.err) == ("", True, True)
    assert standalone().main([str(file)]) == 2
    assert told in capsys.readouterr().err
    assert page.ask("verify", file=raw, keys=[], older=[]) == {"error": "verify.kind"}


def test_what_a_broken_file_does_not_prove_is_not_said(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A line taken out, lines cut off, a signature of nobody; a pack whose entry is gone."""
    lines = export()
    told = json.loads(lines[0])
    told["checkpoint"] = told["checkpoint"].replace(f"\n{ENTRIES}\n", f"\n{ENTRIES + 1}\n")
    forged = [json.dumps(told, separators=(",", ":")).encode() + b"\n", *lines[1:]]
    files = BENCH.files()
    rows = files["data/bank-7/records.ndjson"].splitlines(keepends=True)
    cut = resealed({**files, "data/bank-7/records.ndjson": b"".join(rows[:-1])})
    receipt = json.loads(BENCH.receipt(3).text)
    receipt["tlog_proof"] = receipt["tlog_proof"].replace("\n45\n", "\n46\n")
    for raw in (
        b"".join(lines[:6] + lines[7:]),
        b"".join(lines[:-3]),
        b"".join(forged),
        zipped(cut),
        json.dumps(receipt).encode(),
    ):
        file = tmp_path / "broken"
        file.write_bytes(raw)
        assert main(["verify", str(file)]) == 1
        assert standalone().main([str(file)]) == 1
        said = capfdbinary.readouterr().out.decode()
        assert said.count("DOES NOT VERIFY") == 2
        assert not re.search("from the first to the last|all of them|all here", said), said
        assert not re.search(r"\b0 entries then|^entry |^ENTRY ", said, re.MULTILINE), said
    whole = tmp_path / "whole"
    whole.write_bytes(b"".join(lines))
    assert main(["verify", str(whole)]) == 0
    assert standalone().main([str(whole)]) == 0
    said = capfdbinary.readouterr().out.decode()
    assert said.count(f"{ENTRIES} entries, from the first to the last") == 1
    assert said.count(f"{ENTRIES} entries read, from the first to the last") == 1
    for words in ("self-asserted: it came with", "whether what was recorded was true when it was"):
        assert said.count(words) == 2, "the same words in both"


def test_what_stands_in_the_way_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, picture = tmp_path / "log.jsonl", tmp_path / "picture.pdf"
    log.write_bytes(b"".join(export()))
    picture.write_bytes(b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n")
    for words, told in (
        (["--key", "nonsense"], "--key 'nonsense': not a key, which is name+id+base64"),
        (["--policy", str(picture)], f"{picture}: not text in UTF-8"),
        (["--policy", str(tmp_path)], f"{tmp_path}: Is a directory"),
        (["--older", str(tmp_path / "none")], f"{tmp_path / 'none'}: No such file or directory"),
        (["--older", str(picture)], f"{picture}: not text in UTF-8"),
    ):
        for name, run in (
            ("bayward verify", lambda asked: main(["verify", *asked])),
            ("verify.py", standalone().main),
        ):
            assert run([str(log), *words]) == 2
            said = capsys.readouterr().err
            assert said.startswith(f"{name}: {told}"), said
            assert "Errno" not in said
            assert "codec" not in said


def test_a_signature_that_does_not_hold_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(export()[0])
    told["checkpoint"] = told["checkpoint"].replace(f"\n{ENTRIES}\n", f"\n{ENTRIES + 1}\n")
    line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join([line, *export()[1:]]))
    assert main(["verify", str(log)]) == 1
    said = capsys.readouterr().out
    assert "does not hold" in said
    assert "signature.invalid" not in said
