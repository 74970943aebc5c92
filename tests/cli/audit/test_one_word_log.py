"""Attacks on a whole log: all verifiers find it, and call it by one name.

Each test is an attack and the word expected for it; the bench puts it before everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from attacked_log import EARLIER, HONEST, Row, StoredLog, Verdicts, Verifiers, said_by_all
from bayward.ledger.leaf import Sealed
from bayward.ledger.merkle import leaf_hash
from ledger_bench import IMPOSTOR, event

ROWS = HONEST.rows
OTHER = event(900)
EDITED = HONEST.with_row(10, OTHER.leaf)
RECOMPUTED = EDITED.recomputed()
FLIPPED = ROWS[10].leaf[:-1] + bytes([ROWS[10].leaf[-1] ^ 1])
SWAPPED = HONEST.with_rows(
    *ROWS[:10], replace(ROWS[11], index=10), replace(ROWS[10], index=11), *ROWS[12:]
)
CONTINUED = StoredLog.of([event(n) for n in (*range(25), *range(700, 730))])
CUT = ["size mismatch", "malformed at 0"]
"""A bundle of entries that is too short is no bundle."""

Ask = Callable[[StoredLog, StoredLog | None], Verdicts]


@pytest.fixture
def ask(verifiers: Verifiers) -> Ask:
    return verifiers.ask


def renumbered(*rows: Row) -> tuple[Row, ...]:
    return tuple(replace(row, index=n) for n, row in enumerate(rows))


def mismatches(first: int, end: int) -> list[str]:
    return [f"body/leaf mismatch at {n}" for n in range(first, end)]


@pytest.mark.parametrize("memory", [None, EARLIER, HONEST])
def test_a_log_that_nobody_touched(ask: Ask, memory: StoredLog | None) -> None:
    assert ask(HONEST, memory) == said_by_all([])


# --- 1: an entry, and more and more of what is computed from it ------------------------------


def test_audit_01_a_byte_flipped(ask: Ask) -> None:
    log = HONEST.with_row(10, FLIPPED, ROWS[10].disclosures)
    both = ["body/leaf mismatch at 10", "leaf malformed at 10"]
    assert ask(log, None) == said_by_all(both, monitor=both[1:])


def test_audit_01_an_entry_replaced(ask: Ask) -> None:
    assert ask(EDITED, None) == said_by_all(["body/leaf mismatch at 10"])


def test_audit_01_its_leaf_hash_fixed_up(ask: Ask) -> None:
    log = EDITED.with_hash(0, 10, leaf_hash(OTHER.leaf))
    root = "root mismatch at 40"
    assert ask(log, None) == said_by_all(
        [root], database=[root, "tree hash mismatch"], files=[root, "tree hash mismatch at 0"]
    )


def test_audit_01_a_leaf_hash_alone(ask: Ask) -> None:
    """Static files have the hash in a tile, which is proven first; a monitor reads no tiles."""
    both = ["body/leaf mismatch at 10", "root mismatch at 40"]
    assert ask(HONEST.with_hash(0, 10, bytes(32)), None) == said_by_all(
        both,
        database=[*both, "tree hash mismatch"],
        files=["tree hash mismatch at 0"],
        monitor=[],
    )


def test_audit_01_a_node_alone(ask: Ask) -> None:
    """Only the database keeps nodes of so low a level."""
    log = HONEST.with_hash(1, 5, bytes(32))
    assert ask(log, None) == said_by_all([], database=["tree hash mismatch"])


def test_audit_01_the_whole_right_spine_recomputed(ask: Ask) -> None:
    root = ["root mismatch at 40"]
    assert ask(RECOMPUTED, None) == said_by_all(root, files=[*root, "tree hash mismatch at 0"])


def test_audit_01_the_spine_signed_by_another_key(ask: Ask) -> None:
    assert ask(RECOMPUTED.signed(IMPOSTOR), None) == said_by_all(["signature invalid"])
    named = replace(RECOMPUTED.signed(IMPOSTOR), key=IMPOSTOR.key)
    no_header = ["signature invalid"]  # static files do not name a key
    assert ask(named, None) == said_by_all(["unknown key"], files=no_header)


def test_audit_01_the_spine_signed_by_the_stolen_key(ask: Ask) -> None:
    assert ask(RECOMPUTED.signed(), None) == said_by_all([])
    assert ask(RECOMPUTED.signed(), EARLIER) == said_by_all(["fork at 25"])
    assert ask(RECOMPUTED.signed(), HONEST) == said_by_all(["fork at 40"])


# --- 2: rows ---------------------------------------------------------------------------------


def test_audit_02_deleted(ask: Ask) -> None:
    log = HONEST.with_rows(*ROWS[:10], *ROWS[11:])
    assert ask(log, None) == said_by_all(["gap at 10"], files=CUT, monitor=["malformed"])


def test_audit_02_deleted_and_renumbered(ask: Ask) -> None:
    log = HONEST.with_rows(*renumbered(*ROWS[:10], *ROWS[11:]))
    found = [*mismatches(10, 39), "size mismatch"]
    assert ask(log, None) == said_by_all(found, files=CUT, monitor=["malformed"])


def test_audit_02_duplicated(ask: Ask) -> None:
    log = HONEST.with_rows(*ROWS[:11], *ROWS[10:])
    assert ask(log, None) == said_by_all(["repeated at 10"], files=CUT, monitor=["malformed"])


def test_audit_02_reordered(ask: Ask) -> None:
    """A table has no order but that of its numbers."""
    log = HONEST.with_rows(*ROWS[:10], ROWS[11], ROWS[10], *ROWS[12:])
    assert ask(log, None) == said_by_all(
        ["gap at 10", "out of order at 10"], database=[], files=mismatches(10, 12)
    )


def test_audit_02_swapped_under_their_numbers(ask: Ask) -> None:
    assert ask(SWAPPED, None) == said_by_all(mismatches(10, 12))


def test_audit_02_swapped_with_their_hashes(ask: Ask) -> None:
    log = SWAPPED.with_hash(0, 10, leaf_hash(ROWS[11].leaf))
    log = log.with_hash(0, 11, leaf_hash(ROWS[10].leaf))
    root = "root mismatch at 40"
    assert ask(log, None) == said_by_all(
        [root], database=[root, "tree hash mismatch"], files=[root, "tree hash mismatch at 0"]
    )


def test_audit_02_inserted_in_the_past(ask: Ask) -> None:
    log = HONEST.with_rows(*ROWS[:10], Row(5, OTHER.leaf), *ROWS[10:])
    assert ask(log, None) == said_by_all(
        ["out of order at 5", "body/leaf mismatch at 5"],
        database=["repeated at 5"],
        files=CUT,
        monitor=["malformed"],
    )


def test_audit_02_inserted_and_renumbered(ask: Ask) -> None:
    log = HONEST.with_rows(*renumbered(*ROWS[:10], Row(0, OTHER.leaf), *ROWS[10:]))
    found = [*mismatches(10, 41), "size mismatch"]
    assert ask(log, None) == said_by_all(
        found, database=[*found, "tree hash mismatch"], files=CUT, monitor=["malformed"]
    )


# --- 3, 4, 5: the whole log exchanged by who has its key ---------------------------------------


def test_audit_03_the_tail_cut(ask: Ask) -> None:
    log = HONEST.with_rows(*ROWS[:30])
    assert ask(log, None) == said_by_all(["size mismatch"], files=CUT, monitor=["malformed"])


def test_audit_03_a_perfect_rollback_alone_cannot_be_known(ask: Ask) -> None:
    assert ask(EARLIER, None) == said_by_all([])


def test_audit_03_a_perfect_rollback_and_a_memory(ask: Ask) -> None:
    assert ask(EARLIER, HONEST) == said_by_all(["rollback at 40"])


def test_audit_04_a_backup_restored_and_continued(ask: Ask) -> None:
    assert ask(CONTINUED, None) == said_by_all([])
    assert ask(CONTINUED, EARLIER) == said_by_all([])
    assert ask(CONTINUED, HONEST) == said_by_all(["fork at 40"])


def test_audit_05_another_tree_for_this_auditor(ask: Ask) -> None:
    other = StoredLog.of([event(n) for n in range(700, 740)])
    assert ask(other, None) == said_by_all([])
    assert ask(other, HONEST) == said_by_all(["fork at 40"])
    assert ask(HONEST, other) == said_by_all(["fork at 40"])


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (HONEST.signed(IMPOSTOR).note, "signature invalid"),
        (HONEST.note.replace("\n40\n", "\n400\n"), "signature invalid"),
        (HONEST.note.replace("\n\n", "\n"), "malformed"),
        ("{}", "malformed"),
    ],
    ids=["another key", "another size", "no note", "no receipt"],
)
def test_audit_03_a_memory_that_is_forged_proves_no_rollback(
    verifiers: Verifiers, note: str, fault: str
) -> None:
    """A monitor takes none from anybody: what it remembers it has verified itself."""
    assert verifiers.ask(HONEST, kept=note) == said_by_all([fault], monitor=[])


# --- 7, 12: entries that are none, and what they disclose --------------------------------------


def test_audit_07_a_node_as_an_entry(ask: Ask) -> None:
    """Two leaf hashes as one entry of half a log: the hash of a leaf is not that of a node."""
    pairs = [Sealed(HONEST.hash_of(n) + HONEST.hash_of(n + 1), ()) for n in range(0, len(ROWS), 2)]
    log = replace(StoredLog.of(pairs), note=HONEST.note)
    found = [f"leaf malformed at {n}" for n in range(20)]
    assert ask(log, None) == said_by_all(
        [*found, "size mismatch"], files=["size mismatch", "malformed at 0"], monitor=["malformed"]
    )


def test_audit_12_a_leaf_in_another_spelling(ask: Ask) -> None:
    log = StoredLog.of([event(0), Sealed(b'{"_sd": [], "v": 1}', ())])
    assert ask(log, None) == said_by_all(["leaf malformed at 1"])


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        (ROWS[8].disclosures, "disclosure does not match leaf"),
        ((*ROWS[7].disclosures, ROWS[8].disclosures[0]), "disclosure does not match leaf"),
        ((*ROWS[7].disclosures, ROWS[7].disclosures[0]), "field disclosed twice"),
        (("AAAA",), "disclosure malformed"),
    ],
    ids=["moved", "added", "twice", "nonsense"],
)
def test_audit_12_disclosures(ask: Ask, shown: tuple[str, ...], fault: str) -> None:
    """Static files carry none, and in the control plane they are sealed."""
    log = HONEST.with_row(7, ROWS[7].leaf, shown)
    assert ask(log, None) == said_by_all([f"{fault} at 7"], cloud=[], files=[])
