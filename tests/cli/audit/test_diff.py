"""`bayward audit diff`: a fork is shown with the signatures that prove it, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_state import Audit
from bayward.ledger.chain import chain_text
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import ed25519_signer
from bayward.ledger.merkle import leaf_hash
from ledger_bench import IMPOSTOR, LOG, Bench, ed25519_key
from log_server import Keeper, serving
from mirror_bench import Source
from pack_bench import BANK, PackBench

KEY = ("--key", LOG.key.vkey)
TRUE, OTHER = Source(700), Source(700, b"other %d")
OTHER.entries[:50] = TRUE.entries[:50]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, source, size in (
        ("true-300", TRUE, 300),
        ("true-700", TRUE, 700),
        ("other-300", OTHER, 300),
        ("other-700", OTHER, 700),
    ):
        (tmp_path / name).write_text(source.note(size))
    return tmp_path


def export(path: Path, leaves: list[bytes]) -> Path:
    frontier, _ = Frontier().extend(leaf_hash(one) for one in leaves)
    note = sign_checkpoint(Checkpoint(LOG.key.name, frontier.size, frontier.root), [LOG])
    lines = [LogHeader(LOG.key, note).line]
    lines += [LogEntry(n, leaf_hash(one), one).line for n, one in enumerate(leaves)]
    path.write_bytes(b"".join(lines))
    return path


def test_two_checkpoints_of_one_size(audit: Audit, files: Path) -> None:
    code, said = audit("diff", files / "true-300", files / "true-300", *KEY)
    assert code == 0
    assert "THEY AGREE: the same log at the same size" in said
    code, said = audit("diff", files / "true-300", files / "other-300", *KEY)
    assert code == 1
    assert "FORK: one log, two histories" in said
    assert said.count(f"key {LOG.key.vkey}") == 2


def test_different_sizes_need_somebody_who_knows(audit: Audit, files: Path) -> None:
    code, said = audit("diff", files / "true-700", files / "true-300", *KEY)
    assert code == 2
    assert "do not say enough" in said


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with serving(Keeper(TRUE, 700)) as running:
        yield running


def test_the_log_itself_knows(audit: Audit, files: Path, keeper: Keeper) -> None:
    log = ("--log", keeper.url, *KEY)
    code, said = audit("diff", files / "true-700", files / "true-300", *log)
    assert code == 0
    assert "true-300 is the beginning of true-700" in said
    code, said = audit("diff", files / "other-300", files / "true-700", *log)
    assert code == 1
    assert "FORK" in said


def test_exports_say_where_they_part(audit: Audit, tmp_path: Path) -> None:
    mine = [b"entry %d" % n for n in range(60)]
    theirs = [*mine[:50], *(b"other %d" % n for n in range(30))]
    a, b = export(tmp_path / "a.jsonl", mine), export(tmp_path / "b.jsonl", theirs)
    code, said = audit("diff", a, b)
    assert code == 1
    assert "They part at entry 50." in said
    assert "whose key that is" in said, "the exports brought their own"
    shorter = export(tmp_path / "c.jsonl", mine[:40])
    assert audit("diff", a, shorter)[0] == 0
    assert audit("diff", shorter, b)[0] == 0
    code, said = audit("diff", a, b, *KEY)
    assert "whose key that is" not in said


def test_receipts_bring_their_key(audit: Audit, tmp_path: Path) -> None:
    paths = []
    for number, size in enumerate((5, 5, 9)):
        bench = Bench.of(size)
        path = tmp_path / f"{number}.json"
        path.write_text(bench.receipt(number).text)
        paths.append(path)
    assert audit("diff", paths[0], paths[1])[0] == 0
    assert audit("diff", paths[0], paths[2])[0] == 2


def test_a_receipt_may_have_the_logs_above_behind_it(audit: Audit, tmp_path: Path) -> None:
    """As it is downloaded: a file `.jsonl`, its own receipt in the first line."""
    receipt, now = PackBench().receipt(20), tmp_path / "now.note"
    chain, alone = tmp_path / "receipt.jsonl", tmp_path / "receipt.json"
    chain.write_text(chain_text([receipt, *PackBench().chain]), encoding="utf-8")
    alone.write_text(receipt.text, encoding="utf-8")
    now.write_text(receipt.proof.checkpoint, encoding="utf-8")
    for documents in ((now, chain), (chain, alone)):
        code, said = audit("diff", *documents, "--key", BANK.key.vkey)
        assert code == 0, said
        assert "THEY AGREE" in said


@pytest.mark.parametrize("raw", [b"", b"hello\n", b'{"a": 1}', b"%PDF-1.7\n\xff"])
def test_what_is_no_document_cannot_be_read(audit: Audit, files: Path, raw: bytes) -> None:
    (files / "x").write_bytes(raw)
    code, said = audit("diff", files / "x", files / "true-300", *KEY)
    assert code == 2
    assert "WRONG" not in said
    assert f"{files / 'x'}: " in said


def test_what_proves_nothing(audit: Audit, files: Path, tmp_path: Path) -> None:
    strange = ed25519_signer("example.com/strange", ed25519_key("strange"))
    (files / "strange").write_text(Source(300, signer=strange).note(300))
    keys = (*KEY, "--key", strange.key.vkey)
    code, said = audit("diff", files / "strange", files / "true-300", *keys)
    assert (code, "Two different logs" in said) == (2, True)
    (files / "forged").write_text(Source(300, b"x%d", IMPOSTOR).note(300))
    code, said = audit("diff", files / "forged", files / "true-300", *KEY)
    assert code == 1
    assert "note.unsigned" in said, "somebody without the key cannot make a fork"
    assert audit("diff", files / "true-300", files / "true-300")[0] == 2
    assert audit("diff", files / "none", files / "true-300", *KEY)[0] == 2
    broken = export(tmp_path / "d.jsonl", [b"a", b"b"])
    broken.write_bytes(b"\n".join(broken.read_bytes().split(b"\n")[:2]) + b"\n")
    code, said = audit("diff", broken, files / "true-300", *KEY)
    assert code == 2
    assert "do not lead to its root" in said


def test_audit_04_a_restored_backup_is_shown_by_two_signed_checkpoints(
    audit: Audit, tmp_path: Path
) -> None:
    """What somebody exported before the backup came back, against what is there now."""
    before = [b"entry %d" % n for n in range(60)]
    now = [*before[:40], *(b"later %d" % n for n in range(30))]
    a, b = export(tmp_path / "before.jsonl", before), export(tmp_path / "now.jsonl", now)
    code, said = audit("diff", a, b, *KEY)
    assert code == 1
    assert "They part at entry 40." in said
    for name, size in (("before.jsonl", 60), ("now.jsonl", 70)):
        assert f"{name}: {LOG.key.name}, {size} entries" in said
        assert f"proof     {name}: key {LOG.key.vkey}" in said


def test_audit_05_two_auditors_compare_what_they_were_shown(audit: Audit, files: Path) -> None:
    code, said = audit("diff", files / "true-700", files / "other-700", *KEY)
    assert code == 1
    assert "FORK: one log, two histories" in said
    assert said.count("proof     ") == 2
