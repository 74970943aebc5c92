"""The witness as a table of requests; group 16 of the adversaries, and another's test series."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from bayward.ledger.dense import consistency_proof, tree_hash
from bayward.ledger.errors import Malformed
from bayward.ledger.keys import (
    ED25519,
    Signer,
    VerifierKey,
    cosigner,
    ed25519_signer,
    mldsa_cosigner,
)
from bayward.ledger.merkle import EMPTY_ROOT
from bayward.ledger.note import add_signatures, sign, split_note
from bayward.ledger.witness import (
    PROOF_LINES_MAX,
    REQUEST_BYTES_MAX,
    SIZE,
    Answer,
    Request,
    Step,
    add_checkpoint,
    origin_hash,
    parse_kept,
    parse_request,
)
from ledger_bench import IMPOSTOR, LOG, ORIGIN, TPM_LOG, WITNESS, Bench, ed25519_key, refused
from ledger_bench import witness as witness_at

FOREIGN = json.loads((Path(__file__).parents[1] / "vectors/foreign/witness.json").read_text())
SIZES = 12
TREE = Bench.of(SIZES).store
ROOTS = [EMPTY_ROOT, *(tree_hash(size, TREE) for size in range(1, SIZES + 1))]


@dataclass
class Memory:
    """A store that keeps its promise; `steps` counts what was kept."""

    kept: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    def step(self, origin: str, step: Step) -> str:
        self.kept[origin] = step(self.kept.get(origin))
        self.steps += 1
        return self.kept[origin]


@dataclass
class Witness:
    logs: dict[str, list[VerifierKey]] = field(default_factory=lambda: {ORIGIN: [LOG.key]})
    memory: Memory = field(default_factory=Memory)
    suspected: list[tuple[str, str]] = field(default_factory=list)
    time: int = 1_795_000_000

    def ask(self, body: bytes) -> Answer:
        def suspect(origin: str, note: str) -> None:
            self.suspected.append((origin, note))

        return add_checkpoint(body, self.logs, self.cosigners, self.memory, suspect)

    def cosigners(self) -> Sequence[Signer]:
        self.time += 1
        return [witness_at(self.time)]

    def grow(self, old: int, new: int) -> Answer:
        return self.ask(request(old, new).body)


def checkpoint(size: int, root: bytes | None = None, signer: Signer = LOG) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root or ROOTS[size]), [signer])


def request(old: int, new: int, root: bytes | None = None) -> Request:
    proof = consistency_proof(old, new, TREE) if 0 < old <= new else []
    return Request(old, tuple(proof), checkpoint(new, root))


def test_it_cosigns_what_continues_what_it_has_seen() -> None:
    witness = Witness()
    for old, new in ((0, 1), (1, 5), (5, 5), (5, 12)):
        answer = witness.grow(old, new)
        assert answer.status == 200, answer
        note = add_signatures(checkpoint(new), answer.body.decode().splitlines(keepends=True))
        signed = open_checkpoint(note, LOG.key, [witness_at().key])
        assert signed.cosignatures == {WITNESS: witness.time}
    assert parse_kept(witness.memory.kept[ORIGIN]).size == 12


def test_it_answers_with_its_own_lines_only() -> None:
    answer = Witness().grow(0, 3)
    lines = answer.body.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"— {WITNESS} ")
    assert answer.content_type.startswith("text/plain")


def test_it_may_sign_with_both_kinds_of_keys() -> None:
    young = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
    signers = [witness_at(7), mldsa_cosigner(WITNESS, young, 7)]
    answer = add_checkpoint(request(0, 3).body, {ORIGIN: [LOG.key]}, lambda: signers, Memory())
    note = add_signatures(checkpoint(3), answer.body.decode().splitlines(keepends=True))
    opened = open_checkpoint(note, LOG.key, [one.key for one in signers]).note
    assert [one.time for one in opened.verified if one.name == WITNESS] == [7, 7]


BENT_ROOT = bytes([ROOTS[5][0] ^ 1]) + ROOTS[5][1:]
WRONG = Request(3, (bytes(32),) * 4, checkpoint(5))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"old 3\n"),
        (400, b"new 3\n\n" + checkpoint(5).encode()),
        (400, b"old 03\n\n" + checkpoint(5).encode()),
        (400, b"old -1\n\n" + checkpoint(5).encode()),
        (400, b"old 9223372036854775808\n\n" + checkpoint(5).encode()),
        (400, b"old 3\r\n\r\n" + checkpoint(5).encode()),
        (400, b"old 3\nAAAA\n\n" + checkpoint(5).encode()),
        (400, Request(3, (bytes(32),) * 64, checkpoint(5)).body),
        (400, b"old 3\n\n" + checkpoint(5).encode().replace(b"\n\n", b"\n")),
        (400, b"old 3\n\n\xff" + checkpoint(5).encode()),
        (400, b"x" * (REQUEST_BYTES_MAX + 1)),
        (400, Request(6, (), checkpoint(5)).body),
        (400, Request(0, (), sign(f"{ORIGIN}\nfive\n{ROOTS[5].hex()}\n", [LOG])).body),
        (400, Request(3, (), sign(checkpoint(5).split("\n\n")[0] + "\nmore\n", [LOG])).body),
        (404, Request(3, (), checkpoint(5).replace(ORIGIN, "example.com/other")).body),
        (403, Request(3, (), checkpoint(5, signer=IMPOSTOR)).body),
        (403, Request(3, (), checkpoint(5, signer=TPM_LOG)).body),
        (403, Request(3, (), checkpoint(5).replace("\n5\n", "\n6\n")).body),
        (409, request(0, 5).body),
        (409, request(2, 5).body),
        (409, request(4, 5).body),
        (422, request(3, 5, BENT_ROOT).body),
        (422, request(3, 3, BENT_ROOT).body),
        (422, Request(3, (), checkpoint(5)).body),
        (422, WRONG.body),
        (422, Request(3, (bytes(32),), checkpoint(3)).body),
    ],
)  # fmt: skip
def test_audit_16_each_refusal_has_its_status_and_keeps_nothing(status: int, body: bytes) -> None:
    witness = Witness()
    assert witness.grow(0, 3).status == 200
    kept = dict(witness.memory.kept)
    answer = witness.ask(body)
    assert answer.status == status, answer
    assert witness.memory.kept == kept
    assert bool(witness.suspected) == (status == 422)
    assert answer.body.endswith(b"\n")


def test_audit_16_a_conflict_says_the_size_in_its_own_type() -> None:
    witness = Witness()
    witness.grow(0, 3)
    assert witness.grow(0, 5) == Answer(409, b"3\n", SIZE)
    assert SIZE == "text/x.tlog.size"
    assert Witness().grow(4, 5) == Answer(409, b"0\n", SIZE)


def test_audit_16_an_empty_tree_has_one_root_and_no_proof() -> None:
    bogus = f"{ORIGIN}\n0\n{'A' * 43}=\n"
    for witness in (Witness(), Witness()):
        assert witness.ask(Request(0, (), sign(bogus, [LOG])).body).status == 422
        assert witness.grow(0, 0).status == 200
        assert witness.ask(Request(0, (), sign(bogus, [LOG])).body).status == 422
        assert witness.ask(Request(0, (bytes(32),), checkpoint(5)).body).status == 422
        assert witness.grow(0, 5).status == 200


def test_audit_16_a_forged_line_in_our_name_does_not_poison_the_memory() -> None:
    witness = Witness()
    forged = witness_at(99).key
    line = f"— {WITNESS} " + sign("x\n", [witness_at(99)]).rpartition(" ")[2]
    note = checkpoint(3) + line
    assert forged.id in {one.key_id for one in split_note(note)[1]}
    assert witness.ask(Request(0, (), note).body).status == 200
    names = [one.name for one in split_note(witness.memory.kept[ORIGIN])[1]]
    assert names == [ORIGIN, WITNESS]
    opened = open_checkpoint(witness.memory.kept[ORIGIN], LOG.key, [forged])
    assert opened.cosignatures[WITNESS] == witness.time
    assert witness.grow(3, 5).status == 200


def test_audit_16_lines_of_strangers_are_ignored_and_dropped() -> None:
    witness = Witness()
    strange = cosigner("witness.example.org/w9", ed25519_key("w9"), 5)
    note = sign(checkpoint(3).split("\n\n")[0] + "\n", [LOG, strange, IMPOSTOR])
    assert witness.ask(Request(0, (), note).body).status == 200
    lines = split_note(witness.memory.kept[ORIGIN])[1]
    assert [(one.name, one.key_id) for one in lines] == [
        (ORIGIN, LOG.key.id),
        (WITNESS, witness_at().key.id),
    ]


def test_audit_16_a_race_never_rolls_the_memory_back() -> None:
    """A is checked first, B overtakes: the step of A then sees the memory of B."""
    witness = Witness()
    witness.grow(0, 3)
    overtaken: list[Answer] = []

    class Racing(Memory):
        def step(self, origin: str, step: Step) -> str:
            if not overtaken:
                overtaken.append(witness.grow(3, 9))
            return witness.memory.step(origin, step)

    late = add_checkpoint(request(3, 5).body, witness.logs, witness.cosigners, Racing())
    assert [overtaken[0].status, late.status] == [200, 409]
    assert late.body == b"9\n"
    assert parse_kept(witness.memory.kept[ORIGIN]).size == 9


def test_audit_16_nothing_is_signed_when_the_memory_fails() -> None:
    class Full(Memory):
        def step(self, origin: str, step: Step) -> str:
            step(self.kept.get(origin))
            raise OSError("no space left")

    with pytest.raises(OSError, match="space"):
        add_checkpoint(request(0, 5).body, {ORIGIN: [LOG.key]}, lambda: [witness_at()], Full())


def test_audit_07_a_cosigner_or_another_name_is_no_log() -> None:
    note = sign(f"{ORIGIN}\n3\n", [LOG])
    assert note
    other = ed25519_signer("example.com/alias", ed25519_key("log"))
    for keys in ([witness_at().key], [other.key], []):
        witness = Witness(logs={ORIGIN: keys})
        assert witness.grow(0, 3).status == 404


# Its signature has surplus bits in its base64. Go decodes it and refuses the signature; our
# note parser refuses the spelling. Nothing is kept either way.
STRICTER = {"invalid signature": 400}


def test_audit_16_the_series_of_another_witness() -> None:
    """The requests with which the witness of Sunlight is tested, in order."""
    key = VerifierKey(FOREIGN["log"], ED25519, bytes.fromhex(FOREIGN["key"]))
    witness = Witness(logs={FOREIGN["log"]: [key]})
    for case in FOREIGN["requests"]:
        answer = witness.ask(case["body"].encode())
        assert answer.status == STRICTER.get(case["name"], case["status"]), case["name"]
        if answer.status == 409:
            assert answer.body.decode() == case["said"]
    assert len(FOREIGN["requests"]) == 11
    assert parse_kept(witness.memory.kept[FOREIGN["log"]]).size == 5


@given(st.lists(st.tuples(st.integers(0, SIZES), st.integers(0, SIZES)), max_size=12))
def test_the_memory_only_grows(moves: list[tuple[int, int]]) -> None:
    witness = Witness()
    size = 0
    for old, new in moves:
        is_right = old == size and new >= old
        assert (witness.grow(old, new).status == 200) == is_right
        size = new if is_right else size
    kept = witness.memory.kept.get(ORIGIN)
    assert (parse_kept(kept).size if kept else 0) == size


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_request(body: bytes) -> None:
    assert Witness().ask(body).status == 400


def test_a_request_reads_back() -> None:
    one = request(3, 9)
    assert parse_request(one.body) == one
    with refused(Malformed, "witness.form"):
        parse_request(Request(3, (bytes(32),) * (PROOF_LINES_MAX + 1), one.note).body)


def test_the_name_below_the_monitoring_prefix() -> None:
    assert origin_hash("rome2026h1.example.org") == (
        "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"
    )
