from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import merkle_oracle as oracle
from bayward.ledger.dense import Frontier
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.tiles import (
    Bundle,
    Tile,
    check_entry,
    decode_bundle,
    encode_bundle,
    parse_path,
    read_tile,
    split_tile,
    tiles_between,
)
from ledger_bench import attempt, refused

ENTRIES = [b"%d" % n for n in range(600)]
_, HASHES = Frontier().extend(leaf_hash(entry) for entry in ENTRIES)


class Array:
    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [HASHES[index] for index in indexes]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 999), "tile/3/999"),
        (Tile(63, 1000, 1), "tile/63/x001/000.p/1"),
        (Tile(1, 5, 255), "tile/1/005.p/255"),
        (Bundle(1234067), "tile/entries/x001/x234/067"),
        (Bundle(7, 112), "tile/entries/007.p/112"),
        (Tile(0, 2**63 - 1), "tile/0/x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_paths(tile: Tile | Bundle, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/0",
        "tile/0/00",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/../000",
        "tile/entries/0",
        "tile/data/000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/" + "x001/" * 7 + "000",
        "tile/0/\u0660\u0660\u0660",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with refused(Malformed, "tile.path"):
        parse_path(path)


def test_places_that_do_not_exist() -> None:
    for level, n, width in (
        (-1, 0, 1),
        (64, 0, 1),
        (0, -1, 1),
        (0, 2**63, 1),
        (0, 0, 0),
        (0, 0, 257),
    ):
        with refused(OutOfRange, "tile.place"):
            Tile(level, n, width)
    with refused(OutOfRange, "tile.place"):
        Bundle(0, 300)


def test_the_tiles_of_70_000_entries() -> None:
    """The example of the specification."""
    tiles = list(tiles_between(0, 70_000))
    full = [tile for tile in tiles if tile.width == 256]
    assert [sum(tile.level == level for tile in full) for level in range(3)] == [273, 1, 0]
    partial = [(tile.level, tile.n, tile.width) for tile in tiles if tile.width < 256]
    assert partial == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]


def test_the_tiles_of_256_entries() -> None:
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]


def test_only_new_tiles() -> None:
    assert list(tiles_between(300, 300)) == []
    assert list(tiles_between(0, 0)) == []
    assert list(tiles_between(300, 301)) == [Tile(0, 1, 45)]
    assert list(tiles_between(511, 513)) == [Tile(0, 1), Tile(0, 2, 1), Tile(1, 0, 2)]
    assert list(tiles_between(512, 513)) == [Tile(0, 2, 1)]


def test_the_hashes_in_a_tile() -> None:
    tile = Tile(0, 1, 40)
    assert split_tile(tile, read_tile(tile, Array())) == [
        leaf_hash(one) for one in ENTRIES[256:296]
    ]
    upper = Tile(1, 0, 2)
    expected = [oracle.mth(ENTRIES[:256]), oracle.mth(ENTRIES[256:512])]
    assert split_tile(upper, read_tile(upper, Array())) == expected
    for bad in (b"", bytes(40 * 32 - 1), bytes(41 * 32)):
        with refused(Malformed, "tile.length"):
            split_tile(tile, bad)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_go_there_and_back(entries: list[bytes]) -> None:
    raw = encode_bundle(entries)
    assert decode_bundle(raw, len(entries)) == entries
    for bad in (raw + b"\0", raw[:-1], raw + b"\0\0"):
        with refused(Malformed, "bundle.length"):
            decode_bundle(bad, len(entries))


def test_bundles_have_limits() -> None:
    assert encode_bundle([b"x" * 65535])[:2] == b"\xff\xff"
    with refused(OutOfRange, "entry.length"):
        encode_bundle([b"x" * 65536])
    with refused(OutOfRange, "entry.length"):
        check_entry(b"x" * 65536)
    for count in (0, 257):
        with refused(OutOfRange, "tile.place"):
            encode_bundle([b""] * count)


@given(st.binary(), st.integers(0, 300))
def test_any_bytes_are_a_bundle_or_refused(raw: bytes, width: int) -> None:
    entries = attempt(partial(decode_bundle, raw, width), "bundle.length")
    assert not entries or encode_bundle(entries) == raw


@given(st.text() | st.text("tile/x0123456789.pentris", max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    for path in (text, "tile/0/" + text):
        found = attempt(partial(parse_path, path), "tile.path")
        assert found is None or found.path == path
