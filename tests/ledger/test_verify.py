"""Attacks on receipts and exported logs; each must be called by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import ed25519_signer
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.strict import base64_text
from bayward.ledger.verdict import FINDINGS_MAX, Trust, Unexamined, Verdict
from bayward.ledger.verify import verify_entries, verify_log, verify_receipt
from ledger_bench import (
    IMPOSTOR,
    LOG,
    ORIGIN,
    TPM_LOG,
    WITNESS,
    Bench,
    ed25519_key,
    event,
    names,
    resigned,
    said,
    witness,
)

SIZE = 1000
BENCH = Bench.of(SIZE, LOG, witness(7), first_batch=600)
LINES = BENCH.lines()
OLD_NOTE = BENCH.store.notes[0]
TRUSTED = [LOG.key, witness().key]
RECEIPT = BENCH.receipt(500)


def log_verdict(lines: list[bytes], *older: str) -> Verdict:
    return verify_log(lines, TRUSTED, older)


def with_entry(at: int, **members: Any) -> list[bytes]:
    """The export with members of one line changed."""
    changed = json.loads(LINES[at + 1]) | members
    return [*LINES[: at + 1], json.dumps(changed).encode() + b"\n", *LINES[at + 2 :]]


# --- what is right -------------------------------------------------------------------------


def test_a_whole_log() -> None:
    verdict = log_verdict(LINES, OLD_NOTE, RECEIPT.text, RECEIPT.proof.text)
    assert verdict.ok
    assert verdict.unexamined == ()
    assert (verdict.trust, verdict.origin) == (Trust.TRUSTED, ORIGIN)
    assert (verdict.entries, verdict.size) == (SIZE, SIZE)
    assert verdict.root == BENCH.log.resume().root
    assert verdict.cosigned == {WITNESS: 7}


def test_a_receipt() -> None:
    verdict = verify_receipt(RECEIPT.text, TRUSTED)
    assert verdict.ok
    assert verdict.unexamined == ()
    assert (verdict.index, verdict.size, verdict.origin) == (500, SIZE, ORIGIN)
    assert verdict.fields == {
        "type": "door.opened",
        "seq": 500,
        "compartment": "cmp_8",
        "actor": None,
    }
    assert verdict.cosigned == {WITNESS: 7}


def test_a_receipt_that_withholds() -> None:
    shown = BENCH.receipt(500, BENCH.events[500].disclosures[1:2])
    assert verify_receipt(shown.text, TRUSTED).fields == {"seq": 500}
    assert verify_receipt(BENCH.receipt(0, []).text, TRUSTED).ok


def test_logs_signed_in_a_tpm() -> None:
    bench = Bench.of(3, TPM_LOG)
    assert verify_log(bench.lines(), [TPM_LOG.key]).ok
    assert verify_receipt(bench.receipt(2).text, [TPM_LOG.key]).ok


def test_an_empty_log() -> None:
    bench = Bench.of(0)
    assert verify_log(bench.lines(), [LOG.key]).ok
    assert verify_log(bench.lines(), [LOG.key], [bench.note]).unexamined == ()


def test_without_trusted_keys_the_key_vouches_only_for_itself() -> None:
    for verdict in (verify_receipt(RECEIPT.text), verify_log(LINES)):
        assert verdict.ok
        assert verdict.trust is Trust.SELF_ASSERTED
        assert Unexamined.KEY in verdict.unexamined
    assert verify_log(LINES, [witness().key]).trust is Trust.SELF_ASSERTED


def test_memory_is_bounded() -> None:
    """Lines are taken one by one; nothing asks for the next before it is done with the last."""
    taken = 0

    def lines() -> Iterator[bytes]:
        nonlocal taken
        for line in LINES:
            taken += 1
            yield line

    assert verify_log(lines(), TRUSTED).ok
    assert taken == SIZE + 1


# --- §9 rows 1 to 3: the six of the prototype, and more ------------------------------------

OTHER = event(5000)
OTHER_TEXT = base64_text(OTHER.leaf)
OTHER_SHOWN = list(OTHER.disclosures)


def test_audit_01_row_edited() -> None:
    lines = with_entry(500, leaf=OTHER_TEXT, disclosures=OTHER_SHOWN)
    assert said(log_verdict(lines)) == ["body/leaf mismatch at 500"]


def test_audit_01_row_and_leaf_hash_edited() -> None:
    hashed = base64_text(leaf_hash(OTHER.leaf))
    lines = with_entry(500, leaf=OTHER_TEXT, hash=hashed, disclosures=OTHER_SHOWN)
    assert names(log_verdict(lines)) == ["root mismatch at 1000"]
    assert names(log_verdict(lines, OLD_NOTE)) == ["fork at 600", "root mismatch at 1000"]


def test_audit_01_whole_right_spine_recomputed_needs_the_key() -> None:
    """Row, hash and checkpoint all fit; only the signature gives it away."""
    leaves = [one.leaf for one in BENCH.events]
    leaves[500] = OTHER.leaf
    header = LogHeader(LOG.key, resigned(leaves, IMPOSTOR))
    hashed = base64_text(leaf_hash(OTHER.leaf))
    lines = with_entry(500, leaf=OTHER_TEXT, hash=hashed, disclosures=OTHER_SHOWN)
    assert names(log_verdict([header.line, *lines[1:]])) == ["signature invalid"]
    by_impostor = LogHeader(IMPOSTOR.key, header.checkpoint)
    assert names(log_verdict([by_impostor.line, *lines[1:]])) == ["unknown key"]
    with_the_key = LogHeader(LOG.key, resigned(leaves))
    forged = [with_the_key.line, *lines[1:]]
    assert log_verdict(forged).ok, "a stolen key: only memory from outside can tell"
    assert names(log_verdict(forged, OLD_NOTE)) == ["fork at 600"]
    assert names(log_verdict(forged, RECEIPT.text)) == ["fork at 1000"]


def test_audit_01_stored_hash_edited() -> None:
    lines = with_entry(500, hash=base64_text(bytes(32)))
    assert names(log_verdict(lines)) == ["body/leaf mismatch at 500", "root mismatch at 1000"]


def test_audit_02_row_deleted() -> None:
    lines = LINES[:501] + LINES[502:]
    assert said(log_verdict(lines)) == ["gap at 500: 501 follows"]


def test_audit_02_row_deleted_and_the_rest_renumbered() -> None:
    renumbered = [
        json.dumps(json.loads(line) | {"index": n}).encode() + b"\n"
        for n, line in enumerate(LINES[502:], start=500)
    ]
    assert said(log_verdict(LINES[:501] + renumbered)) == [
        "size mismatch: checkpoint 1000 vs 999 entries"
    ]


def test_audit_02_row_duplicated() -> None:
    lines = LINES[:502] + LINES[501:]
    assert said(log_verdict(lines)) == ["repeated at 500"]


def test_audit_02_rows_reordered() -> None:
    lines = [*LINES[:501], LINES[502], LINES[501], *LINES[503:]]
    assert names(log_verdict(lines)) == ["gap at 500", "out of order at 500"]


def test_audit_02_rows_swapped_under_their_numbers() -> None:
    a, b = json.loads(LINES[501]), json.loads(LINES[502])
    a["index"], b["index"] = 501, 500
    swapped = [json.dumps(one).encode() + b"\n" for one in (b, a)]
    assert names(log_verdict([*LINES[:501], *swapped, *LINES[503:]])) == ["root mismatch at 1000"]


def test_audit_02_row_inserted_in_the_past() -> None:
    inserted = LogEntry(300, leaf_hash(OTHER.leaf), OTHER.leaf).line
    lines = [*LINES[:501], inserted, *LINES[501:]]
    assert said(log_verdict(lines)) == ["out of order at 300: in the place of 500"]


def test_audit_03_tail_cut() -> None:
    assert said(log_verdict(LINES[:-10])) == ["size mismatch: checkpoint 1000 vs 990 entries"]
    assert said(log_verdict(LINES[:1])) == ["size mismatch: checkpoint 1000 vs 0 entries"]


def test_audit_03_rows_behind_the_checkpoint() -> None:
    more = LogEntry(SIZE, leaf_hash(OTHER.leaf), OTHER.leaf).line
    assert said(log_verdict([*LINES, more])) == ["size mismatch: checkpoint 1000 vs 1001 entries"]


def test_audit_03_perfect_rollback_is_known_only_from_outside() -> None:
    """Tail and checkpoint cut alike: byte for byte the log of earlier."""
    cut = [LogHeader(LOG.key, OLD_NOTE).line, *LINES[1:601]]
    alone = log_verdict(cut)
    assert alone.ok
    assert alone.unexamined == (Unexamined.ROLLBACK,)
    for memory in (BENCH.note, RECEIPT.text, RECEIPT.proof.text):
        verdict = log_verdict(cut, memory)
        assert names(verdict) == ["rollback at 1000"]
        assert "set back, unless what you kept is the younger one" in said(verdict)[0]
        assert verdict.unexamined == ()


def test_audit_04_restored_backup_then_continued() -> None:
    """Two checkpoints of one key at one size with two roots are the proof of a fork."""
    leaves = [one.leaf for one in BENCH.events[:600]] + [event(n).leaf for n in range(7000, 7400)]
    entries = [LogEntry(n, leaf_hash(leaf), leaf).line for n, leaf in enumerate(leaves)]
    forked = [LogHeader(LOG.key, resigned(leaves)).line, *entries]
    assert log_verdict(forked, OLD_NOTE).ok
    assert names(log_verdict(forked, BENCH.note)) == ["fork at 1000"]
    assert names(log_verdict(forked, OLD_NOTE, BENCH.note)) == ["fork at 1000"]


def test_checkpoint_replaced_by_an_older_one() -> None:
    header = LogHeader(LOG.key, OLD_NOTE)
    verdict = log_verdict([header.line, *LINES[1:]])
    assert said(verdict) == ["size mismatch: checkpoint 600 vs 1000 entries"]


# --- older documents -----------------------------------------------------------------------


def test_older_documents_that_prove_nothing() -> None:
    forged = sign_checkpoint(Checkpoint(ORIGIN, 2000, bytes(32)), [IMPOSTOR])
    verdict = log_verdict(LINES, forged)
    assert names(verdict) == ["signature invalid"]
    assert verdict.findings[0].detail.startswith("older document 1: ")
    assert Unexamined.ROLLBACK in verdict.unexamined
    assert names(log_verdict(LINES, "{}")) == ["malformed"]
    assert names(log_verdict(LINES, "c2sp.org/tlog-proof@v1\n")) == ["malformed"]


def test_older_document_of_another_log() -> None:
    other = ed25519_signer("other.example.com", ed25519_key("other"))
    note = resigned([b"x"], other, "other.example.com")
    for keys in ([*TRUSTED, other.key], TRUSTED, []):
        verdict = verify_log(LINES, keys, [note])
        assert "wrong origin" in names(verdict)
        assert "signature invalid" not in names(verdict)
        assert "other.example.com" in verdict.findings[-1].detail


def test_an_older_checkpoint_of_a_former_key_counts_when_that_key_is_trusted() -> None:
    former = ed25519_signer(ORIGIN, ed25519_key("former"))
    note = resigned([one.leaf for one in BENCH.events[:700]], former)
    assert verify_log(LINES, [*TRUSTED, former.key], [note]).ok
    longer = resigned([b"x"] * 1500, former)
    assert names(verify_log(LINES, [*TRUSTED, former.key], [longer])) == ["rollback at 1500"]


def test_rollback_is_named_even_when_the_checkpoint_is_forged() -> None:
    header = LogHeader(LOG.key, OLD_NOTE.replace("\n600\n", "\n2000\n"))
    verdict = log_verdict([header.line, *LINES[1:601]], BENCH.note)
    assert names(verdict) == ["signature invalid", "rollback at 1000"]


# --- broken files --------------------------------------------------------------------------


def test_no_file_at_all() -> None:
    assert names(verify_log([])) == ["malformed at 1"]
    assert names(verify_receipt("")) == ["malformed"]


def test_a_broken_line_is_named_by_its_number() -> None:
    lines = [*LINES[:501], b"garbage\n", *LINES[502:]]
    assert names(log_verdict(lines)) == ["malformed at 502"]


def test_a_verdict_is_not_endless() -> None:
    verdict = log_verdict([LINES[0], *([b"garbage\n"] * 5000)], RECEIPT.text)
    assert len(verdict.findings) == FINDINGS_MAX
    body = [
        json.dumps(json.loads(line) | {"leaf": OTHER_TEXT, "disclosures": []}) for line in LINES[1:]
    ]
    verdict = log_verdict([LINES[0], *(one.encode() + b"\n" for one in body)])
    assert set(names(verdict)) == {f"body/leaf mismatch at {n}" for n in range(FINDINGS_MAX)}


SMALL = Bench.of(5)
SMALL_LINES = SMALL.lines()
SMALL_RECEIPT = SMALL.receipt(2).text


@given(st.integers(0, 4), st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=200)
def test_audit_01_no_byte_of_an_export_can_change(line: int, at: int, change: int) -> None:
    bent = bytearray(SMALL_LINES[line])
    bent[at % len(bent)] ^= change
    verdict = verify_log([*SMALL_LINES[:line], bytes(bent), *SMALL_LINES[line + 1 :]], TRUSTED)
    if json_of(bytes(bent)) != json_of(SMALL_LINES[line]):
        assert not verdict.ok


@given(st.integers(0, 10**6), st.integers(1, 127))
@settings(max_examples=200)
def test_audit_01_no_character_of_a_receipt_can_change(at: int, change: int) -> None:
    place = at % len(SMALL_RECEIPT)
    bent = (
        SMALL_RECEIPT[:place] + chr(ord(SMALL_RECEIPT[place]) ^ change) + SMALL_RECEIPT[place + 1 :]
    )
    if json_of(bent.encode()) != json_of(SMALL_RECEIPT.encode()):
        assert not verify_receipt(bent, TRUSTED).ok


def json_of(raw: bytes) -> object:
    """What a line says; another spelling of the same JSON is no change."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


@given(st.lists(st.sampled_from(SMALL_LINES) | st.binary(max_size=50), max_size=9), st.text())
def test_any_lines_get_a_verdict(lines: list[bytes], text: str) -> None:
    verdict = verify_log(lines, TRUSTED, [text])
    assert not verdict.ok
    assert not verify_receipt(text, TRUSTED).ok


@given(st.lists(st.sampled_from(SMALL_LINES[1:]), max_size=7))
def test_only_the_very_log_is_good(entries: list[bytes]) -> None:
    verdict = verify_log([SMALL_LINES[0], *entries], TRUSTED)
    assert verdict.ok == (entries == SMALL_LINES[1:])


def test_entries_that_are_no_lines_get_the_same_verdict() -> None:
    bench = Bench.of(20)
    entries = [bench.entry(index) for index in range(20)]
    assert verify_entries(bench.header, entries, [LOG.key]) == verify_log(bench.lines(), [LOG.key])
    del entries[5]
    lines = [*bench.lines()[:6], *bench.lines()[7:]]
    found = verify_entries(bench.header, entries)
    assert found == verify_log(lines)
    assert names(found) == ["gap at 5"]
