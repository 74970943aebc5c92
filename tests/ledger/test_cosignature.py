"""What cosigners sign: the example of the specification, and structures taken apart by hand."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from bayward.ledger.cosignature import checkpoint_bytes, cosigned_bytes, subtree_bytes
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.keys import (
    COSIGNATURE_MLDSA,
    VerifierKey,
    cosigner,
    mldsa_cosigner,
    parse_vkey,
)
from bayward.ledger.note import open_note, sign
from ledger_bench import LOG, ORIGIN, WITNESS, ed25519_key, refused

ROOT = bytes(range(32))
YOUNG = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
SIGNER = mldsa_cosigner(WITNESS, YOUNG, 1_795_000_000)
TEXT = Checkpoint(ORIGIN, 7, ROOT).text


def test_the_lines_of_the_specification() -> None:
    """The example of c2sp.org/tlog-cosignature."""
    text = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert cosigned_bytes(text, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + text


def test_the_structure_of_a_subtree() -> None:
    raw = subtree_bytes("w", 5, "log", start=0, end=258, root=ROOT)
    assert raw == (
        b"subtree/v1\n\0\x01w"
        + (5).to_bytes(8, "big")
        + b"\x03log"
        + bytes(8)
        + (258).to_bytes(8, "big")
        + ROOT
    )
    assert checkpoint_bytes("w", 5, f"log\n258\n{TEXT.split()[2]}\n".encode()) == raw


def test_both_kinds_stand_under_one_checkpoint() -> None:
    old = cosigner(WITNESS, ed25519_key("witness"), 1_795_000_000)
    note = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), [LOG, old, SIGNER])
    opened = open_checkpoint(note, LOG.key, [parse_vkey(SIGNER.key.vkey), old.key])
    assert [one.time for one in opened.note.verified] == [None, 1_795_000_000, 1_795_000_000]
    head = f"{WITNESS}\n\x06".encode() + YOUNG.public_key().public_bytes_raw()
    assert SIGNER.key.id == hashlib.sha256(head).digest()[:4]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n7\n", "\n8\n"),
        TEXT.replace(ORIGIN, ORIGIN + "x"),
        TEXT.replace("AAEC", "AAED"),
        "no checkpoint\n",
        "a\nb\nc\nd\n",
    ],
)
def test_audit_06_another_statement_is_refused(text: str) -> None:
    good = sign(TEXT, [SIGNER])
    line = good.partition("\n\n")[2]
    assert open_note(good, [SIGNER.key]).verified[0].time == 1_795_000_000
    with refused(Unverified, "note.signature"):
        open_note(f"{text}\n{line}", [SIGNER.key])


def test_audit_06_the_name_and_the_time_are_signed() -> None:
    signature = SIGNER.sign_text(TEXT.encode())
    other = VerifierKey("example.com/another", COSIGNATURE_MLDSA, SIGNER.key.public)
    later = (1_795_000_001).to_bytes(8, "big") + signature[8:]
    for key, bent in (
        (other, signature),
        (SIGNER.key, later),
        (SIGNER.key, signature[:-1]),
        (SIGNER.key, signature + b"\0"),
        (SIGNER.key, b"\xff" * 8 + signature[8:]),
        (SIGNER.key, b""),
    ):
        with refused(Unverified, "signature."):
            key.verify(TEXT.encode(), bent)


def test_audit_07_a_cosignature_never_speaks_for_a_log() -> None:
    as_log = mldsa_cosigner(ORIGIN, YOUNG, 5)
    note = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), [as_log])
    with refused(Unverified, "checkpoint.key"):
        open_checkpoint(note, as_log.key)


def test_statements_that_cannot_be_made() -> None:
    for start, end, time in ((3, 2, 0), (-1, 2, 0), (4, 8, 1), (0, 2**63, 0), (0, 1, -1)):
        with refused(Malformed, "cosignature.range"):
            subtree_bytes("w", time, "log", start=start, end=end, root=ROOT)
    with refused(Malformed, "cosignature.root"):
        subtree_bytes("w", 0, "log", start=0, end=1, root=b"")
    for name in ("", "x" * 256):
        with refused(Malformed, "cosignature.name"):
            subtree_bytes(name, 0, "log", start=0, end=1, root=ROOT)
    for time in (0, -1, 2**63):
        with refused(Malformed, "signature.time"):
            mldsa_cosigner(WITNESS, YOUNG, time)
    with refused(Malformed, "cosignature.text"):
        checkpoint_bytes("w", 1, b"\xff\n1\n\n\n")
