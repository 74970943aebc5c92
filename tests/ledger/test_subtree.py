"""Cosigned subtrees: the answers of `sign-subtree`, and who believes them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.dense import subtree_consistency_proof, subtree_hash
from bayward.ledger.errors import Malformed, OutOfRange, Unverified
from bayward.ledger.keys import Signer, mldsa_cosigner
from bayward.ledger.note import add_signatures
from bayward.ledger.subtree import Request, parse_request, sign_subtree, verify_line
from bayward.ledger.witness import Answer, add_checkpoint
from ledger_bench import LOG, ORIGIN, WITNESS, refused, witness
from mirror_bench import MemoryMirror, Source

YOUNG = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
OTHER = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32))
SIGNERS = [witness(7), mldsa_cosigner(WITNESS, YOUNG, 7)]
KEY = SIGNERS[1].key
LOGS = {ORIGIN: [LOG.key]}
SOURCE = Source(14)


def cosigned(signers: list[Signer], size: int = 14) -> str:
    answer = add_checkpoint(SOURCE.request(0, size), LOGS, lambda: signers, MemoryMirror())
    assert answer.status == 200
    return add_signatures(SOURCE.note(size), answer.body.decode().splitlines(keepends=True))


NOTE = cosigned(SIGNERS)


def request(start: int, end: int, note: str = NOTE) -> Request:
    proof = subtree_consistency_proof(start, end, 14, SOURCE)
    return Request(start, end, subtree_hash(start, end, SOURCE), tuple(proof), note)


def ask(asked: Request | bytes, signers: list[Signer] = SIGNERS) -> Answer:
    return sign_subtree(asked if isinstance(asked, bytes) else asked.body, LOGS, signers)


@pytest.mark.parametrize(("start", "end"), [(0, 14), (0, 8), (8, 12), (8, 13), (12, 14), (13, 14)])
def test_a_part_of_what_was_cosigned_is_cosigned(start: int, end: int) -> None:
    answer = ask(request(start, end))
    assert answer.status == 200, answer
    line = answer.body.decode()
    root = subtree_hash(start, end, SOURCE)
    assert verify_line(line, [KEY], ORIGIN, start, end, root=root) == KEY
    for origin, low, high, bent in (
        (ORIGIN + "x", start, end, root),
        (ORIGIN, start, end + 1, root),
        (ORIGIN, start, end, bytes(32)),
    ):
        with refused(Unverified, "signature.invalid"):
            verify_line(line, [KEY], origin, low, high, root=bent)


def test_audit_07_a_checkpoints_cosignature_is_none_of_a_subtree() -> None:
    lines = NOTE.partition("\n\n")[2].splitlines(keepends=True)
    root = subtree_hash(0, 14, SOURCE)
    for line, key in ((lines[2], KEY), (lines[1], SIGNERS[0].key)):
        with refused(Unverified, "signature.form"):
            verify_line(line, [key], ORIGIN, 0, 14, root=root)
    with refused(Unverified, "subtree.unsigned"):
        verify_line(lines[2], [], ORIGIN, 0, 14, root=root)


FORGED = cosigned([mldsa_cosigner(WITNESS, OTHER, 7)])
BENT = request(8, 13)


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (400, b""),
        (400, b"subtree 8 13\n\n" + NOTE.encode()),
        (400, BENT.body.replace(b"subtree 8 13", b"subtree 08 13")),
        (400, BENT.body.replace(b"subtree 8 13", b"subtree 8  13")),
        (400, BENT.body.replace(b"subtree 8 13", b"subtree 9 13")),
        (400, BENT.body.replace(b"subtree 8 13", b"subtree 8 16")),
        (400, Request(8, 13, BENT.root, (bytes(32),) * 64, NOTE).body),
        (400, Request(8, 13, bytes(31), BENT.proof, NOTE).body),
        (400, b"x" * 200_000),
        (404, request(8, 13, NOTE.replace(ORIGIN, "example.com/other"))),
        (403, request(8, 13, SOURCE.note(14))),
        (403, request(8, 13, cosigned([witness(7)]))),
        (403, request(8, 13, FORGED)),
        (403, request(8, 13, NOTE.replace("\n14\n", "\n15\n"))),
        (422, Request(8, 13, bytes(32), BENT.proof, NOTE)),
        (422, Request(8, 13, BENT.root, BENT.proof[:-1], NOTE)),
        (422, Request(8, 12, BENT.root, BENT.proof, NOTE)),
    ],
)  # fmt: skip
def test_audit_16_each_refusal_of_a_subtree_has_its_status(
    status: int, asked: Request | bytes
) -> None:
    answer = ask(asked)
    assert answer.status == status, answer
    assert "\u2014".encode() not in answer.body


def test_a_witness_without_such_a_key_has_no_such_address() -> None:
    assert ask(request(8, 13), [witness(7)]).status == 404


def test_a_request_reads_back() -> None:
    assert parse_request(BENT.body) == BENT
    with refused(OutOfRange, "proof.subtree"):
        parse_request(Request(1, 3, bytes(32), (), NOTE).body)
    with refused(Malformed, "subtree.form"):
        parse_request(b"subtree 0 1\n\n")


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_request(body: bytes) -> None:
    assert ask(body).status == 400
