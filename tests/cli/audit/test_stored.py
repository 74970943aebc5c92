"""Reading our databases as they lie: nothing is written, and a strange file is called one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import shake_128
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.cli.audit import stored
from bayward.cli.audit.stored import is_database, stored_logs
from bayward.cli.audit.told import Unusable
from bayward.ledger.dense import tree_hash
from bayward.ledger.errors import Unverified
from bayward.ledger.merkle import leaf_hash


def test_the_logs_of_a_control_plane_and_of_a_bank(cloud_state: Path, edge_state: Path) -> None:
    for state, kinds in ((cloud_state, ("bank", "tenant")), (edge_state, ("bank",))):
        before = {path: path.read_bytes() for path in state.glob("*.db")}
        with stored_logs(state) as logs:
            signed = [one for one in logs if one.header.checkpoint]
            assert {one.origin.split("/")[1] for one in signed} == set(kinds)
            for one in signed:
                entries = list(one.entries())
                assert len(entries) == one.size
                assert all(leaf_hash(entry.leaf) == entry.hash for entry in entries)
                assert tree_hash(one.size, one) == one.root
                assert one.read_entries(1, 3) == [entry.leaf for entry in entries[1:3]]
        assert {path: path.read_bytes() for path in state.glob("*.db")} == before


def test_a_hash_that_is_gone(edge_state: Path) -> None:
    with stored_logs(edge_state) as (log,), pytest.raises(Unverified, match="place 99999"):
        log.read_hashes([0, 99_999])


@given(
    st.dictionaries(st.integers(0, 40), st.integers(0, 300), max_size=6),
    st.lists(st.integers(0, 50), min_size=1, max_size=20),
)
def test_a_stretch_of_hashes_is_what_each_by_itself_is(
    lengths: dict[int, int], places: list[int]
) -> None:
    """Whatever somebody has done to the rows: too short, too long, gone."""
    owner = ("ten_1", "a log")
    runs = {at: shake_128(b"%d" % at).digest(length) for at, length in lengths.items()}
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE log_hash_run (tenant, origin, place INTEGER, run BLOB)")
        for whose in (owner, ("ten_1", "another"), ("ten_2", "a log")):
            mine = runs if whose == owner else {place + 1: run[1:] for place, run in runs.items()}
            rows = [(*whose, place, run) for place, run in mine.items()]
            db.executemany("INSERT INTO log_hash_run VALUES (?, ?, ?, ?)", rows)
        log = stored._SegmentRows(db, owner)
        with patch.object(stored, "DENSE", 0):
            by_itself = log.hashes(places)
        with patch.object(stored, "DENSE", 100):
            found = log.hashes(places)
        assert log.hashes([]) == {}
    assert {place: found[place] for place in places if place in found} == by_itself


def test_what_is_no_database_of_ours(tmp_path: Path, edge_state: Path) -> None:
    assert is_database(edge_state)
    assert is_database(edge_state / "journal-1.db")
    assert not is_database(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert not is_database(tmp_path / "empty")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE log (x)")
    for path, why in (
        (tmp_path / "empty", "neither"),
        (other, "not a database of Bayward"),
        (tmp_path / "nowhere.db", "unable to open"),
    ):
        with pytest.raises(Unusable, match=why), stored_logs(path):
            pass
