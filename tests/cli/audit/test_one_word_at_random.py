"""Logs attacked at random: what one form of a log shows, every reader of that form finds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from attacked_log import (
    CLOUD,
    EARLIER,
    FILES,
    HONEST,
    JOURNAL,
    LIBRARY,
    MONITOR,
    READERS_OF_EXPORTS,
    TRUSTED,
    Row,
    StoredLog,
    Verifiers,
    claimed,
)
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.verify import verify_log
from ledger_bench import IMPOSTOR, event, names

pytestmark = pytest.mark.system  # every form of a log, written and read many times

TREE = "tree hash mismatch"
CASES = 20


def attacked(rng: random.Random) -> StoredLog:
    """One to three things done to an honest log."""
    log = HONEST
    for _ in range(rng.randint(1, 3)):
        log = rng.choice(ATTACKS)(log, rng)
    return log


def edit(log: StoredLog, rng: random.Random) -> StoredLog:
    at = rng.randrange(len(log.rows))
    leaf = bytearray(log.rows[at].leaf)
    leaf[rng.randrange(len(leaf))] ^= 1 << rng.randrange(8)
    other = rng.choice([bytes(leaf), event(rng.randrange(99)).leaf])
    return log.with_row(at, other, log.rows[at].disclosures if rng.random() < 0.5 else ())


def disclose(log: StoredLog, rng: random.Random) -> StoredLog:
    at, other = rng.randrange(len(log.rows)), rng.choice(HONEST.rows)
    return log.with_row(at, log.rows[at].leaf, rng.sample(other.disclosures, 2))


def rehash(log: StoredLog, rng: random.Random) -> StoredLog:
    at = rng.randrange(len(log.rows))
    value = rng.choice([leaf_hash(log.rows[at].leaf), rng.randbytes(32)])
    return log.with_hash(0, min(at, 39), value)


def delete(log: StoredLog, rng: random.Random) -> StoredLog:
    at = rng.randrange(1, len(log.rows))
    end = rng.choice([at + 1, len(log.rows)])
    return log.with_rows(*log.rows[:at], *log.rows[end:])


def insert(log: StoredLog, rng: random.Random) -> StoredLog:
    at = rng.randrange(len(log.rows))
    row = rng.choice([log.rows[at], Row(rng.randrange(45), event(99).leaf)])
    return log.with_rows(*log.rows[:at], row, *log.rows[at:])


def swap(log: StoredLog, rng: random.Random) -> StoredLog:
    rows = list(log.rows)
    a, b = rng.randrange(len(rows)), rng.randrange(len(rows))
    rows[a], rows[b] = rows[b], rows[a]
    return log.with_rows(*rows)


def renumber(log: StoredLog, _: random.Random) -> StoredLog:
    return log.with_rows(*(replace(row, index=n) for n, row in enumerate(log.rows)))


def recompute(log: StoredLog, _: random.Random) -> StoredLog:
    return renumber(log, _).recomputed()


def sign(log: StoredLog, rng: random.Random) -> StoredLog:
    return log.signed(*rng.choice([(), (IMPOSTOR,)]))


def set_back(log: StoredLog, _: random.Random) -> StoredLog:
    return replace(log, note=EARLIER.note)


ATTACKS: list[Callable[[StoredLog, random.Random], StoredLog]] = [
    edit, disclose, rehash, delete, insert, swap, renumber, recompute, sign, set_back,
]  # fmt: skip


def judged(log: StoredLog, memory: StoredLog | None) -> list[str]:
    """The library on an export of the same."""
    return names(verify_log(log.lines, TRUSTED, [memory.note] if memory else []))


def sorted_by_number(log: StoredLog) -> StoredLog:
    """As a table gives its rows."""
    return log.with_rows(*sorted(log.rows, key=lambda row: row.index))


def undisclosed(log: StoredLog) -> StoredLog:
    return log.with_rows(*(replace(row, disclosures=()) for row in log.rows))


@pytest.mark.parametrize("first", range(0, CASES, 10))
def test_readers_of_one_form_find_the_same(verifiers: Verifiers, first: int) -> None:
    for case in range(first, first + 10):
        rng = random.Random(case)
        log, memory = attacked(rng), rng.choice([None, EARLIER, HONEST])
        found = {name: without_tree(one) for name, one in verifiers.ask(log, memory).items()}
        assert all(found[one] == found[LIBRARY] for one in READERS_OF_EXPORTS), case
        in_table = sorted_by_number(log)
        assert found[JOURNAL] == judged(in_table, memory), case
        assert found[CLOUD] == judged(undisclosed(in_table), memory), case


@pytest.mark.parametrize("first", range(0, CASES, 10))
def test_readers_of_entries_alone_find_what_is_in_them(verifiers: Verifiers, first: int) -> None:
    """Files name no rows, only entries in their order; a wrong tile is no wrong entry."""
    for case in range(first, first + 10):
        log = attacked(random.Random(case))
        found = verifiers.ask(log)
        entries = undisclosed(recompute(log, random.Random()))
        is_whole = claimed(log.note)[0] == len(log.rows)
        is_good = is_whole and judged(entries, None) == []
        assert (found[MONITOR] == []) is is_good, case
        assert (without_tree(found[FILES]) == []) is is_good, case


def without_tree(found: list[str]) -> list[str]:
    """What is wrong with a stored tree, only who reads the tree can find."""
    return [one for one in found if not one.startswith(TREE)]
