from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, parse_text, sign_checkpoint
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.keys import Signer, cosigner, ed25519_signer
from bayward.ledger.merkle import EMPTY_ROOT, leaf_hash
from bayward.ledger.note import open_note, sign, split_note
from ledger_bench import (
    IMPOSTOR,
    LOG,
    ORIGIN,
    TPM_LOG,
    WITNESS,
    attempt,
    ed25519_key,
    refused,
    witness,
)

# The example of c2sp.org/tlog-checkpoint; its key is not published, its form is.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - a signature line is one line

ROOT = leaf_hash(b"x")
TREE = Checkpoint(ORIGIN, 7, ROOT)


def test_the_example_of_the_specification() -> None:
    text, signatures = split_note(EXAMPLE)
    checkpoint = parse_text(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a9186")
    assert checkpoint.text == text
    assert [one.name for one in signatures] == [checkpoint.origin, "witness.example.com/w1"]
    assert int.from_bytes(signatures[1].blob[:8], "big") == 1679315147


@pytest.mark.parametrize("signer", [LOG, TPM_LOG])
def test_there_and_back(signer: Signer) -> None:
    note = sign_checkpoint(TREE, [signer, witness(9)])
    signed = open_checkpoint(note, signer.key, [witness().key])
    assert signed.checkpoint == TREE
    assert signed.text == note
    assert signed.cosignatures == {WITNESS: 9}
    assert open_checkpoint(note, signer.key).cosignatures == {}


def test_the_empty_log_has_the_empty_root() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, [LOG]), LOG.key).checkpoint == empty
    with refused(Malformed, "checkpoint.root"):
        sign_checkpoint(Checkpoint(ORIGIN, 0, ROOT), [LOG])


ROOT_TEXT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
MALFORMED = {
    "nothing": "",
    "two lines": "o\n1\n",
    "no newline at the end": f"o\n1\n{ROOT_TEXT}",
    "an extension line": f"o\n1\n{ROOT_TEXT}\nmore\n",
    "more behind": f"o\n1\n{ROOT_TEXT}\nx",
    "an empty line behind": f"o\n1\n{ROOT_TEXT}\n\n",
    "no origin": f"\n1\n{ROOT_TEXT}\n",
    "size with a leading zero": f"o\n01\n{ROOT_TEXT}\n",
    "size with a sign": f"o\n+1\n{ROOT_TEXT}\n",
    "size 2^63": f"o\n9223372036854775808\n{ROOT_TEXT}\n",
    "size in hex": f"o\n0x1\n{ROOT_TEXT}\n",
    "no size": f"o\n\n{ROOT_TEXT}\n",
    "a short root": "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
    "a long root": "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n",
    "a root with surplus bits": f"o\n1\n{ROOT_TEXT[:-2]}J=\n",
    "a root in hex": "o\n1\n" + "00" * 32 + "\n",
    "size 0 with a root": f"o\n0\n{ROOT_TEXT}\n",
    "CRLF": f"o\n1\n{ROOT_TEXT}\r\n",
}


@pytest.mark.parametrize("what", MALFORMED)
def test_audit_06_malformed_checkpoints(what: str) -> None:
    with refused(Malformed, "checkpoint"):
        parse_text(MALFORMED[what])


def test_audit_06_a_signed_extension_line_is_still_refused() -> None:
    note = sign(TREE.text + "2026-11-20\n", [LOG])
    assert open_note(note, [LOG.key]).verified
    with refused(Malformed, "checkpoint.form"):
        open_checkpoint(note, LOG.key)


def test_what_would_not_read_back_is_not_signed() -> None:
    for bad in (Checkpoint("", 1, ROOT), Checkpoint("a\nb", 1, ROOT), Checkpoint(ORIGIN, -1, ROOT)):
        with refused(Malformed, "checkpoint"):
            sign_checkpoint(bad, [LOG])


def test_audit_07_a_cosignature_is_no_signature_of_the_log() -> None:
    """The log's own key, and even its name, on a cosignature: still not the log speaking."""
    own = cosigner(ORIGIN, ed25519_key("log"), 1)
    note = sign_checkpoint(TREE, [own])
    with refused(Unverified, "note.unsigned"):
        open_checkpoint(note, LOG.key)
    with refused(Unverified, "checkpoint.unsigned"):
        open_checkpoint(note, LOG.key, [own.key])
    with refused(Unverified, "checkpoint.key"):
        open_checkpoint(note, own.key)


def test_audit_07_a_checkpoint_of_another_origin() -> None:
    note = sign_checkpoint(Checkpoint("audit.example.com/d/bank-8/1", 7, ROOT), [LOG])
    with refused(Unverified, "checkpoint.origin"):
        open_checkpoint(note, LOG.key)


def test_audit_06_forged_checkpoints() -> None:
    with refused(Unverified, "note.unsigned"):
        open_checkpoint(sign_checkpoint(TREE, [IMPOSTOR]), LOG.key)
    forged = ed25519_signer(WITNESS, ed25519_key("not the witness"))
    note = sign_checkpoint(TREE, [LOG, forged])
    assert open_checkpoint(note, LOG.key, [witness().key]).cosignatures == {}
    with refused(Unverified, "note.unsigned"):
        open_checkpoint(sign_checkpoint(TREE, [LOG]).replace("\n7\n", "\n8\n"), TPM_LOG.key)
    with refused(Unverified, "note.signature"):
        open_checkpoint(sign_checkpoint(TREE, [LOG]).replace("\n7\n", "\n8\n"), LOG.key)


@given(st.text())
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    for one in (text, f"{text}\n1\n{ROOT_TEXT}\n", f"o\n{text}\n{ROOT_TEXT}\n", f"o\n1\n{text}\n"):
        found = attempt(partial(parse_text, one), "checkpoint.")
        assert found is None or found.text == one
