"""What the anchor log holds of a log, held against what is shown: two real servers, one lies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from audit_state import Audit
from bayward.ledger.chain import chain_text
from bayward.ledger.checkpoint import open_checkpoint, sign_checkpoint
from bayward.ledger.dense import inclusion_proof, tree_hash
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.ledger.leaf import Value
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt, parse_receipt
from bayward.ledger.strict import base64_text
from bayward.ledger.witness import parse_kept
from ledger_bench import LOG, ORIGIN, witness
from log_server import Keeper, serving
from mirror_bench import Source
from tenant_log_bench import TenantTwin

LEAF = b'{"_sd":[],"v":1}'
ANCHOR = ecdsa_signer("example.org/anchor", ec.derive_private_key(99, ec.SECP256R1()))


class AnchorSource(Source):
    """The anchor as a server keeps it."""

    def __init__(self, twin: TenantTwin) -> None:
        self.signer = twin.signer
        self.entries = [one.leaf for one in twin.entries]
        self.hashes = tuple(twin.tree.hashes)


@dataclass
class Pair:
    """A log and the anchor above it, each at its address; `told` are the entries about the log."""

    log: Keeper
    anchor: Keeper
    twin: TenantTwin = field(default_factory=lambda: TenantTwin(signer=ANCHOR))
    told: list[tuple[int, int]] = field(default_factory=list)
    cosigners: Sequence[Signer] = ()

    def enter(self, source: Source, size: int, **changes: Value) -> None:
        """The anchor gets the checkpoint of a log, and an entry about somebody else."""
        root = base64_text(tree_hash(size, source))
        fields: dict[str, Value] = {
            "type": "tenant_log.anchored",
            "origin": ORIGIN,
            "log_size": size,
            "log_root": root,
        }
        self.told.append((size, self.twin.size))
        self.twin.add(**{**fields, **changes})
        self.twin.add(type="tenant_log.anchored", origin="x/y", log_size=1, log_root=root)
        self.serve()

    def serve(self, told: Sequence[tuple[int, int]] | None = None) -> None:
        """What the operator gives out of it."""
        self.anchor.source, self.anchor.size = AnchorSource(self.twin), self.twin.size
        note = self.twin.note()
        if self.cosigners:
            note = sign_checkpoint(parse_kept(note), [ANCHOR, *self.cosigners])
        every = self.told if told is None else told
        for after in {0, 200, *(size for size, _ in every)}:
            receipts = [
                Receipt(
                    ANCHOR.key,
                    Proof(at, tuple(inclusion_proof(at, self.twin.size, self.twin.tree)), note),
                    self.twin.entries[at].leaf,
                    self.twin.entries[at].disclosures,
                )
                for size, at in every
                if size > after
            ]
            self.log.bent[f"anchored/{after}"] = chain_text(receipts).encode()


@pytest.fixture
def pair() -> Iterator[Pair]:
    log = Keeper(Source(1500, LEAF), 300)
    with serving(log), serving(Keeper(Source(1), 0)) as anchor:
        made = Pair(log, anchor)
        made.enter(log.source, 200)
        yield made


Look = Callable[..., tuple[int, str]]


@pytest.fixture
def look(audit: Audit, pair: Pair, tmp_path: Path) -> Look:
    policy = tmp_path / "anchor.txt"
    policy.write_text(f"log {ANCHOR.key.vkey}\nquorum none\n")

    def run(policy: Path = policy) -> tuple[int, str]:
        words = ["monitor", pair.log.url, "--state", tmp_path / "s.json", "--once"]
        anchor = ["--anchor", pair.anchor.url, "--anchor-policy", policy]
        return audit(*words, "--key", LOG.key.vkey, *anchor)

    return run


def evidence(folder: Path, name: str) -> str:
    return (folder / f"s.json.evidence-{name}").read_text()


def test_what_the_anchor_holds_is_compared_once(pair: Pair, look: Look) -> None:
    assert look() == (0, f"{ORIGIN}: 0 → 300\n")
    pair.log.size = 700
    for size in (300, 500, 700):
        pair.enter(pair.log.source, size)
    assert look() == (0, f"{ORIGIN}: 300 → 700\n")
    pair.log.asked.clear()
    assert look() == (0, "")
    assert "anchored/700" in pair.log.asked
    assert not any(path.startswith("tile/") for path in pair.log.asked)


def test_audit_05_another_log_in_the_anchor_is_a_fork_with_a_receipt(
    pair: Pair, look: Look, tmp_path: Path
) -> None:
    assert look()[0] == 0
    pair.enter(Source(1500, b'{"_sd":[],"v":2}'), 250)
    code, said = look()
    assert code == 1
    assert "fork at 250: the anchor holds another log than the one shown" in said
    receipt = parse_receipt(evidence(tmp_path, "anchored.json"))
    assert receipt.proof.verify(receipt.leaf, ANCHOR.key).checkpoint.size == 4
    shown = open_checkpoint(evidence(tmp_path, "shown.note"), LOG.key)
    assert shown.checkpoint.size == 300


def test_audit_03_a_log_that_is_shorter_than_its_anchor_was_set_back(
    pair: Pair, look: Look
) -> None:
    pair.enter(pair.log.source, 700)
    code, said = look()
    assert code == 1
    assert "rollback at 700: the anchor holds 700 entries of it, it shows 300" in said


def test_audit_05_a_forked_anchor_is_two_signed_notes(
    pair: Pair, look: Look, tmp_path: Path
) -> None:
    assert look()[0] == 0
    pair.twin, pair.told = TenantTwin(seed=7, signer=ANCHOR), []
    for size in (250, 300):
        pair.enter(pair.log.source, size)
    code, said = look()
    assert code == 1
    assert "fork at 2: what was seen of the anchor is not its beginning any more" in said
    for name, size in (("anchor-before.note", 2), ("anchor-now.note", 4)):
        note = open_checkpoint(evidence(tmp_path, name), ANCHOR.key)
        assert note.checkpoint.size == size


def test_audit_03_an_anchor_that_was_set_back_is_named(pair: Pair, look: Look) -> None:
    pair.enter(pair.log.source, 250)
    assert look()[0] == 0
    pair.twin, pair.told = TenantTwin(signer=ANCHOR), []
    pair.enter(pair.log.source, 290)
    pair.log.bent["anchored/250"] = pair.log.bent["anchored/0"]
    code, said = look()
    assert code == 1
    assert "rollback at 4: the anchor had 4 entries and shows 2" in said


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"origin": "example.com/other"}, "wrong origin"),
        ({"type": "bank_log.accepted"}, "wrong origin"),
        ({"log_size": "many"}, "malformed"),
        ({"log_root": "A" * 43 + "="}, "fork at 300"),
    ],
)
def test_audit_07_an_entry_that_says_something_else_is_named(
    pair: Pair, look: Look, changes: dict[str, Value], finding: str
) -> None:
    pair.enter(pair.log.source, 300, **changes)
    code, said = look()
    assert (code, finding in said) == (1, True), said


def test_audit_08_receipts_that_do_not_hold_are_named(pair: Pair, look: Look) -> None:
    path = "anchored/0"
    good = json.loads(pair.log.bent[path])
    for bent, finding in (
        (b"nonsense\n", "malformed"),
        (b"\xff\n", "malformed"),
        (json.dumps({**good, "leaf": base64_text(b"x" + LEAF)}).encode(), "proof invalid"),
        (json.dumps({**good, "disclosures": []}).encode(), "malformed"),
    ):
        pair.log.bent[path] = bent
        code, said = look()
        assert (code, finding in said) == (1, True), said


def test_audit_06_only_the_key_of_the_policy_signs_the_anchor(pair: Pair, look: Look) -> None:
    stranger = ecdsa_signer(ANCHOR.key.name, ec.derive_private_key(98, ec.SECP256R1()))
    pair.twin.signer = stranger
    pair.serve()
    code, said = look()
    assert (code, "signature invalid" in said) == (1, True), said


def test_audit_18_the_quorum_of_the_anchor_is_asked_for(
    pair: Pair, look: Look, tmp_path: Path
) -> None:
    policy = tmp_path / "strict.txt"
    policy.write_text(f"log {ANCHOR.key.vkey}\nwitness w {witness().key.vkey}\nquorum w\n")
    code, said = look(policy)
    assert (code, "not witnessed" in said) == (1, True)
    pair.cosigners = [witness()]
    pair.serve()
    assert look(policy)[0] == 0


def test_audit_05_an_anchor_that_holds_nothing_new_is_told(
    audit: Audit, pair: Pair, look: Look, tmp_path: Path
) -> None:
    """The log grows, and where it stands in the anchor is withheld; then the operator forks it."""
    assert look()[0] == 0
    pair.log.size = 700
    looks = 0

    def on_look(path: str) -> None:
        nonlocal looks
        looks += path == "checkpoint"
        if looks == 20:
            pair.log.source = Source(1500, b'{"_sd":[],"v":2}')

    pair.log.on_get = on_look
    words = ["monitor", pair.log.url, "--state", tmp_path / "s.json", "--interval", "0.01"]
    anchor = ["--anchor", pair.anchor.url, "--anchor-policy", tmp_path / "anchor.txt"]
    code, said = audit(*words, "--key", LOG.key.vkey, *anchor, "--silent-after", "0.02")
    assert code == 1
    assert said.count("the anchor holds 200 entries of it, it has 700") == 1
    assert "fork at 700" in said


def test_the_anchor_needs_a_policy_and_its_memory_must_be_one(
    audit: Audit, pair: Pair, look: Look, tmp_path: Path
) -> None:
    words = ["monitor", pair.log.url, "--state", tmp_path / "s.json", "--once"]
    code, said = audit(*words, "--key", LOG.key.vkey, "--anchor", pair.anchor.url)
    assert (code, "--anchor-policy" in said) == (2, True)
    for text in ("", "{}", '{"v": 2, "note": "", "size": 3}'):
        (tmp_path / "s.json.anchor").write_text(text)
        assert look()[0] == 2
