"""The tools on a log that another program has made (Tessera, in Go): every step of its life."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from audit_state import Audit
from bayward.ledger.keys import parse_vkey
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proof import parse_proof
from bayward.ledger.tiles import decode_bundle

FILE = json.loads((Path(__file__).parents[2] / "vectors/foreign/tessera.json").read_text())
KEY = ("--key", FILE["vkey"])
WORDS = b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten"
LEAVES = WORDS.split()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    for name, content in FILE["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(base64.b64decode(content))
    return folder


def grow(log: Path, size: int) -> None:
    (log / "checkpoint").write_text(FILE["checkpoints"][size])


def test_a_monitor_and_a_witness_follow_it_from_its_first_day(
    audit: Audit, log: Path, tmp_path: Path
) -> None:
    watch = ("monitor", log, "--state", tmp_path / "state.json", "--once", "--foreign", *KEY)
    me = ("--name", "example.org/me", "--state", tmp_path / "me", *KEY)
    for size in range(16):
        grow(log, size)
        assert audit(*watch)[0] == 0
        code, said = audit("witness", "pull", log, *me)
        assert (code, f"→ {size} entries, cosigned" in said) == (0, True), said
    grow(log, 14)
    assert audit(*watch)[0] == 1
    assert audit("witness", "pull", log, *me)[0] == 1


@pytest.mark.parametrize("size", [1, 2, 7, 8, 15])
def test_each_entry_is_proven_at_each_size(audit: Audit, log: Path, size: int) -> None:
    grow(log, size)
    key = parse_vkey(FILE["vkey"])
    for index in range(size):
        code, said = audit("prove", log, index, *KEY)
        assert code == 0
        parse_proof(said.partition("proven: ")[0]).verify(LEAVES[index], key)
    assert audit("prove", log, size, *KEY)[0] == 2


def test_its_bundles_are_its_words() -> None:
    for size in range(1, 16):
        bundle = base64.b64decode(FILE["files"][f"tile/entries/000.p/{size}"])
        tile = base64.b64decode(FILE["files"][f"tile/0/000.p/{size}"])
        assert decode_bundle(bundle, size) == LEAVES[:size]
        assert b"".join(leaf_hash(one) for one in LEAVES[:size]) == tile


def test_a_changed_word_is_named(audit: Audit, log: Path, tmp_path: Path) -> None:
    grow(log, 15)
    file = log / "tile/entries/000.p/15"
    file.write_bytes(file.read_bytes().replace(b"eit", b"ate"))
    state = tmp_path / "state.json"
    code, said = audit("monitor", log, "--state", state, "--once", "--foreign", *KEY)
    assert code == 1
    assert "body/leaf mismatch at 7" in said


def test_two_of_its_days_are_one_log(audit: Audit, log: Path, tmp_path: Path) -> None:
    grow(log, 15)
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text(FILE["checkpoints"][6])
    new.write_text(FILE["checkpoints"][15])
    code, said = audit("diff", old, new, "--log", log, *KEY)
    assert (code, "old is the beginning of new" in said) == (0, True), said
