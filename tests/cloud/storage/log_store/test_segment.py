from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.cloud.storage.log_store.segment import RUN_HASHES, hash_in, pack, runs, unpack
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.log import plan_append
from bayward.ledger.tiles import encode_bundle
from ledger_bench import refused


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40)), min_size=1, max_size=9),
    st.booleans(),
)
def test_what_is_packed_comes_out_again(parts: list[tuple[bytes, bytes]], opens: bool) -> None:
    opened = [one for _, one in parts] if opens else []
    append = plan_append(Frontier(), [entry for entry, _ in parts], opened)
    found = unpack(pack(append), "a note")
    assert (found.entries, found.leaf_hashes) == (append.entries, append.leaf_hashes)
    assert (found.first, found.opened, found.note) == (0, tuple(opened), "a note")


def test_the_bytes_are_those_of_an_entry_bundle() -> None:
    append = plan_append(Frontier(), [b"one", b"", b"three"])
    assert pack(append).entries == encode_bundle(append.entries)


def test_runs_are_the_dense_array_cut() -> None:
    before, _ = Frontier().extend(bytes([n]) * 32 for n in range(5))
    append = plan_append(before, [bytes([n]) for n in range(70)])
    cut = list(runs(append))
    assert [place for place, _ in cut] == [8, 8 + RUN_HASHES, 8 + 2 * RUN_HASHES]
    assert b"".join(run for _, run in cut) == b"".join(append.stored_hashes)
    assert hash_in(cut[1][1], 8 + RUN_HASHES + 3, cut[1][0]) == append.stored_hashes[63]
    assert hash_in(cut[0][1], 8 + RUN_HASHES, 8) == b""


def test_a_row_that_was_touched_is_refused() -> None:
    packed = pack(plan_append(Frontier(), [b"one", b"two"], [b"x", b"y"]))
    for touched in (
        replace(packed, entries=packed.entries[:-1]),
        replace(packed, leaves=packed.leaves[:32]),
        replace(packed, opened=packed.opened[:5]),
        replace(packed, count=3),
    ):
        with pytest.raises(Malformed):
            unpack(touched, "")


def test_what_opens_entries_is_one_for_each() -> None:
    with refused(OutOfRange, "log.opened"):
        plan_append(Frontier(), [b"one", b"two"], [b"x"])
