"""The same statements in a transaction that is somebody else's, under a key of several columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bayward.cloud.storage.log_store.segment import bundle, split_loosely
from bayward.cloud.storage.log_store.tables import OPTIONAL, Layout, LogRows
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.log import plan_append
from bayward.ledger.tiles import encode_bundle
from ledger_bench import refused

BARE = Layout("part", "run_of", ("owner", "name"), keeps=(), run_hashes=3)
FULL = Layout("part", "run_of", ("owner", "name"), keeps=OPTIONAL, run_hashes=60)
ENTRIES = [b"entry %d" % n * (n % 4) for n in range(40)]
SIZES = (1, 1, 5, 20, 13)


@pytest.fixture(params=[BARE, FULL], ids=["bare", "full"])
def layout(request: pytest.FixtureRequest) -> Layout:
    found = request.param
    assert isinstance(found, Layout)
    return found


@pytest.fixture
def database(layout: Layout) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        more = "".join(f", {name}" for name in layout.keeps)
        database.execute(f"CREATE TABLE part (owner, name, first, count, entries{more})")
        database.execute("CREATE TABLE run_of (owner, name, place, run)")
        yield database


def filled(layout: Layout, database: sqlite3.Connection, *key: str) -> LogRows:
    rows = LogRows(layout, key, database.execute)
    edge, at = Frontier(), 0
    for size in SIZES:
        append = plan_append(edge, ENTRIES[at : at + size])
        rows.add(append, f"note {at}")
        edge, at = append.frontier, at + size
    return rows


def test_hashes_are_found_in_their_runs(layout: Layout, database: sqlite3.Connection) -> None:
    rows = filled(layout, database, "one", "log")
    hashes = list(plan_append(Frontier(), ENTRIES).stored_hashes)
    assert rows.read_hashes(range(len(hashes))) == hashes
    assert rows.read_hashes([7, 0, 7]) == [hashes[7], hashes[0], hashes[7]]
    with refused(Unverified, f"log.hash: the hash at place {len(hashes)}"):
        rows.read_hashes([len(hashes)])
    longest = database.execute("SELECT max(length(run)) / 32 FROM run_of").fetchone()[0]
    assert longest == min(layout.run_hashes, 39)


def test_owners_do_not_see_each_other(layout: Layout, database: sqlite3.Connection) -> None:
    rows = filled(layout, database, "one", "log")
    for key in (("other", "log"), ("one", "other")):
        stranger = LogRows(layout, key, database.execute)
        assert list(stranger.segments(0, 99)) == []
        with refused(Unverified, "log.hash"):
            stranger.read_hashes([0])
    filled(layout, database, "other", "log")
    assert len(list(rows.segments(0, 99))) == len(SIZES)


def test_every_bundle_is_a_slice(layout: Layout, database: sqlite3.Connection) -> None:
    rows = filled(layout, database, "one", "log")
    for first in range(len(ENTRIES)):
        for end in range(first + 1, len(ENTRIES) + 1):
            found = bundle((one for one, _ in rows.segments(first, end)), first, end)
            assert found == encode_bundle(ENTRIES[first:end])
    assert bundle((one for one, _ in rows.segments(30, 41)), 30, 41) == b""


def test_what_is_not_kept_reads_as_empty(layout: Layout, database: sqlite3.Connection) -> None:
    rows = filled(layout, database, "one", "log")
    [(packed, note)] = rows.segments(0, 99, limit=1)
    assert bool(packed.leaves) is bool(note) is bool(layout.keeps)
    assert packed.opened == b""


def test_a_gap_and_a_row_that_was_touched_make_no_bundle(
    layout: Layout, database: sqlite3.Connection
) -> None:
    rows = filled(layout, database, "one", "log")
    found = [one for one, _ in rows.segments(0, 40)]
    assert bundle([found[0], found[2]], 0, 7) == b""
    assert bundle([found[0], found[0]], 0, 2) == b""
    database.execute("UPDATE part SET entries = substr(entries, 2) WHERE first = 7")
    [(touched, _)] = rows.segments(8, 9)
    with pytest.raises(Malformed):
        bundle([touched], 8, 9)
    assert list(split_loosely(b"\x00\x01a\x00\x09b")) == [b"a", b"b"]
