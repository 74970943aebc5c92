"""`bayward verify` on real logs, whole and damaged: the names of what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import bayward.ledger.standalone
from bayward.cli import main
from bayward.ledger.chain import chain_text
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.ledger.leaf import SALT_BYTES, seal
from bayward.ledger.merkle import leaf_hash
from pack_bench import ANCHOR, BANK, PackBench, policy, zipped

ORIGIN = "example.org/bank/1"
SIGNER = ecdsa_signer(ORIGIN, ec.derive_private_key(7, ec.SECP256R1()))
ENTRIES = 20
VERIFY_PY = Path(bayward.ledger.standalone.__file__).with_name("verify.py")


def export(count: int = ENTRIES, signer: Signer = SIGNER) -> list[bytes]:
    sealed = [
        seal({"type": "door.opened", "time": 1_800_000_000_000 + number}, salts(number))
        for number in range(count)
    ]
    hashes = [leaf_hash(one.leaf) for one in sealed]
    frontier, _ = Frontier().extend(hashes)
    note = sign_checkpoint(Checkpoint(ORIGIN, count, frontier.root), [signer])
    lines = [LogHeader(signer.key, note).line]
    lines += [
        LogEntry(number, hashes[number], one.leaf, tuple(one.disclosures)).line
        for number, one in enumerate(sealed)
    ]
    return lines


def salts(number: int) -> bytes:
    return b"".join(bytes([number, field]) * (SALT_BYTES // 2) for field in range(2))


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(lines: list[bytes], *more: str) -> tuple[int, str]:
        file = tmp_path / "log.ndjson"
        file.write_bytes(b"".join(lines))
        code = main(["verify", str(file), *more])
        return code, capsys.readouterr().out

    return run


def test_a_whole_log_verifies_and_says_whose_key(verify: Callable[..., tuple[int, str]]) -> None:
    code, said = verify(export())
    assert code == 0
    assert "VERIFIES" in said
    assert "compare it with one you know" in said
    assert "self-asserted: it came with the document" in said
    code, said = verify(export(), "--key", SIGNER.key.vkey)
    assert (code, "one you gave" in said) == (0, True)


def test_a_changed_byte_is_named_with_its_row(verify: Callable[..., tuple[int, str]]) -> None:
    lines = export()
    told = json.loads(lines[6])
    told["leaf"] = told["leaf"][:20] + ("A" if told["leaf"][20] != "A" else "B") + told["leaf"][21:]
    lines[6] = json.dumps(told, separators=(",", ":")).encode() + b"\n"
    code, said = verify(lines)
    assert code == 1
    assert " at 5" in said
    assert "DOES NOT VERIFY" in said


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (lambda lines: lines[:6] + lines[7:], "gap at 5"),
        (lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]], "at 5"),
        (lambda lines: lines[:-3], "size mismatch"),
        (lambda lines: [*lines[:7], lines[6], *lines[7:]], "repeated"),
        (lambda lines: [export(10)[0], *lines[1:]], "size mismatch"),
    ],
)
def test_rows_that_are_gone_swapped_cut_or_doubled_are_named(
    verify: Callable[..., tuple[int, str]],
    damage: Callable[[list[bytes]], list[bytes]],
    name: str,
) -> None:
    code, said = verify(damage(export()))
    assert code == 1
    assert name in said


def test_a_strangers_key_is_not_trusted(verify: Callable[..., tuple[int, str]]) -> None:
    other = ecdsa_signer(ORIGIN, ec.derive_private_key(8, ec.SECP256R1()))
    code, said = verify(export(), "--key", other.key.vkey)
    assert code == 1
    assert "unknown key" in said


def test_the_verdict_for_machines(verify: Callable[..., tuple[int, str]]) -> None:
    code, said = verify(export(), "--json")
    told = json.loads(said)
    assert (code, told["ok"], told["size"], told["entries"]) == (0, True, ENTRIES, ENTRIES)


def test_a_file_that_is_not_there_is_another_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


def test_an_older_checkpoint_finds_a_rollback(
    verify: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(json.loads(export(ENTRIES)[0])["checkpoint"])
    code, said = verify(export(10), "--older", str(kept))
    assert code == 1
    assert "rollback" in said
    assert "unless what you kept is the younger one" in said
    assert "older     " not in said
    code, said = verify(export(ENTRIES), "--older", str(kept))
    assert code == 0
    assert f"older     {kept}: {ENTRIES} entries then, consistent" in said


BENCH = PackBench()
CHAIN = [chain_text([one]).encode() for one in (BENCH.receipt(3), *BENCH.chain)]


def test_a_chain_is_followed_to_the_witnesses(
    verify: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    known = tmp_path / "known.txt"
    known.write_text(policy("group two 2 a b c", "quorum two", logs=[ANCHOR.key]))
    code, said = verify(CHAIN, "--policy", str(known))
    assert code == 0
    assert "above     recorded in demo/anchor, which had 2 entries then" in said
    assert "witness   outside.example/b at " in said
    code, said = verify(CHAIN[:2], "--policy", str(known))
    assert code == 1
    assert "WRONG     not witnessed: demo/bank/7/1: seen by 0 of your witnesses" in said
    assert "Ask for its chain" not in said
    code, said = verify(CHAIN[:1], "--key", BANK.key.vkey)
    assert (code, "unknown   what the logs above" in said, "Ask for its chain" in said) == (
        0, True, True,
    )  # fmt: skip
    code, said = verify([CHAIN[0], CHAIN[2], CHAIN[1]], "--key", BANK.key.vkey)
    assert code == 1
    assert "WRONG     chain mismatch at 2" in said
    assert json.loads(verify(CHAIN, "--json")[1])["chain"][1]["origin"] == "demo/anchor"


def test_a_policy_that_is_none(
    verify: Callable[..., tuple[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.txt"
    for text in ("quorum nobody\n", "group g any\n", "nonsense\n"):
        known.write_text(text)
        assert main(["verify", str(tmp_path / "none"), "--policy", str(known)]) == 2
        assert f"bayward verify: --policy {known}: line 1: " in capsys.readouterr().err
    assert verify(CHAIN, "--policy", str(tmp_path / "missing"))[0] == 2


def test_a_pack_and_the_receipt_of_its_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = BENCH.files()
    pack, receipt = tmp_path / "p.zip", tmp_path / "r.json"
    pack.write_bytes(zipped(files))
    receipt.write_text(BENCH.exported(files).text)
    words = ["verify", str(pack), "--receipt", str(receipt), "--key", ANCHOR.key.vkey]
    assert main(words) == 0
    assert "export    logged: its receipt names this pack" in capsys.readouterr().out
    receipt.write_text(BENCH.chain[0].text)
    assert main(words) == 1
    assert "WRONG     chain mismatch: the receipt is of another export" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "option", "told"),
    [
        ("receipt", "--older", "a receipt tells nothing of what the log was before"),
        ("receipt", "--receipt", "--receipt"),
        ("log", "--receipt", "--receipt"),
    ],
)
def test_what_would_not_be_looked_at_is_refused(
    kind: str, option: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both verifiers: given and not looked at must not seem to be fine."""
    kept = tmp_path / "kept.json"
    kept.write_text(PackBench().receipt(20).text)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(export()))
    file = {"receipt": kept, "log": log}[kind]
    assert main(["verify", str(file), option, str(kept)]) == 2
    assert told in capsys.readouterr().err
    done = subprocess.run(
        [sys.executable, "-I", VERIFY_PY, file, option, kept],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
